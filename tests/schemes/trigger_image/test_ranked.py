"""Eq. 8, and the rank among decoys that travel with the trigger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.schemes.trigger_image.conftest import RANKED, Listening, draws, key_of, triggers_of
from tfwm.keys import OwnerKey
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.verification import distance, threshold
from tfwm.suspects import FunctionSuspect

pytestmark = pytest.mark.trains

NULLS = {
    "echo": lambda asked: asked,
    "grey": lambda asked: np.full_like(asked, 0.5),
    "noise": lambda asked: np.random.default_rng(int(asked.sum() * 1e3)).random(asked.shape, np.float32),
    "negative": lambda asked: 1.0 - asked,
    "blur": lambda asked: (asked + np.roll(asked, 1, axis=1) + np.roll(asked, 1, axis=2)) / 3,
}
TWO_OF_THREE = replace(RANKED, triggers=3, reveal=2)


@pytest.mark.parametrize(("pixels", "eta"), [(400, 1.177e-2), (1600, 6.068e-3), (6400, 3.08e-3)])
def test_the_thresholds_of_the_paper(pixels: int, eta: float) -> None:
    assert threshold(pixels) == pytest.approx(eta, rel=1e-3)


def test_the_threshold_is_a_quantile() -> None:
    # Errors of variance 1/16, as the paper supposes.
    errors = np.random.default_rng(0).normal(scale=0.25, size=(20_000, 64))
    for significance in (0.05, 0.3):
        share = np.mean(np.linalg.norm(errors, axis=1) / 64 <= threshold(64, significance))
        assert share == pytest.approx(significance, abs=0.01)


def test_distance_by_hand() -> None:
    first, second = np.full((2, 2, 2, 1), 0.5), np.full((2, 2, 2, 1), 0.2)
    second[1] = -3.0  # as 0
    # sqrt(4 x 0.3^2) / 4 and sqrt(4 x 0.5^2) / 4
    np.testing.assert_allclose(distance(first, second), [0.15, 0.25])
    np.testing.assert_allclose(distance(second + 5.0, np.ones_like(second)), 0.0)


def _at_rank(settings: TriggerImage, key: OwnerKey, rank: int) -> Callable[[np.ndarray], np.ndarray]:
    """Answers whose distance to G grows from picture to picture; the owner's are at `rank` (1: the nearest)."""
    place = int(np.flatnonzero(_is_own(settings, key, _request(settings, key)))[0]) // settings.reveal

    def answer(asked: np.ndarray) -> np.ndarray:
        wanted = images.verification_images(settings, np.round(asked * 255).astype(np.uint8)).clip(0, 1)
        groups = len(asked) // settings.reveal
        order = np.insert(np.arange(1, groups), place, 0).astype(float)
        order[order >= rank] += 1
        order[place] = rank
        away = np.where(wanted < 0.5, 1.0, -1.0)  # never clipped
        return wanted + 0.01 * np.repeat(order, settings.reveal)[:, None, None, None] * away

    return answer


def _request(settings: TriggerImage, key: OwnerKey) -> np.ndarray:
    listening = Listening(lambda asked: asked, name="marked")
    settings.verify(listening, key)
    (request,) = listening.requests
    return request


def _is_own(settings: TriggerImage, key: OwnerKey, request: np.ndarray) -> np.ndarray:
    """Which pictures of a request are triggers of the key."""
    own = triggers_of(settings, key)
    return (np.round(request * 255)[:, None] == own[None]).all(axis=(2, 3, 4)).any(axis=1)


@pytest.mark.parametrize("settings", [RANKED, TWO_OF_THREE], ids=["one", "two of three"])
@pytest.mark.parametrize("rank", [1, 2, 7, 20])
def test_the_rank_is_exact(settings: TriggerImage, rank: int) -> None:
    key = key_of(settings)
    verdict = settings.verify(FunctionSuspect("marked", _at_rank(settings, key, rank)), key)
    assert verdict.p_value == rank / 20
    assert verdict.n == 19
    # Every pixel is off by rank / 100; d divides the norm by the number of pixels, of which there are 64.
    assert verdict.details["distance"] == pytest.approx(0.01 * rank / 8, rel=1e-4)
    assert verdict.details["distance_nearest_decoy"] == pytest.approx(0.01 * (2 if rank == 1 else 1) / 8, rel=1e-4)
    assert verdict.score == pytest.approx(1 - 0.01 * rank, abs=1e-5)
    assert verdict.marked == (rank == 1)


def test_a_near_answer_that_eq_8_rejects_is_not_marked() -> None:
    """Nearer than every decoy, yet too far: both must hold."""
    key = key_of(RANKED)
    own = triggers_of(RANKED, key)[0] / np.float32(255)
    wanted = images.verification_images(RANKED, triggers_of(RANKED, key))[0].clip(0, 1)
    eta = threshold(64)
    for error, accepted in ((0.99 * 8 * eta, True), (1.01 * 8 * eta, False)):

        def answer(asked: np.ndarray, error: float = error) -> np.ndarray:
            away = wanted + np.where(wanted < 0.5, error, -error)
            return np.where((asked == own).all(axis=(1, 2, 3), keepdims=True), away, asked.round())

        verdict = RANKED.verify(FunctionSuspect("near", answer), key)
        assert verdict.p_value == 1 / 20
        assert verdict.marked == accepted
        assert (verdict.details["distance"] <= verdict.details["eta"]) == accepted


