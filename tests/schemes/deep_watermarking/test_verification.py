"""P-values, their null hypothesis, and what verify refuses."""

from __future__ import annotations

from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme
from tfwm.data import encode_png, sample_logo
from tfwm.evidence.registration import Register
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.networks.copying import copy_of
from tfwm.schemes.deep_watermarking import DeepWatermarking, readings, verification
from tfwm.schemes.deep_watermarking.codes import owner_code
from tfwm.schemes.deep_watermarking.extraction import Responses
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.verification import decoy_marks
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import MarkedModel

CELLS = 16
ECHO = FunctionSuspect("echo", lambda images: images)


def test_p_is_the_exact_binomial_tail(coded) -> None:
    verdict = coded.scheme.verify(ECHO, coded.key)
    hits = round(verdict.score * CELLS)
    assert verdict.details["bits"] == hits
    assert verdict.n == CELLS
    assert verdict.p_value == pytest.approx(sum(comb(CELLS, k) for k in range(hits, CELLS + 1)) / 2**CELLS, rel=1e-9)
    assert "1/2" in verdict.null


@pytest.mark.parametrize("wrong", [0, 1, 5, 16])
def test_hits_are_counted_against_the_code(coded, monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    said = owner_code(coded.scheme, coded.key).copy()
    said[:wrong] *= -1

    class Said(Responses):
        def __call__(self, *_: object) -> np.ndarray:
            return 0.01 * said

    monkeypatch.setattr(readings, "Responses", Said)
    verdict = coded.scheme.verify(ECHO, coded.key, alpha=1e-3)
    assert verdict.details["bits"] == CELLS - wrong
    # P[Bin(16, 1/2) >= 15] = 17 / 65536 = 2.6e-4 and >= 14: 137 / 65536 = 2.1e-3.
    assert verdict.threshold == 15 / 16
    assert verdict.marked == (wrong <= 1)


@pytest.mark.parametrize("suspect", [ECHO, FunctionSuspect("grey", lambda images: np.full_like(images, 0.5))])
def test_hits_of_independent_secrets_are_binomial(coded, suspect) -> None:
    """The null: the suspect stays as it is, and the secret is drawn anew 600 times."""
    responses = Responses(coded.scheme, coded.key, suspect(coded.key.arrays["probes"]))
    keys = (replace(coded.key, secret=new_secret(seed)) for seed in range(600))
    register = Register(coded.scheme.family, coded.scheme.cells, responses)
    hits = [register.match(owner_code(coded.scheme, key), 1e-3).hits for key in keys]
    expected = 600 * stats.binom.pmf(np.arange(CELLS + 1), CELLS, 0.5)
    observed = np.bincount(hits, minlength=CELLS + 1)
    # Tails with fewer than five expected hits are joined, as the test demands.
    tails = [slice(0, 4), *(slice(k, k + 1) for k in range(4, 13)), slice(13, 17)]
    assert stats.chisquare(*[[counts[t].sum() for t in tails] for counts in (observed, expected)]).pvalue > 1e-3


def test_codes_of_different_secrets_are_fair_and_unlike(coded) -> None:
    codes = np.stack([owner_code(coded.scheme, replace(coded.key, secret=new_secret(seed))) for seed in range(500)])
    assert set(np.unique(codes)) == {-1.0, 1.0}
    # Standard errors: 1 / sqrt(500) = 0.045 a cell, and 0.011 of all 8,000 bits.
    assert np.abs(codes.mean(axis=0)).max() < 4.5 * 0.045
    assert abs(codes.mean()) < 4 * 0.0112


def test_whoever_changes_what_is_read_draws_another_code(coded) -> None:
    """Unmarked answers, probes, extractor and settings are the owner's choice: none can be made to fit the code."""
    arrays = coded.key.arrays
    extractor = copy_of(coded.key.networks["extractor"])
    weights = extractor.get_weights()
    weights[0].ravel()[0] += 1e-6
    extractor.set_weights(weights)
    changed = [
        replace(coded.key, arrays={**arrays, "unmarked": arrays["unmarked"] ^ np.uint8(1)}),
        replace(coded.key, arrays={**arrays, "probes": arrays["probes"] ^ np.uint8(1)}),
        replace(coded.key, networks={**coded.key.networks, "extractor": extractor}),
        replace(coded.key, settings={**coded.key.settings, "alpha": 0.002}),
        replace(coded.key, settings={**coded.key.settings, "registration": "turns"}),
    ]
    codes = [owner_code(coded.scheme, key).tobytes() for key in (coded.key, *changed)]
    assert len(set(codes)) == 6


def test_a_liars_unmarked_answers_convict_nobody(coded) -> None:
    """Whatever he says that the host answers, the suspect's bits are coins: 80 keys, none better than chance allows."""
    draw, hits = np.random.default_rng(0), []
    for _ in range(80):
        unmarked = draw.integers(0, 256, coded.key.arrays["unmarked"].shape, np.uint8)
        key = replace(coded.key, arrays={**coded.key.arrays, "unmarked": unmarked})
        hits.append(coded.scheme.verify(ECHO, key).details["bits"])
    # 1,280 coins: 640 +- 18.
    assert abs(sum(hits) - 640) < 4 * 18
    assert max(hits) <= 14


def test_an_extractor_of_other_layers_has_no_effect(coded) -> None:
    """Only the weights of a key's network count: layers that print the code are never run."""
    image = keras.Input((16, 16, 3))
    code = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(keras.layers.Flatten()(image)))
    forged = replace(coded.key, networks={**coded.key.networks, "extractor": keras.Model(image, [image, code])})
    with pytest.raises(InvalidKeyError, match="other weights than its settings describe"):
        coded.scheme.verify(ECHO, forged)


