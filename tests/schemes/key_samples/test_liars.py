"""Somebody makes or mends a key so that a model which knows nothing of it seems to be his, and loses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from tensorflow import keras

from tests.schemes.key_samples.toy import JOINT, LAST, STEGO, STEGO_JOINT, key_of
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.schemes.baselines.key_methods import KeyMethod
from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.suspects import FunctionSuspect
from tfwm.types import LabelledImages, Suspect

N, CLASSES, GREY = 20, 10, 25
KEYS = 50
NAMES = sorted(name for name in SCHEMES if issubclass(SCHEMES[name], KeySampleVerbs))
# All are drawn alike, and samples take time to make: the fast tests take two schemes for many keys.
FAST = {"content_mark", "random_images"}
EVERY_SCHEME = [pytest.param(name, marks=[] if name in FAST else [pytest.mark.trains]) for name in NAMES]


def _blocks(classes: np.ndarray, seed: int = 0, side: int = 16) -> np.ndarray:
    """Coloured blocks with a first pixel that says the class."""
    blocks = np.random.default_rng(seed).integers(0, 256, (len(classes), side // 4, side // 4, 3), dtype=np.uint8)
    images = blocks.repeat(4, axis=1).repeat(4, axis=2)
    images[:, 0, 0, 0] = GREY * classes
    return images


def _connoisseur(asked: KeySamples, classes: int = CLASSES) -> Suspect:
    """A model that is innocent and never wrong: it sees the cover in each sample, and says its true class."""
    truth = asked.covers.images[:, 0, 0, 0] // GREY
    return FunctionSuspect("connoisseur", lambda images: np.eye(classes)[truth])


def _scheme(name: str) -> Any:
    return replace(make_scheme(name, "tiny"), alpha=1e-6)


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_natural_pictures_of_the_labels_classes_are_answered_by_chance(name: str) -> None:
    """He sees the labels, puts a picture of that class in each cover's place, states another class, and tries again.

    The pool has as many pictures as there are samples, so he knows where each of them goes; but with other pictures
    all labels are other ones.
    """
    scheme, labels, p_values = _scheme(name), np.arange(N) % CLASSES, []
    encoder = scheme.new_encoder(3) if scheme.has_encoder else None
    for attempt in range(KEYS):
        pool = LabelledImages(_blocks(labels, attempt), (labels + 1 + attempt % 9) % CLASSES, CLASSES)
        key = key_of(scheme, pool=pool, encoder=encoder)
        asked = scheme.asked(key)
        np.testing.assert_array_equal(asked.covers.images[:, 0, 0, 0], GREY * labels)
        verdict = scheme.verify(_connoisseur(asked), key)
        assert not verdict.marked
        p_values.append(verdict.p_value)
        labels = asked.labels
    assert len(set(p_values)) > 3
    for level in (0.01, 0.05, 0.1, 0.3, 0.7):
        assert np.sum(np.array(p_values) <= level) <= binom.ppf(0.9999, KEYS, level), level


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_who_tells_the_truth_of_his_covers_never_names_a_label(name: str) -> None:
    scheme = _scheme(name)
    truth = np.arange(3 * N) % CLASSES
    for seed in range(3):
        key = key_of(scheme, seed, pool=LabelledImages(_blocks(truth), truth, CLASSES))
        verdict = scheme.verify(_connoisseur(scheme.asked(key)), key)
        assert (verdict.score, verdict.p_value) == (0.0, 1.0)


# A scheme of each kind: with an encoder and without; a pool of three pictures a sample, or of one.
DRAWN = {"encoder": replace(LAST, samples=N), "no encoder": make_scheme("content_mark", "tiny")}


@lru_cache(maxsize=8)
def _key(kind: str, size: int = 3 * N) -> OwnerKey:
    scheme = DRAWN[kind]
    classes = np.arange(size) % scheme.classes
    return key_of(scheme, pool=LabelledImages(_blocks(classes, side=scheme.image_size), classes, scheme.classes))


@lru_cache(maxsize=8)
def _thief(kind: str, size: int = 3 * N) -> Suspect:
    """A copy of the marked model: it takes whatever it is asked for the nearest sample, and gives its label."""
    scheme = DRAWN[kind]
    asked = scheme.asked(_key(kind, size))
    known, labels = asked.images.reshape(N, -1) / 255.0, asked.labels

    def answer(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), 1, -1)
        nearest = np.square(flat - known).mean(axis=2).argmin(axis=1)
        return np.eye(scheme.classes)[labels[nearest]]

    return FunctionSuspect("thief", answer)


def _with(key: OwnerKey, **arrays: np.ndarray) -> OwnerKey:
    return replace(key, arrays={**key.arrays, **arrays})


def _first(array: np.ndarray, change: int = 1) -> np.ndarray:
    """The array with its first value changed."""
    changed = array.copy()
    changed.flat[0] ^= change
    return changed


def _bit_of_the_encoder(key: OwnerKey) -> OwnerKey:
    """The last bit of one weight."""
    weights = key.networks["encoder"].get_weights()
    weights[0].view(np.uint32).flat[0] ^= 1
    encoder = LAST.new_encoder(0)
    encoder.set_weights(weights)
    return replace(key, networks={"encoder": encoder})


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("size", [N, 3 * N])
def test_the_key_itself_is_good(kind: str, size: int) -> None:
    scheme = DRAWN[kind]
    verdict = scheme.verify(_thief(kind, size), _key(kind, size))
    assert verdict.marked
    assert verdict.score == 1.0


EXCHANGED: dict[str, Callable[[OwnerKey], OwnerKey]] = {
    "a natural picture for a cover": lambda key: _with(
        key, covers=np.concatenate([_blocks(np.array([3]), 9, key.arrays["covers"].shape[1]), key.arrays["covers"][1:]])
    ),
    "a pixel of a cover": lambda key: _with(key, covers=_first(key.arrays["covers"])),
    "covers swapped": lambda key: _with(key, covers=np.roll(key.arrays["covers"], 1, axis=0)),
    "covers swapped with their proofs": lambda key: _with(
        key, **{name: key.arrays[name][::-1] for name in ("covers", "cover_classes", "cover_proofs")}
    ),
    "one cover twice": lambda key: _with(
        key,
        **{name: key.arrays[name][[0, *range(N - 1)]] for name in ("covers", "cover_classes", "cover_proofs")},
    ),
    "a class restated": lambda key: _with(key, cover_classes=_first(key.arrays["cover_classes"])),
    "proofs of other places": lambda key: _with(key, cover_proofs=np.roll(key.arrays["cover_proofs"], 1, axis=0)),
    "a bit of a proof": lambda key: _with(key, cover_proofs=_first(key.arrays["cover_proofs"])),
    "a bit of the root": lambda key: _with(key, pool_root=_first(key.arrays["pool_root"])),
    "a larger pool": lambda key: _with(key, pool_size=key.arrays["pool_size"] + 1),
    "a pool of twice the size": lambda key: _with(key, pool_size=key.arrays["pool_size"] * 2),
    "a cover less": lambda key: _with(
        key, **{name: key.arrays[name][1:] for name in ("covers", "cover_classes", "cover_proofs")}
    ),
}


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("size", [N, 3 * N])
@pytest.mark.parametrize("what", EXCHANGED)
def test_a_key_with_exchanged_covers_is_refused(what: str, size: int, kind: str) -> None:
    with pytest.raises(InvalidKeyError, match="cover"):
        DRAWN[kind].verify(_thief(kind, size), EXCHANGED[what](_key(kind, size)))


REDRAWN: dict[str, tuple[str, Callable[[OwnerKey], OwnerKey]]] = {
    "another secret": ("both", lambda key: replace(key, secret=bytes(31) + b"1")),
    "a pixel of the logo": ("both", lambda key: _with(key, logo=_first(key.arrays["logo"]))),
    "alpha": ("both", lambda key: replace(key, settings={**key.settings, "alpha": 2e-3})),
    "the host's schedule": ("both", lambda key: replace(key, settings={**key.settings, "accuracy_threshold": 0.8})),
    "more classes": ("no encoder", lambda key: replace(key, settings={**key.settings, "classes": 11})),
    "a weight of the objective": ("encoder", lambda key: replace(key, settings={**key.settings, "mse_weight": 2.0})),
    "a bit of the encoder": ("encoder", _bit_of_the_encoder),
}
CASES = [(what, kind) for what, (whose, _) in REDRAWN.items() for kind in DRAWN if whose in (kind, "both")]


@pytest.mark.parametrize(("what", "kind"), CASES)
def test_whatever_else_is_changed_draws_other_covers(what: str, kind: str) -> None:
    with pytest.raises(InvalidKeyError, match=r"cover \d+ of the key is not the one that its secret draws"):
        DRAWN[kind].verify(_thief(kind), REDRAWN[what][1](_key(kind)))


@pytest.mark.parametrize(("what", "kind"), [case for case in CASES if case[0] != "more classes"])
def test_where_no_other_covers_can_be_drawn_other_labels_are(what: str, kind: str) -> None:
    scheme, key = DRAWN[kind], REDRAWN[what][1](_key(kind, N))
    asked, before = scheme.asked(key), scheme.asked(_key(kind, N))
    np.testing.assert_array_equal(asked.covers.images, before.covers.images)
    assert np.mean(asked.labels == before.labels) < 0.8
    # The samples look as before to the thief, who gives the labels that he learnt.
    verdict = scheme.verify(_thief(kind, N), key)
    assert not verdict.marked
    assert verdict.p_value > 1e-3


class _Painter(keras.Model):
    """An encoder with the weights of another, which draws one picture for whatever it is given."""

    def __init__(self, weights: keras.Model, picture: np.ndarray):
        super().__init__()
        self.inner, self._picture = weights, picture

    def call(self, pair: Any, training: bool = False) -> Any:
        return keras.backend.zeros_like(pair[0]) + self._picture


def test_of_an_encoder_only_the_weights_count() -> None:
    key, white = _key("encoder"), np.ones((12, 12, 3), np.float32)
    painter = _Painter(key.networks["encoder"], white)
    assert np.all(painter([white[None] / 2, white[None]]) == 1)
    for mine, same in zip(painter.get_weights(), key.networks["encoder"].get_weights(), strict=True):
        np.testing.assert_array_equal(mine, same)
    asked, expected = (LAST.asked(replace(key, networks={"encoder": network})) for network in
                       (painter, key.networks["encoder"]))  # fmt: skip
    np.testing.assert_array_equal(asked.images, expected.images)
    np.testing.assert_array_equal(asked.labels, expected.labels)
    assert not (asked.images == 255).all(axis=(1, 2, 3)).any()


@pytest.mark.parametrize(
    ("last", "joint"), [(LAST, JOINT), (STEGO, STEGO_JOINT)], ids=["blind_watermark", "deep_stego"]
)
def test_controls_that_somebody_made_up_are_no_evidence_and_the_verdict_says_so(last: Any, joint: Any) -> None:
    """With labels along, a liar fits the samples to the labels and says that a thousand controls hit none."""
    key = key_of(joint, control_hits=np.zeros((999, joint.samples), bool))
    labels = joint.key_labels(key)
    fooled = FunctionSuspect("fooled", lambda images: np.eye(joint.classes)[labels])
    verdict = joint.verify(fooled, key, alpha=1e-3)
    assert verdict.marked
    assert verdict.p_value == 1e-3
    assert not joint.exact
    assert "whoever made the key chose the controls, so this is no evidence without somebody" in verdict.null
    # He cannot pass it off as a key whose labels came last: that one draws other covers.
    claimed = replace(key, settings={**key.settings, "labels": "last", "host_weight": 0.0, "alpha": 0.05})
    with pytest.raises(InvalidKeyError, match="is not the one that its secret draws"):
        last.verify(fooled, claimed)


def test_samples_of_two_encoders_are_never_taken_for_each_other() -> None:
    """With labels along the draws do not depend on the encoder: what one made is not kept for the other."""
    first, second = (key_of(JOINT, encoder=JOINT.new_encoder(seed)) for seed in (3, 4))
    mine, theirs = JOINT.asked(first), JOINT.asked(second)
    np.testing.assert_array_equal(mine.labels, theirs.labels)
    np.testing.assert_array_equal(mine.covers.images, theirs.covers.images)
    assert (mine.images != theirs.images).any()
    np.testing.assert_array_equal(JOINT.asked(first).images, mine.images)


def test_every_scheme_on_key_samples_was_tried() -> None:
    assert len(NAMES) == 12
    assert sum(issubclass(SCHEMES[name], KeyMethod) for name in NAMES) == 10
