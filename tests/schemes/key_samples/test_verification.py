"""Hits, the two nulls and their sentences, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, binom
from tensorflow import keras

from tests.schemes.key_samples.toy import JOINT, LAST, SHAPE, STEGO
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.key_samples import verification
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.schemes.key_samples.verification import as_table, controlled_null, exact_null, hits
from tfwm.suspects import KerasSuspect
from tfwm.types import Access, MarkedModel, Verdict

N, CLASSES = 40, 4


def _key(settings: KeySampleVerbs, **arrays: np.ndarray) -> OwnerKey:
    """Samples that say their number in their first pixel."""
    probes = np.random.default_rng(0).integers(0, 256, (N, *SHAPE), dtype=np.uint8)
    probes[:, 0, 0, 0] = np.arange(N)
    many = replace(settings, samples=N)
    return OwnerKey(many.name, many.to_dict(), new_secret(5), {"probes": probes, "covers": probes, **arrays})


class Answers:
    """A suspect that answers sample i with its i-th answer."""

    name, access = "answers", Access.QUERIES

    def __init__(self, answers: np.ndarray):
        self.answers = answers

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return self.answers[np.round(images[:, 0, 0, 0] * 255).astype(int)]


def _scores(labels: np.ndarray, right: int) -> np.ndarray:
    """Logits that give the first `right` labels, and the class after for all others."""
    named = np.where(np.arange(N) < right, labels, (labels + 1) % CLASSES)
    return np.eye(CLASSES, dtype=np.float32)[named] * 5 - 2


def _verdict(settings: Any, key: OwnerKey, right: int, alpha: float = 1e-6) -> Verdict:
    return settings.verify(Answers(_scores(settings.key_labels(key), right)), key, alpha=alpha)


@pytest.mark.parametrize("settings", [LAST, STEGO], ids=["last", "deep_stego"])
def test_the_exact_tail_by_hand(settings) -> None:
    key = _key(settings)
    for right in (0, 10, 27, 40):
        verdict = _verdict(settings, key, right)
        assert verdict.score == right / N
        assert verdict.p_value == pytest.approx(min(1.0, binom.sf(right - 1, N, 1 / CLASSES)), rel=1e-9)
        assert verdict.details["log10_p"] == pytest.approx(np.log10(verdict.p_value))
        assert (verdict.n, verdict.details["hits"], verdict.details["chance"]) == (N, right, 0.25)
    # The fewest hits that reach 1e-6, by scipy.
    least = next(k for k in range(N + 1) if binom.sf(k - 1, N, 0.25) <= 1e-6)
    assert _verdict(settings, key, least).marked
    assert not _verdict(settings, key, least - 1).marked
    assert _verdict(settings, key, N).threshold == least / N
    assert "each is answered with its label with probability 1/4 (exact binomial tail)" in verdict.null


def test_the_papers_rule_is_shown_beside() -> None:
    key = _key(LAST)
    assert [_verdict(LAST, key, right).details["paper_rule"] for right in (35, 36, 40)] == [0.0, 1.0, 1.0]
    assert _verdict(LAST, key, 36).details["accuracy_threshold"] == 0.9


def test_controls_bound_the_chance_by_hand() -> None:
    # No hit of 40 by one control: (1 - p)^40 = 0.01, p = 1 - 0.01^(1/40) = 0.1087 is below 1 in 4, which then counts.
    assert controlled_null(CLASSES, np.array([0]), N)[0] == 0.25
    assert controlled_null(20, np.array([0]), N)[0] == pytest.approx(1 - 0.01 ** (1 / 40))
    # All of them: no bound but 1; a chance of 1 would have no tail.
    assert controlled_null(CLASSES, np.array([N]), N)[0] == 1 - 1e-9
    assert controlled_null(CLASSES, np.array([], np.int64), N)[0] == 1 - 1e-9
    chance, null = controlled_null(CLASSES, np.array([14, 16]), N)
    # One-sided 99 % of the worse control: the p of which 16 hits or fewer in 40 have a chance of 1 %.
    assert chance == pytest.approx(beta.ppf(0.99, 17, 24))
    assert binom.cdf(16, N, chance) == pytest.approx(0.01)
    assert f"at most {chance:.3f}, the upper 99% bound from 2 control models trained without the key" in null
    assert "(at most 16 of 40 hits)" in null
    assert "1/4 would not do" in null
    assert "from 1 control model trained" in controlled_null(CLASSES, np.array([3]), N)[1]


def test_a_published_key_is_judged_by_its_controls() -> None:
    key = _key(JOINT, control_hits=np.array([20]))
    chance = beta.ppf(0.99, 21, 20)
    verdict = _verdict(JOINT, key, 36)
    assert verdict.p_value == pytest.approx(binom.sf(35, N, chance), rel=1e-6)
    assert verdict.p_value > 1000 * binom.sf(35, N, 0.25)
    assert verdict.null == controlled_null(CLASSES, np.array([20]), N)[1]
    # The key decides, whatever the settings of who asks; and labels that came last need no control.
    assert _verdict(LAST, key, 36).as_dict() == verdict.as_dict()
    assert JOINT.chance(_key(LAST)) == exact_null(CLASSES)
    # A control that answers what a suspect answers leaves nothing to claim.
    with pytest.raises(ValueError, match=r"`alpha` must lie between .*, the smallest p-value .* Use a larger alpha"):
        _verdict(JOINT, _key(JOINT, control_hits=np.array([36])), 36)


@pytest.mark.parametrize("settings", [LAST, STEGO, JOINT], ids=["last", "deep_stego", "joint"])
def test_the_chance_is_of_the_keys_classes_whoever_asks(settings) -> None:
    key = _key(settings, control_hits=np.array([0]))
    asker = replace(settings, classes=10)
    assert asker.chance(key) == settings.chance(key)
    assert asker.verify(Answers(_scores(settings.key_labels(key), N)), key).details["chance"] == 0.25
    with pytest.raises(ValueError, match=f"`key` must be of scheme {settings.name}, got one of 'other'"):
        settings.chance(replace(key, scheme="other"))


def test_an_alpha_out_of_reach_names_the_remedy() -> None:
    message = r"`alpha` must lie between 8.3e-25, the smallest p-value that this key can give, and 1, got 1e-30. Use a"
    with pytest.raises(ValueError, match=message):  # 4^-40 = 8.3e-25
        _verdict(LAST, _key(LAST), N, alpha=1e-30)


def test_what_is_not_finite_is_no_hit() -> None:
    key = _key(LAST)
    scores = _scores(LAST.key_labels(key), N)
    scores[:10, 2] = np.nan
    scores[10:15] = np.inf
    found = hits(LAST, Answers(scores), key)
    assert (found.dtype, found.shape) == (bool, (N,))
    np.testing.assert_array_equal(found, np.arange(N) >= 15)
    verdict = LAST.verify(Answers(np.full((N, CLASSES), np.nan)), key)
    assert (verdict.score, verdict.p_value, verdict.marked) == (0.0, 1.0, False)


def test_whole_numbers_are_answers_and_other_shapes_are_none() -> None:
    key = _key(LAST)
    labels = LAST.key_labels(key)
    assert hits(LAST, Answers(labels.astype(np.uint8)), key).all()
    assert not hits(LAST, Answers(labels + CLASSES), key).any()
    for answers in (labels.astype(np.float32), np.zeros((N, CLASSES + 1)), np.zeros((N, 1), int)):
        with pytest.raises(ValueError, match=rf"`answers` must be scores \[{N}, {CLASSES}\].*classifier of 4 classes"):
            hits(LAST, Answers(answers), key)


def test_a_network_for_other_pictures_is_refused_before_it_is_asked() -> None:
    image = keras.Input((SHAPE[0] + 1, *SHAPE[1:]))
    other = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))
    with pytest.raises(ValueError, match=r"`suspect` must take pictures \[12, 12, 3\].*network for \[13, 12, 3\]"):
        hits(LAST, KerasSuspect("other", other), _key(LAST))
    image = keras.Input((None, None, 3))
    free = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.GlobalAveragePooling2D()(image)))
    assert hits(LAST, KerasSuspect("free", free), _key(LAST)).shape == (N,)


def test_a_decoy_has_the_owners_samples_and_labels_of_its_own() -> None:
    key = _key(LAST)
    mine, decoys = LAST.key_labels(key), [LAST.decoy(key, seed=seed) for seed in range(50)]
    agreement = np.array([(LAST.key_labels(decoy) == mine).sum() for decoy in decoys])
    # 2000 answers, a quarter by chance: 500 +- 19.4.
    assert abs(agreement.sum() - 500) < 4 * 19.4
    assert len({LAST.key_labels(decoy).tobytes() for decoy in decoys}) == 50
    for decoy in decoys:
        assert decoy.arrays["probes"] is key.arrays["probes"]
        assert not LAST.verify(Answers(_scores(mine, N)), decoy, alpha=1e-6).marked
    np.testing.assert_array_equal(LAST.key_labels(LAST.decoy(key, seed=3)), LAST.key_labels(decoys[3]))


def test_a_reading_is_the_squarest_table() -> None:
    key = _key(LAST)
    table = KeySampleVerbs.reading(LAST, Answers(_scores(LAST.key_labels(key), 12)), key)["agreement"]
    assert table.shape == (5, 8)
    np.testing.assert_array_equal(table.ravel(), np.arange(N) < 12)
    assert [as_table(np.zeros(n, bool)).shape for n in (1, 7, 36, 120)] == [(1, 1), (1, 7), (6, 6), (10, 12)]
    pictures = LAST.reading(Answers(_scores(LAST.key_labels(key), 12)), key)
    # Samples are their covers here: no change is mid-grey.
    np.testing.assert_array_equal(pictures["change"], np.full((48, 48, 3), 0.5))
    assert pictures["samples"].shape == (48, 48, 3)


def test_a_key_that_proves_nothing_is_called_so() -> None:
    """Controls answer at the end of the training: what they say must not throw the training away."""
    image = keras.Input(SHAPE)
    model = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))
    said = JOINT.shortcoming(MarkedModel(model, _key(JOINT, control_hits=np.array([N]))))
    assert said.startswith("independent models may answer 100% of the key samples with their labels")
    assert "Give more `samples` or `controls`" in said


def test_confidence_is_what_the_sentence_says() -> None:
    """Were the true chance just above the bound, 99 of 100 controls would have shown more hits."""
    draws = np.random.default_rng(0).binomial(N, 0.5, 4000)
    bounds = {int(k): controlled_null(CLASSES, np.array([k]), N)[0] for k in np.unique(draws)}
    missed = np.mean([bounds[int(k)] < 0.5 for k in draws])
    assert missed <= 0.01
    assert verification.CONFIDENCE == 0.99