@pytest.mark.parametrize("part", ["probes", "unmarked", "extractor"])
def test_a_key_without_a_part_is_no_key(coded, part: str) -> None:
    arrays = {name: array for name, array in coded.key.arrays.items() if name != part}
    networks = {name: network for name, network in coded.key.networks.items() if name != part}
    with pytest.raises(InvalidKeyError, match=f"must hold an? (array|network) `{part}`"):
        coded.scheme.verify(ECHO, replace(coded.key, arrays=arrays, networks=networks))


def test_the_probes_average_before_they_count(coded) -> None:
    """What speaks for a bit: the mean over the probes of what R says of the suspect less what it says of the host."""
    suspect = as_float(coded.key.arrays["probes"][:, ::-1])
    found = Responses(coded.scheme, coded.key, suspect)()
    logits = [coded.scheme.extract(images, coded.key)["code"] for images in (suspect, coded.key.arrays["unmarked"])]
    marked, unmarked = (np.clip(each, -8, 8).mean(axis=0).ravel() for each in logits)
    np.testing.assert_allclose(found, marked - unmarked, rtol=1e-4, atol=1e-5)
    assert np.abs(found).max() > 1e-3


def test_answers_of_the_unmarked_host_say_nothing(coded) -> None:
    answers = as_float(coded.key.arrays["unmarked"])
    assert np.abs(Responses(coded.scheme, coded.key, answers)()).max() < 1e-4


@pytest.mark.parametrize("alpha", [1e-6, 0.0, 1.0, -1.0])
def test_an_alpha_that_the_key_cannot_reach_is_refused(coded, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"`alpha` must lie between 1.5e-05, the smallest p-value .* more samples"):
        coded.scheme.verify(ECHO, coded.key, alpha=alpha)


def test_the_smallest_alpha_is_taken(coded) -> None:
    assert coded.scheme.verify(ECHO, coded.key, alpha=0.5**CELLS).threshold == 1.0
    assert coded.scheme.verify(ECHO, coded.key).alpha == coded.scheme.alpha


def test_a_key_of_another_scheme_is_refused(coded) -> None:
    with pytest.raises(ValueError, match="`key` must be of scheme deep_watermarking, got one of 'trigger_image'"):
        coded.scheme.verify(ECHO, replace(coded.key, scheme="trigger_image"))


@pytest.mark.parametrize(
    "answer", [lambda images: images[:1], lambda images: images.mean(axis=(1, 2)), lambda images: images[..., :1]]
)
def test_a_suspect_that_gives_no_pictures_is_refused(coded, answer) -> None:
    class Odd:
        name, access = "odd", 1

        def __call__(self, images: np.ndarray) -> np.ndarray:
            return answer(as_float(images))

    with pytest.raises(ValueError, match="`suspect` odd must answer 8 pictures with 3 channels, got"):
        coded.scheme.verify(Odd(), coded.key)


def test_answers_of_another_size_are_resampled(coded) -> None:
    larger = FunctionSuspect("larger", lambda images: images.repeat(2, axis=1).repeat(2, axis=2))
    figures = coded.scheme.extract(larger(coded.key.arrays["probes"]), coded.key)
    assert figures["logo"].shape == (8, 16, 16, 3)
    assert figures["code"].shape == (8, 4, 4)


def test_a_logo_on_a_white_background_is_refused(tmp_path: Path) -> None:
    white = np.full((16, 16, 3), 255, np.uint8)
    white[4:12, 7:9] = 60
    (tmp_path / "logo.png").write_bytes(encode_png(white))
    # 16 of 256 pixels at 60/255 = 0.235: NC = mean / rms = 0.952 / sqrt(0.941) = 0.98.
    with pytest.raises(
        ValueError, match=r"blank white extraction with NC 0\.98\d, above .* dark background, or invert"
    ):
        checked_mark(smallest_scheme(logo=str(tmp_path / "logo.png"), coded=False, controls=4, alpha=0.2))
    (tmp_path / "logo.png").write_bytes(encode_png(255 - white))
    assert checked_mark(smallest_scheme(logo=str(tmp_path / "logo.png"))).shape == (16, 16, 3)


