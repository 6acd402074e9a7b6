"""Bits in the gradient's sign: an exact tail from one trigger image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.schemes.conftest import Trained
from tests.schemes.trigger_image.conftest import CODED, RANKED, Listening, draws, key_of, triggers_of
from tests.schemes.trigger_image.test_ranked import NULLS
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.verification import distance
from tfwm.suspects import FunctionSuspect, KerasSuspect, RecordedSuspect
from tfwm.types import Access

pytestmark = pytest.mark.trains

SEVERAL = replace(CODED, triggers=5, reveal=2)


def _perfect(settings: TriggerImage, seed: int = 1):
    """Answers S to every trigger of the key, and any other picture with itself."""
    drawn = draws(settings, seed)
    asked = images.triggers(settings, drawn)
    wanted = images.verification_images(settings, asked, images.owner_codes(settings, drawn))

    def answer(pictures: np.ndarray) -> np.ndarray:
        same = (np.round(pictures * 255)[:, None] == asked[None]).all(axis=(2, 3, 4))
        return np.stack([wanted[row.argmax()] if row.any() else picture for picture, row in zip(pictures, same)])

    return answer


def test_s_itself_has_every_bit() -> None:
    # 16 bits: 2^-16; two triggers of 16: 2^-32.
    verdict = CODED.verify(FunctionSuspect("s", _perfect(CODED)), key_of(CODED))
    assert (verdict.n, verdict.score, verdict.details["bits"]) == (16, 1.0, 16.0)
    assert verdict.p_value == pytest.approx(2.0**-16)
    assert verdict.marked
    both = SEVERAL.verify(FunctionSuspect("s", _perfect(SEVERAL)), key_of(SEVERAL))
    assert (both.n, both.score) == (32, 1.0)
    assert both.p_value == pytest.approx(2.0**-32)


def test_wrong_bits_are_counted() -> None:
    """The left half of the picture answered the other way round: half of the cells."""
    perfect = _perfect(CODED)

    def half(pictures: np.ndarray) -> np.ndarray:
        return pictures + (perfect(pictures) - pictures) * np.repeat([-1, 1], 4)[None, None, :, None]

    verdict = CODED.verify(FunctionSuspect("half", half), key_of(CODED))
    assert 6 <= verdict.details["bits"] <= 10  # clipping to [0, 1] may cost a cell
    assert not verdict.marked
    # 15 of 16: (1 + 16) / 2^16.
    threshold = np.ceil(verdict.threshold * 16)
    assert stats.binom.sf(threshold - 1, 16, 0.5) <= CODED.alpha < stats.binom.sf(threshold - 2, 16, 0.5)


@pytest.mark.parametrize("name", [*NULLS, "g"])
def test_bits_of_suspects_that_know_no_key_are_at_most_fair_coins(name: str) -> None:
    """Answering G without the code is no help either."""
    suspects = {**NULLS, "g": lambda p: images.verification_images(CODED, np.round(p * 255).astype(np.uint8))}
    verdicts = [CODED.verify(FunctionSuspect(name, suspects[name]), key_of(CODED, seed)) for seed in range(300)]
    bits = np.array([verdict.details["bits"] for verdict in verdicts])
    # 4,800 coins: 0.5 with a standard deviation of 0.0072.
    assert bits.mean() / 16 < 0.53
    assert bits.mean() / 16 > 0.47 or name == "echo"
    for alpha in (0.1, 0.01):
        tail = np.mean([verdict.p_value <= alpha for verdict in verdicts])
        assert tail <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / 300)


def test_an_echo_has_no_bit_at_all() -> None:
    verdict = CODED.verify(FunctionSuspect("echo", NULLS["echo"]), key_of(CODED))
    assert (verdict.details["bits"], verdict.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("name", NULLS)
def test_the_papers_size(name: str) -> None:
    settings = TriggerImage(coded=True, visualizer=False, alpha=1e-6)
    listening = Listening(NULLS[name])
    verdict = settings.verify(listening, key_of(settings))
    assert [request.shape for request in listening.requests] == [(1, 40, 40, 1)]
    assert not verdict.marked
    assert verdict.p_value > 1e-3
    assert settings.verify(FunctionSuspect("s", _perfect(settings)), key_of(settings)).p_value < 1e-15


def test_a_suspect_by_another_name_is_asked_for_the_same_triggers() -> None:
    key = key_of(SEVERAL)
    every, seen = triggers_of(SEVERAL, key), []
    for part in (0, 1):
        asker, requests = replace(SEVERAL, part=part), []
        for name in ("grpc://host:1/m", "grpc://host:2/m"):
            listening = Listening(NULLS["echo"], name=name)
            asker.verify(listening, key)
            asker.reading(listening, key)
            requests += listening.requests
        for request in requests:
            np.testing.assert_array_equal(request, every[2 * part : 2 * part + 2] / np.float32(255))
        seen.append(requests[0])
    assert not np.isin(seen[0], seen[1]).all()


def test_every_part_of_a_key_is_a_look() -> None:
    """Five triggers asked for in twos could have been looked at twice: p counts twice."""
    key, perfect = key_of(SEVERAL), FunctionSuspect("s", _perfect(SEVERAL))
    level = 2.0**-32
    assert SEVERAL.verify(perfect, key).looks == 2
    assert SEVERAL.verify(perfect, key, alpha=2 * level).marked
    with pytest.raises(ValueError, match=r"`alpha` must lie between 4.7e-10, the smallest"):
        SEVERAL.verify(perfect, key, alpha=1.9 * level)
    with pytest.raises(ValueError, match=r"`part` must lie in \[0, 1\] for 5 triggers of which 2 are asked for at a"):
        replace(SEVERAL, part=2)


@pytest.mark.parametrize("settings", [SEVERAL, replace(RANKED, triggers=3, reveal=2)], ids=["coded", "ranked"])
def test_probes_are_all_that_recorded_answers_need(settings: TriggerImage) -> None:
    key = key_of(settings)
    probes = settings.probe_images(key)
    assert len(probes) == (2 if settings.coded else 40)
    answers = _perfect(settings)(probes / np.float32(255)) if settings.coded else 255 - probes
    for name in ("one", "another"):  # recorded before anybody knew the suspect's name
        recorded = RecordedSuspect.record(name, probes, answers)
        assert recorded.access == Access.OUTPUTS
        assert settings.verify(recorded, key).marked == settings.coded
    own = (probes[:, None] == triggers_of(settings, key)[None]).all(axis=(2, 3, 4)).any(axis=1)
    assert own.sum() == 2  # of the three or five


def test_figures_of_the_paper_beside_the_verdict(coded: Trained) -> None:
    verdict = coded.scheme.verify(coded.suspect, coded.result.key)
    other = coded.scheme.verify(KerasSuspect("host", coded.host), coded.result.key)
    # S was replaced by what the marked model answers: the distance to it is the rounding of float16.
    assert verdict.details["distance_updated"] < 1e-4 < verdict.details["distance"]
    assert verdict.details["distance"] < verdict.details["eta"]
    assert verdict.details["accepted_by_eq_8"] == 1.0
    assert verdict.details["ncc"] == pytest.approx(1.0, abs=1e-4)
    assert other.details["distance"] > 1.2 * verdict.details["distance"]
    assert other.details["distance_updated"] > 10 * verdict.details["distance_updated"]


def test_s_is_what_the_marked_model_answers(coded: Trained) -> None:
    key = coded.result.key
    answers = coded.suspect(coded.scheme.probe_images(key))
    assert distance(answers, key.arrays["updated"])[0] < 1e-4
    np.testing.assert_array_equal(coded.scheme.probe_images(key), triggers_of(coded.scheme, key))


def test_a_wrong_key_has_other_triggers_and_no_updated_s(coded: Trained) -> None:
    key, decoy = coded.result.key, coded.scheme.decoy(coded.result.key, seed=3)
    assert np.mean(coded.scheme.probe_images(decoy) == coded.scheme.probe_images(key)) < 0.05
    assert "updated" not in decoy.arrays
    verdict = coded.scheme.verify(coded.suspect, decoy)
    assert not verdict.marked
    assert "distance_updated" not in verdict.details


def test_many_wrong_keys(coded: Trained) -> None:
    values = [
        coded.scheme.verify(suspect, coded.scheme.decoy(coded.result.key, seed=seed)).p_value
        for suspect in (coded.suspect, KerasSuspect("host", coded.host)) for seed in range(100)
    ]  # fmt: skip
    assert min(values) > coded.scheme.alpha
    assert np.mean(np.array(values) <= 0.1) <= 0.1 + 4 * np.sqrt(0.09 / 200)


def test_the_reading_is_the_visualizers_picture(coded: Trained) -> None:
    shown = coded.scheme.reading(coded.suspect, coded.result.key)
    answers = coded.suspect(coded.scheme.probe_images(coded.result.key)).clip(0, 1)
    np.testing.assert_allclose(shown["logo"], coded.result.key.networks["extractor"](answers)[0], atol=1e-5)
    assert shown["agreement"].all()


@pytest.mark.parametrize(
    "changes, message",
    [
        *[({name: 0}, f"`{name}` must be at least 1, got 0") for name in (
            "image_size", "channels", "copies", "triggers", "trigger_size", "upsampling", "cells", "reveal", "decoys",
            "visualizer_filters")],
        ({"strength": 0.0}, "`strength` must be above 0, got 0.0. The paper uses 1e-3"),
        ({"batch_statistics": "mixd"}, "no choice of batch statistics `mixd`. Did you mean `mixed`?"),
        ({"gradient": "sobl"}, "no gradient `sobl`. Did you mean `sobel`?"),
        ({"triggers": 2, "reveal": 3}, "`reveal` must be at most `triggers`, 2, got 3"),
        ({"upsampling": 9}, "`upsampling` must lie in .1, 4. and `significance` in .0, 1., got 9 and 0.05"),
        ({"stop_at": -1.0}, "`stop_at` must not be negative, got -1.0"),
        ({"sigma": -1.0}, "`sigma` must not be negative, got -1.0"),
        ({"coded": True, "cells": 7}, "`cells` must divide 40, the verification image's side, got 7"),
        ({"upsampling": 2, "coded": True, "cells": 7}, "`cells` must divide 80"),
        ({"decoys": 98, "alpha": 0.01}, "`alpha` must lie between 0.01, the smallest p-value .* got 0.01. Use a larg"),
        ({"coded": True, "cells": 2, "alpha": 0.01}, "`alpha` must lie between 0.062"),
        ({"alpha": 1.0}, "`alpha` must lie between .* and 1, got 1.0?"),
    ],
)  # fmt: skip
def test_settings_out_of_range(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TriggerImage(**changes)
