"""Hits, the two nulls and their sentences, by hand, on keys that were made without a training."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from tensorflow import keras

from tests.schemes.key_samples.toy import JOINT, LAST, SHAPE, STEGO, STEGO_JOINT, key_of
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.schemes.key_samples.verification import as_table, control_hits_in, controlled_null, exact_null, hits
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.types import MarkedModel, Suspect, Verdict

N, CLASSES = 40, 4


@lru_cache(maxsize=8)
def _plain_key(settings: KeySampleVerbs) -> OwnerKey:
    return key_of(replace(settings, samples=N))


def _key(settings: KeySampleVerbs, controls: list[int] | None = None) -> OwnerKey:
    """A key of 40 samples and, with labels along, controls that answer the first few of them with their labels."""
    key = _plain_key(settings)
    if controls is None:
        return key
    answered = np.arange(N) < np.array(controls)[:, None]
    return replace(key, arrays={**key.arrays, "control_hits": answered})


def _answers(scores: np.ndarray) -> Suspect:
    return FunctionSuspect("answers", lambda images: scores)


def _scores(labels: np.ndarray, right: int) -> np.ndarray:
    """Logits that give the first `right` labels, and the class after for all others."""
    named = np.where(np.arange(N) < right, labels, (labels + 1) % CLASSES)
    return np.eye(CLASSES, dtype=np.float32)[named] * 5 - 2


def _verdict(settings: Any, key: OwnerKey, right: int, alpha: float = 1e-6) -> Verdict:
    return settings.verify(_answers(_scores(settings.key_labels(key), right)), key, alpha=alpha)


@pytest.mark.parametrize("settings", [LAST, STEGO], ids=["last", "deep_stego"])
def test_the_exact_tail_by_hand(settings) -> None:
    key = _key(settings)
    for right in (0, 10, 27, 40):
        verdict = _verdict(settings, key, right)
        assert verdict.score == right / N
        # Three classes that a cover does not have.
        assert verdict.p_value == pytest.approx(min(1.0, binom.sf(right - 1, N, 1 / 3)), rel=1e-9)
        assert verdict.log10_p == pytest.approx(np.log10(verdict.p_value))
        assert (verdict.n, verdict.details["hits"], verdict.details["chance"]) == (N, right, 1 / 3)
    # The fewest hits that reach 1e-6, by scipy.
    least = next(k for k in range(N + 1) if binom.sf(k - 1, N, 1 / 3) <= 1e-6)
    assert _verdict(settings, key, least).marked
    assert not _verdict(settings, key, least - 1).marked
    assert _verdict(settings, key, N).threshold == least / N
    assert "each sample is answered with its label with probability 1/3 (exact binomial tail)" in verdict.null
    assert "among the classes that the sample's cover does not have" in verdict.null
    assert settings.exact


def test_two_classes_are_coins() -> None:
    log10_p, sentence = exact_null(2, N)
    assert log10_p == pytest.approx([0, *np.log10(binom.sf(np.arange(N), N, 0.5))])
    assert "drawn among the classes when" in sentence
    assert "with probability 1/2" in sentence


def test_the_papers_rule_is_shown_beside() -> None:
    key = _key(LAST)
    assert [_verdict(LAST, key, right).details["paper_rule"] for right in (35, 36, 40)] == [0.0, 1.0, 1.0]
    assert _verdict(LAST, key, 36).details["accuracy_threshold"] == 0.9


def test_ranks_among_controls_by_hand() -> None:
    answered = np.arange(N) < np.array([14, 16, 3])[:, None]
    log10_p, sentence = controlled_null(answered)
    # Of three controls as many hit at least 0 to 3, 4 to 14, 15 and 16, and more.
    assert 10**log10_p == pytest.approx([1.0] * 4 + [0.75] * 11 + [0.5] * 2 + [0.25] * 24)
    assert "exchangeable with the 3 control models of the key's owner" in sentence
    assert "(a rank, never below 1/4)" in sentence
    assert "no evidence without somebody else's controls" in sentence
    # Hits are counted wherever they are.
    mixed = np.random.default_rng(0).permuted(answered, axis=1)
    np.testing.assert_array_equal(controlled_null(mixed)[0], log10_p)
    log10_p, sentence = controlled_null(answered[:1])
    assert 10**log10_p == pytest.approx([1.0] * 15 + [0.5] * 26)
    assert "the 1 control model of" in sentence
    assert "never below 1/2" in sentence


@pytest.mark.parametrize("settings", [JOINT, STEGO_JOINT], ids=["blind_watermark", "deep_stego"])
def test_a_published_key_is_ranked_among_its_controls(settings) -> None:
    key = _key(settings, [20, 8, 0])
    assert [_verdict(settings, key, right, 0.3).p_value for right in (0, 8, 9, 20, 21, 40)] == pytest.approx(
        [1.0, 0.75, 0.5, 0.5, 0.25, 0.25]
    )
    verdict = _verdict(settings, key, 21, 0.3)
    assert verdict.marked
    assert verdict.threshold == 21 / N
    assert not _verdict(settings, key, 20, 0.3).marked
    assert verdict.null == controlled_null(key.arrays["control_hits"])[1]
    assert not settings.exact
    # The key decides, whatever the settings of who asks; and labels that came last need no control.
    last = LAST if settings is JOINT else STEGO
    assert _verdict(last, key, 21, 0.3).as_dict() == verdict.as_dict()
    log10_p, sentence = settings.null(_key(last))
    np.testing.assert_array_equal(log10_p, exact_null(CLASSES, N)[0])
    assert sentence == exact_null(CLASSES, N)[1]


def test_no_rank_is_below_what_the_controls_allow() -> None:
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0.25, the smallest p-value .* or controls"):
        _verdict(JOINT, _key(JOINT, [0, 0, 0]), N, alpha=0.2)
    # A control that answers all of them leaves nothing to claim.
    with pytest.raises(ValueError, match=r"`alpha` must lie between 1, the smallest p-value"):
        _verdict(JOINT, _key(JOINT, [N]), N, alpha=0.5)


@pytest.mark.parametrize(
    "controls",
    [None, np.zeros((0, N), bool), np.zeros((3, N - 1), bool), np.zeros((3, N), int), np.zeros(N, bool)],
    ids=["none", "no model", "other samples", "numbers", "counts"],
)
def test_controls_of_another_form_are_refused(controls: np.ndarray | None) -> None:
    key = _key(JOINT)
    key = key if controls is None else replace(key, arrays={**key.arrays, "control_hits": controls})
    with pytest.raises(InvalidKeyError, match="control"):
        control_hits_in(key, N)
    with pytest.raises(InvalidKeyError, match="control"):
        JOINT.verify(_answers(np.zeros((N, CLASSES))), key)


@pytest.mark.parametrize("settings", [LAST, STEGO, JOINT], ids=["last", "deep_stego", "joint"])
def test_the_chance_is_of_the_keys_classes_whoever_asks(settings) -> None:
    key = _key(settings, [0])
    asker = replace(settings, classes=10)
    np.testing.assert_array_equal(asker.null(key)[0], settings.null(key)[0])
    assert asker.verify(_answers(_scores(settings.key_labels(key), N)), key).details["chance"] == 1 / 3
    with pytest.raises(ValueError, match=f"`key` must be of scheme {settings.name}, got one of 'other'"):
        settings.null(replace(key, scheme="other"))


def test_an_alpha_out_of_reach_names_the_remedy() -> None:
    message = r"`alpha` must lie between 8.2e-20, the smallest p-value that such a key can give, and 1, got 1e-30. Use"
    with pytest.raises(ValueError, match=message):  # 3^-40 = 8.2e-20
        _verdict(LAST, _key(LAST), N, alpha=1e-30)


def test_what_is_not_finite_is_no_hit() -> None:
    asked = LAST.asked(_key(LAST))
    scores = _scores(asked.labels, N)
    scores[:10, 2] = np.nan
    scores[10:15] = np.inf
    found = hits(LAST, _answers(scores), asked)
    assert (found.dtype, found.shape) == (bool, (N,))
    np.testing.assert_array_equal(found, np.arange(N) >= 15)
    verdict = LAST.verify(_answers(np.full((N, CLASSES), np.nan)), _key(LAST))
    assert (verdict.score, verdict.p_value, verdict.marked) == (0.0, 1.0, False)


def test_whole_numbers_are_answers_and_other_shapes_are_none() -> None:
    asked = LAST.asked(_key(LAST))
    assert hits(LAST, _answers(asked.labels.astype(np.uint8)), asked).all()
    assert not hits(LAST, _answers(asked.labels + CLASSES), asked).any()
    for answers in (asked.labels.astype(np.float32), np.zeros((N, CLASSES + 1)), np.zeros((N, 1), int)):
        with pytest.raises(ValueError, match=rf"`answers` must be scores \[{N}, {CLASSES}\].*classifier of 4 classes"):
            hits(LAST, _answers(answers), asked)


def test_a_network_for_other_pictures_is_refused_before_it_is_asked() -> None:
    asked = LAST.asked(_key(LAST))
    image = keras.Input((SHAPE[0] + 1, *SHAPE[1:]))
    other = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))
    with pytest.raises(ValueError, match=r"`suspect` must take pictures \[12, 12, 3\].*network for \[13, 12, 3\]"):
        hits(LAST, KerasSuspect("other", other), asked)
    image = keras.Input((None, None, 3))
    free = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.GlobalAveragePooling2D()(image)))
    assert hits(LAST, KerasSuspect("free", free), asked).shape == (N,)


def test_samples_are_made_again_and_never_read_from_the_key() -> None:
    key = _key(LAST)
    asked, sent = LAST.asked(key), []

    def answer(images: np.ndarray) -> np.ndarray:
        sent.append(images)
        return np.zeros((N, CLASSES))

    stored = replace(key, arrays={**key.arrays, "probes": asked.covers.images, "labels": np.zeros(N, int)})
    LAST.verify(FunctionSuspect("listens", answer), stored)
    np.testing.assert_allclose(sent[0], asked.images / np.float32(255), atol=1e-7)
    assert (asked.images != asked.covers.images).any()


def test_no_label_and_no_secret_is_printed() -> None:
    asked = LAST.asked(_key(LAST))
    assert repr(asked) == "KeySamples()"


def test_a_decoy_has_the_owners_covers_as_a_pool_of_its_own() -> None:
    key = _key(LAST)
    mine, theirs = LAST.asked(key), []
    for decoy in (LAST.decoy(key, seed=seed) for seed in range(20)):
        theirs.append(LAST.asked(decoy))
        np.testing.assert_array_equal(theirs[-1].covers.images, mine.covers.images)
        assert not (theirs[-1].labels == mine.covers.classes).any()
        assert not LAST.verify(_answers(_scores(mine.labels, N)), decoy, alpha=1e-6).marked
    pools = {(asked.covers.pool_root, asked.covers.pool_size) for asked in theirs}
    ((root, size),) = pools
    assert root != mine.covers.pool_root
    assert (size, mine.covers.pool_size) == (N, 3 * N)
    # 800 pairs of labels, each of the same three classes: a third agrees, 267 +- 13.3.
    agreement = sum((asked.labels == mine.labels).sum() for asked in theirs)
    assert abs(agreement - 800 / 3) < 4 * 13.3
    assert len({asked.labels.tobytes() for asked in theirs}) == 20
    np.testing.assert_array_equal(LAST.key_labels(LAST.decoy(key, seed=3)), theirs[3].labels)


def test_a_reading_is_the_squarest_table() -> None:
    key = _key(LAST)
    asked = LAST.asked(key)
    reading = LAST.reading(_answers(_scores(asked.labels, 12)), key)
    assert reading["agreement"].shape == (5, 8)
    np.testing.assert_array_equal(reading["agreement"].ravel(), np.arange(N) < 12)
    assert [as_table(np.zeros(n, bool)).shape for n in (1, 7, 36, 120)] == [(1, 1), (1, 7), (6, 6), (10, 12)]
    assert reading["samples"].shape == reading["change"].shape == (48, 48, 3)
    np.testing.assert_allclose(reading["samples"][:12, :12] * 255, asked.images[0], atol=1e-4)
    change = 5.0 * (asked.images[0].astype(float) - asked.covers.images[0]) / 255
    np.testing.assert_allclose(reading["change"][:12, :12], np.clip(0.5 + change, 0, 1), atol=1e-5)


def test_a_key_that_proves_nothing_is_called_so() -> None:
    """Controls answer at the end of the training: what they say must not throw the training away."""
    image = keras.Input(SHAPE)
    model = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))
    said = JOINT.shortcoming(MarkedModel(model, _key(JOINT, [N])))
    assert said.startswith("independent models answer so many of the key samples with their labels that no suspect")
    assert "alpha 0.5 (p = 1.0e+00 at best)" in said
    assert "Give more `samples` or `controls`" in said