def test_logo_p_is_a_rank_and_never_smaller(logo) -> None:
    verdict = logo.scheme.verify(KerasSuspect("marked", logo.model), logo.key)
    # However many decoy logos and suspects that know nothing there are: four networks say no more than one in five.
    assert verdict.n == len(logo.key.arrays["control_nc"]) == 4
    assert 1 / 5 <= verdict.p_value <= 1
    assert "rank" in verdict.null
    assert "bits" not in verdict.details


def test_a_perfect_extraction_gets_the_best_rank_and_a_blank_one_nothing(logo, monkeypatch) -> None:
    mark = as_float(logo.key.arrays["logo"])
    for picture, marked in ((mark, True), (np.ones_like(mark), False), (np.zeros_like(mark), False)):
        monkeypatch.setattr(verification, "extract", lambda *_, picture=picture: {"logo": picture[None]})
        verdict = logo.scheme.verify(ECHO, logo.key, alpha=0.2)
        assert verdict.marked == marked
        assert (verdict.p_value == 1 / (verdict.n + 1)) == marked
        assert verdict.details["nc_blank"] == pytest.approx(mark.mean() / np.sqrt((mark**2).mean()), rel=1e-5)


def test_the_smallest_alpha_of_a_logo_key(logo) -> None:
    assert not logo.scheme.exact
    with pytest.raises(ValueError, match="`alpha` must lie between 0.2, the smallest p-value"):
        logo.scheme.verify(ECHO, logo.key, alpha=0.19)


def test_decoy_marks_look_like_the_owners(logo) -> None:
    mark = as_float(sample_logo(32))
    decoys = decoy_marks(mark, np.random.default_rng(0), 20)
    np.testing.assert_allclose(decoys.mean(axis=(1, 2)), np.tile(mark.mean(axis=(0, 1)), (20, 1)), atol=1e-5)
    assert decoys.std() == pytest.approx(mark.std(), rel=0.1)
    flat = decoys.reshape(20, -1) - decoys.reshape(20, -1).mean(axis=1, keepdims=True)
    assert np.abs(np.corrcoef(flat) - np.eye(20)).max() < 0.9
    np.testing.assert_array_equal(decoys, decoy_marks(mark, np.random.default_rng(0), 20))


def test_a_decoy_key_shares_the_probes_and_not_the_evidence(coded, logo) -> None:
    other = coded.scheme.decoy(coded.key, seed=0)
    assert not np.array_equal(owner_code(coded.scheme, other), owner_code(coded.scheme, coded.key))
    np.testing.assert_array_equal(other.arrays["logo"], coded.key.arrays["logo"])
    other = logo.scheme.decoy(logo.key, seed=0)
    assert not np.array_equal(other.arrays["logo"], logo.key.arrays["logo"])
    np.testing.assert_array_equal(other.arrays["probes"], logo.key.arrays["probes"])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"image_size": 18}, r"`image_size` must be a multiple of 2\*\*downs \(4 for H, 4 for the proxy\), got 18"),
        ({"cells": 3}, "`cells` must divide 8, half the image size, got 3"),
        ({"code_weight": 0.0}, "`code_weight` must be positive for a coded mark, got 0.0"),
        ({"probes": 1}, "`probes` must be at least 2, got 1"),
        ({"registration": "affine"}, "registration"),
        ({"coded": False, "registration": "turns", "alpha": 0.2}, "`registration` must be none for a logo mark"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        smallest_scheme(**changes)


def test_too_little_or_odd_data_is_refused(tmp_path: Path) -> None:
    scheme: DeepWatermarking = smallest_scheme()
    with pytest.raises(ValueError, match="must hold at least 10 pairs, got 8"):
        scheme.train(None, coarse_pairs(8, 16), Run(tmp_path))
    with pytest.raises(ValueError, match="`data` must hold 16 x 16 images with 3 channels"):
        scheme.train(None, coarse_pairs(32, 32), Run(tmp_path))


@pytest.mark.parametrize("layer", [keras.layers.UpSampling2D(2), keras.layers.Conv2D(1, 1), keras.layers.Flatten()])
def test_a_host_whose_answers_have_another_size_is_refused_before_any_training(tmp_path: Path, layer) -> None:
    image = keras.Input((16, 16, 3))
    host, scheme = keras.Model(image, layer(image)), smallest_scheme()
    with pytest.raises(ValueError, match=r"`host` must answer images \[\d+, 16, 16, 3\] with images .* Resize inside"):
        scheme.train(host, coarse_pairs(40, 16), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_barrier_without_a_host_is_asked_with_the_targets_that_it_marks(coded) -> None:
    targets = coarse_pairs(coded.scheme.probes, coded.scheme.image_size, seed=77).targets
    published = FunctionSuspect("published", lambda _: KerasSuspect("barrier", coded.model)(targets))
    told = coded.scheme.verify(published, coded.key)
    assert told.score != coded.scheme.verify(KerasSuspect("barrier", coded.model), coded.key).score
    said = coded.scheme.shortcoming(MarkedModel(coded.model, coded.key), targets)
    assert f"(score {told.score:.3f}, and a claim takes {told.threshold:.3f}; p = {told.p_value:.1e})" in said