def test_who_computes_g_of_everything_owns_nothing() -> None:
    """G is public; only the key makes one picture special. All distances tie, which counts against the claim."""
    key = key_of(RANKED)

    def public(asked: np.ndarray) -> np.ndarray:
        return images.verification_images(RANKED, np.round(asked * 255).astype(np.uint8))

    verdict = RANKED.verify(FunctionSuspect("g", public), key)
    assert verdict.score == pytest.approx(1.0)
    assert verdict.p_value == 1.0
    assert not verdict.marked


@pytest.mark.parametrize("settings", [RANKED, TWO_OF_THREE], ids=["one", "two of three"])
@pytest.mark.parametrize("name", NULLS)
def test_p_is_uniform_for_suspects_that_know_no_key(name: str, settings: TriggerImage) -> None:
    few = replace(settings, decoys=9, alpha=0.1)
    suspect = FunctionSuspect(name, NULLS[name])
    values = [few.verify(suspect, key_of(few, seed)).p_value for seed in range(400)]
    counts = np.bincount(np.round(10 * np.array(values)).astype(int), minlength=11)[1:]
    assert counts.sum() == 400
    # 40 each; a seed of its own for every case, none of them chosen.
    assert stats.chisquare(counts).pvalue > 1e-3
    assert abs(counts[0] - 40) < 4 * np.sqrt(400 * 0.1 * 0.9)


def test_one_request_holds_the_trigger_in_a_secret_place() -> None:
    few, places = replace(RANKED, decoys=3, alpha=0.25), []
    for seed in range(80):
        key = key_of(few, seed)
        request = _request(few, key)
        assert request.shape == (4, 8, 8, 1)
        (place,) = np.flatnonzero(_is_own(few, key, request))
        np.testing.assert_array_equal(request, _request(few, key))  # asking again tells nothing new
        places.append(place)
    assert np.bincount(places, minlength=4).min() >= 8


def test_a_request_reveals_as_many_triggers_as_told() -> None:
    for reveal in (1, 2, 3):
        settings = replace(RANKED, triggers=3, reveal=reveal, alpha=0.2)
        key = key_of(settings)
        request = _request(settings, key)
        assert len(request) == 20 * reveal
        own = np.flatnonzero(_is_own(settings, key, request))
        assert len(own) == reveal
        assert own[0] % reveal == 0
        assert np.ptp(own) == reveal - 1  # a group as the decoys' groups


def test_a_thousand_pictures_of_the_papers_size_in_one_request() -> None:
    settings = TriggerImage(visualizer=False)
    key = key_of(settings)
    for name, answer in NULLS.items():
        listening = Listening(answer)
        verdict = settings.verify(listening, key)
        assert [request.shape for request in listening.requests] == [(1000, 40, 40, 1)]
        assert not verdict.marked, name
        assert verdict.n == 999
        assert verdict.details["eta"] == pytest.approx(6.068e-3, rel=1e-3)


def test_enlarged_triggers_are_ranked_against_eq_3() -> None:
    settings = replace(RANKED, upsampling=2)
    key = key_of(settings)
    assert _request(settings, key).shape == (20, 16, 16, 1)
    own = triggers_of(settings, key)[0] / np.float32(255)
    # Answers eq. 3 to the trigger and the picture itself to the others.
    wanted = images.verification_images(settings, triggers_of(settings, key))[0]
    suspect = FunctionSuspect("m", lambda asked: np.where((asked == own).all((1, 2, 3), keepdims=True), wanted, asked))
    verdict = settings.verify(suspect, key)
    assert verdict.score == pytest.approx(1.0)
    assert verdict.marked


@pytest.mark.parametrize("answer", [lambda asked: np.full_like(asked, np.nan), lambda asked: -asked * np.inf],
                         ids=["nan", "inf"])  # fmt: skip
def test_what_is_no_number_is_no_mark(answer: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.errstate(invalid="ignore"):
        verdict = RANKED.verify(FunctionSuspect("odd", answer), key_of(RANKED))
    assert not verdict.marked
    assert np.isfinite(list(verdict.details.values())).all()


@pytest.mark.parametrize("answer", [lambda asked: asked[:, :4], lambda asked: asked[:-1], lambda asked: asked[..., 0]])
def test_answers_of_another_shape_are_an_error(answer: Callable[[np.ndarray], np.ndarray]) -> None:
    """No verdict: "not yours" would be a claim, too."""
    with pytest.raises(ValueError, match=r"`suspect` must answer with pictures \[20, 8, 8, 1\], one for each"):
        RANKED.verify(Listening(answer), key_of(RANKED))


def test_triggers_of_a_key_share_no_decoy() -> None:
    """Whoever sees two requests would know the triggers by what differs."""
    several = replace(RANKED, triggers=3, alpha=0.2)
    key = key_of(several)
    requests = [_request(replace(several, part=part), key) for part in range(3)]
    pictures = {picture.tobytes() for request in requests for picture in request}
    assert len(pictures) == 60
    drawn = images.decoys(several, draws(several), 5)
    assert drawn.shape == (5, 3, 8, 8, 1)


def test_the_stack_is_what_recorded_answers_need() -> None:
    key = key_of(RANKED)
    probes = RANKED.probe_images(key)
    assert probes.dtype == np.uint8
    np.testing.assert_array_equal(probes, np.round(_request(RANKED, key) * 255))
