"""A whole key: an untrained map, whose bits are coins, and structure, behind what a thief puts around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import smallest_scheme, smoothing_host
from tests.schemes.deep_watermarking.conftest import Untrained
from tfwm.data import sample_logo
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.schemes.deep_watermarking import DeepWatermarking, correction, structure
from tfwm.schemes.deep_watermarking.codes import correction_code, owner_code, structure_code, whole_code
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.readings import CHANGES
from tfwm.schemes.deep_watermarking.training import deployed_model, key_of_networks
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.types import ImagePairs, Verdict

# Nothing is trained here, but whole keys are made and read.
pytestmark = pytest.mark.trains

FUNCTIONS = 96
Model = Callable[[np.ndarray], np.ndarray]


def patches() -> np.ndarray:
    return photograph_patches("owner", 40, 64, seed=0).images


def made_with(host: keras.Model | None, probes: ImagePairs, **settings: object) -> Untrained:
    wanted = {"image_size": 64, "cells": 8, "probes": len(probes), "structure": FUNCTIONS, "alpha": 1e-6, **settings}
    scheme = smallest_scheme(**wanted)
    built = build(scheme, 3)
    key = key_of_networks(scheme, built, sample_logo(64), probes, host, new_secret(5))
    return Untrained(scheme, built, host, key, deployed_model(scheme, built, host, key))


@pytest.fixture(scope="module")
def made() -> Untrained:
    images = patches()
    return made_with(smoothing_host(), ImagePairs(images, images))


def verdict_on(made: Untrained, answer: Model, name: str = "suspect") -> Verdict:
    return made.scheme.verify(FunctionSuspect(name, answer), made.key)


def around(made: Untrained) -> dict[str, Model]:
    """What a thief puts around the marked model for nothing."""

    def model(images: np.ndarray) -> np.ndarray:
        return np.clip(made.model(as_float(images), training=False).numpy(), 0, 1)

    def eight(images: np.ndarray) -> np.ndarray:
        total = np.zeros(images.shape, np.float32)
        for turns in range(4):
            for step in (1, -1):
                view = np.rot90(images[:, :, ::step], turns, (1, 2))
                total += np.rot90(model(view), -turns, (1, 2))[:, :, ::step]
        return total / 8

    def tiled(images: np.ndarray) -> np.ndarray:
        rows = [np.concatenate([model(images[:, r : r + 32, c : c + 32]) for c in (0, 32)], 2) for r in (0, 32)]
        return np.concatenate(rows, 1)

    def padded(images: np.ndarray) -> np.ndarray:
        return model(np.pad(images, ((0, 0), (8, 8), (8, 8), (0, 0)), "reflect"))[:, 8:-8, 8:-8]

    def orders(images: np.ndarray) -> np.ndarray:
        every = [list(order) for order in permutations(range(3))]
        return sum(model(images[..., order])[..., np.argsort(order)] for order in every) / len(every)

    def less_its_mean(images: np.ndarray) -> np.ndarray:
        flat = np.broadcast_to(np.random.default_rng(0).random((64, 1, 1, 3), np.float32), (64, 64, 64, 3))
        return np.clip(model(images) - (model(flat) - flat).mean(axis=0), 0, 1)

    return {
        "as it is": model, "mirrored": lambda images: model(images[:, :, ::-1])[:, :, ::-1],
        "turned": lambda images: np.rot90(model(np.rot90(images, 1, (1, 2))), -1, (1, 2)), "x8": eight,
        "tiled": tiled, "padded": padded, "mean subtracted": less_its_mean,
        "jpeg": lambda images: CHANGES["jpeg 50"](model(images)),
        "half": lambda images: CHANGES["half size and back"](model(images)),
        "shifted": lambda images: np.roll(model(np.roll(images, (5, 3), (1, 2))), (-5, -3), (1, 2)),
        "mirrored and tiled": lambda images: tiled(images[:, :, ::-1])[:, :, ::-1],
        "channels in another order": lambda images: model(images[..., [1, 2, 0]])[..., [2, 0, 1]],
        "mean over orders": orders, "negative": lambda images: 1 - model(1 - as_float(images)),
    }  # fmt: skip


@pytest.mark.parametrize("wrapper", [
    "as it is", "mirrored", "turned", "x8", "tiled", "padded", "mean subtracted", "jpeg", "half", "shifted",
    "mirrored and tiled", "channels in another order", "mean over orders",
])  # fmt: skip
def test_what_a_thief_puts_around_the_model_hides_nothing(made: Untrained, wrapper: str) -> None:
    verdict = verdict_on(made, around(made)[wrapper])
    assert verdict.p_value < 1e-6, (verdict.score, verdict.null)


def test_the_negative_leaves_most_bits(made: Untrained) -> None:
    """It costs a thief decibels, and a few small pictures read it less well."""
    assert verdict_on(made, around(made)["negative"]).p_value < 1e-3


@pytest.fixture(scope="module")
def corrected() -> Untrained:
    """With a part in the correction: what a blur takes out of photographs."""
    images = patches()
    return made_with(smoothing_host(), ImagePairs(images, images), correction_psnr=44.0)


@pytest.mark.parametrize("wrapper", ["as it is", "mirrored", "x8", "tiled", "padded", "jpeg", "half"])
def test_a_part_in_the_correction_takes_nothing_away(corrected: Untrained, wrapper: str) -> None:
    verdict = verdict_on(corrected, around(corrected)[wrapper])
    assert verdict.p_value < 1e-6, (verdict.score, verdict.null)
    assert "times 4 for the choice among 4 readings" in verdict.null


def test_the_correction_is_found_alone(corrected: Untrained) -> None:
    """What a network without strides learns: how strong the correction is in each channel, in some terms less."""
    mixing, code = correction.mixing_in(corrected.key), correction_code(corrected.scheme, corrected.key)
    layer = correction.residual_layer(mixing, np.tile(correction.LEARNT[0], 2) * code, 44.0)

    def learnt(images: np.ndarray) -> np.ndarray:
        answered = np.clip(corrected.host(as_float(images)).numpy(), 0, 1)
        return layer([answered, as_float(images), answered]).numpy()

    suspect = FunctionSuspect("m", learnt)
    verdict = corrected.scheme.verify(suspect, corrected.key, alpha=1e-4)
    assert verdict.marked
    assert verdict.n == correction.SIZE
    assert verdict.score >= verdict.threshold > 0.7
    assert "the one taken: the correction" in verdict.null
    for seed in range(1, 4):
        assert not corrected.scheme.verify(suspect, corrected.scheme.decoy(corrected.key, seed=seed)).marked
    marks = corrected.scheme.decoy_marks(corrected.key, range(1, 4))
    quick = corrected.scheme.decoy_log10_p(suspect, corrected.key, marks)
    asked = [corrected.scheme.verify(suspect, corrected.scheme.decoy(corrected.key, seed=seed)).log10_p
             for seed in range(1, 4)]  # fmt: skip
    np.testing.assert_allclose(quick, asked, atol=1e-9)


def test_hosts_and_echoes_are_innocent_of_a_correction(corrected: Untrained) -> None:
    assert not corrected.scheme.verify(KerasSuspect("host", corrected.host), corrected.key).marked
    for answer in (as_float, lambda images: as_float(images) ** 1.1, lambda images: 0 * as_float(images)):
        assert not verdict_on(corrected, answer).marked


def test_a_correction_is_drawn_when_its_terms_are_fixed(corrected: Untrained) -> None:
    arrays, name = corrected.key.arrays, correction.ARRAY
    other = replace(corrected.key, arrays={**arrays, name: arrays[name] * np.float32(1.01)})
    assert not np.allclose(correction_code(corrected.scheme, other), correction_code(corrected.scheme, corrected.key))
    without = {each: array for each, array in arrays.items() if each != name}
    with pytest.raises(InvalidKeyError, match=name):
        corrected.scheme.verify(FunctionSuspect("m", as_float), replace(corrected.key, arrays=without))


def test_hosts_and_echoes_are_innocent(made: Untrained) -> None:
    assert not made.scheme.verify(KerasSuspect("host", made.host), made.key).marked
    for answer in (as_float, lambda images: as_float(images) ** 1.1, lambda images: 0 * as_float(images)):
        assert not verdict_on(made, answer).marked


def test_another_secret_finds_nothing(made: Untrained) -> None:
    model = around(made)["as it is"]
    for seed in range(1, 6):
        assert not made.scheme.verify(FunctionSuspect("m", model), made.scheme.decoy(made.key, seed=seed)).marked


def test_decoys_are_judged_as_keys_are(made: Untrained) -> None:
    suspect = FunctionSuspect("m", around(made)["tiled"])
    marks = made.scheme.decoy_marks(made.key, range(1, 4))
    assert marks.shape == (3, made.scheme.bits)
    quick = made.scheme.decoy_log10_p(suspect, made.key, marks)
    asked = [made.scheme.verify(suspect, made.scheme.decoy(made.key, seed=seed)).log10_p for seed in range(1, 4)]
    np.testing.assert_allclose(quick, asked, atol=1e-9)


def test_the_verdict_says_what_was_read(made: Untrained) -> None:
    verdict = verdict_on(made, around(made)["as it is"])
    assert "times 3 for the choice among 3 readings" in verdict.null
    assert verdict.n in (64, 96, 160)
    assert verdict.details["bits"] == verdict.details["hits"]


def test_the_code_is_drawn_when_the_functions_are_fixed(made: Untrained) -> None:
    """A liar who fits the functions to a suspect draws all bits anew."""
    arrays = dict(made.key.arrays)
    arrays["structure_mixing"] = arrays["structure_mixing"] * np.float32(1.01)
    other = replace(made.key, arrays=arrays)
    for code in (structure_code, owner_code, whole_code):
        assert not np.array_equal(code(made.scheme, other), code(made.scheme, made.key))


@pytest.mark.parametrize("name", structure.ARRAYS)
def test_a_key_without_its_functions_is_refused(made: Untrained, name: str) -> None:
    arrays = {other: array for other, array in made.key.arrays.items() if other != name}
    with pytest.raises(InvalidKeyError, match=name):
        made.scheme.verify(FunctionSuspect("m", as_float), replace(made.key, arrays=arrays))
    spoilt = made.key.arrays[name].copy()
    spoilt.flat[0] = np.nan
    with pytest.raises(InvalidKeyError, match=name):
        made.scheme.verify(FunctionSuspect("m", as_float), replace(made.key, arrays={**arrays, name: spoilt}))


@pytest.mark.parametrize(("settings", "message"), [
    ({"structure": 97}, "`structure` must lie between 0 and 96"),
    ({"structure": -1}, "`structure` must lie between 0 and 96"),
    ({"structure": 8, "structure_psnr": 5.0}, "`structure_psnr` between 20 and 70 dB"),
    ({"correction_psnr": 5.0}, "`correction_psnr` must lie between 20 and 70 dB"),
    ({"correction_psnr": 45.0, "structure": 0}, "`correction_psnr` must be 0 for a mark without `structure`"),
    ({"structure": 8, "channels": 2}, "`structure` must be 0 for a logo mark"),
    ({"structure": 8, "coded": False, "registration": "none", "controls": 2, "alpha": 0.4}, "Set `coded`"),
])  # fmt: skip
def test_settings_that_make_no_carrier_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DeepWatermarking.fast(), **settings)


def test_a_data_set_is_marked_without_a_host() -> None:
    images = patches()
    made = made_with(None, ImagePairs(images, images))
    assert verdict_on(made, around(made)["as it is"]).marked
    assert not verdict_on(made, as_float).marked


def test_what_was_read_of_these_answers_is_not_read_again(made: Untrained, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong keys share functions and answers with the owner's: only their codes differ."""
    suspect = FunctionSuspect("m", lambda images: 0.9 * as_float(images) + 0.01)
    first = made.scheme.verify(suspect, made.key)
    monkeypatch.setattr(structure.Regression, "__call__", lambda *_: pytest.fail("read again"))
    assert made.scheme.verify(suspect, made.key) == first
    assert not made.scheme.verify(suspect, made.scheme.decoy(made.key, seed=9)).marked


@pytest.mark.parametrize("name", ["structure_mixing", "structure_offsets", "structure_frequencies"])
def test_functions_that_overflow_are_no_crash_and_no_claim(made: Untrained, name: str) -> None:
    """A liar's numbers may be as large as floats go."""
    key = replace(made.key, arrays={**made.key.arrays, name: np.full_like(made.key.arrays[name], 3e38)})
    assert not made.scheme.verify(FunctionSuspect("m", lambda images: 0.9 * as_float(images)), key).marked
