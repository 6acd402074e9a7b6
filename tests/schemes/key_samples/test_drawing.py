"""Covers and labels follow from the secret and from all else in the key; labels are fair, or no p-value would hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, chi2

from tfwm.evidence.binding import Draws, draws_for, pieces_of
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.schemes.key_samples.drawing import (
    Covers,
    check_places,
    chosen_covers,
    cover_places,
    key_labels,
    label_chance,
    pool_digest,
)
from tfwm.types import LabelledImages

SECRETS, COUNT = 400, 20


def _draws(seed: int, count: int = COUNT, **parts: bytes) -> Draws:
    return draws_for("scheme", {"samples": count}, pieces_of(new_secret(seed), count), parts)


def _pool(size: int, seed: int = 0) -> LabelledImages:
    """Pictures of 8 x 8 pixels that are their number in the pool."""
    images = np.zeros((size, 8, 8, 3), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(size) % 256, np.arange(size) // 256
    return LabelledImages(images, np.random.default_rng(seed).integers(0, 10, size), 10)


def _numbers(covers: Covers) -> list[int]:
    return (covers.images[:, 0, 0, 0] + 256 * covers.images[:, 0, 0, 1].astype(int)).tolist()


def _fair(counts: np.ndarray, level: float) -> bool:
    expected = counts.sum() / len(counts)
    return chi2.sf(np.sum((counts - expected) ** 2 / expected), len(counts) - 1) > level


@pytest.mark.parametrize("classes", [3, 10])
def test_labels_are_uniform_over_the_classes_that_a_cover_does_not_have(classes: int) -> None:
    own = np.arange(COUNT) % classes
    labels = np.stack([key_labels(_draws(seed), own, classes) for seed in range(SECRETS)])
    assert (labels.dtype, labels.min(), labels.max()) == (np.int64, 0, classes - 1)
    assert not (labels == own).any()
    # By their distance from the cover's class, which is never 0.
    distances = (labels - own) % classes
    assert _fair(np.bincount(distances.ravel(), minlength=classes)[1:], 1e-3)
    # At every place, too: a place with a favourite label would be guessed. 20 tests, hence the smaller level.
    for place in distances.T:
        assert _fair(np.bincount(place, minlength=classes)[1:], 1e-4)
    assert label_chance(classes) == 1 / (classes - 1)


def test_of_two_classes_both_are_drawn_since_the_other_one_is_no_secret() -> None:
    own = np.arange(COUNT) % 2
    labels = np.stack([key_labels(_draws(seed), own, 2) for seed in range(SECRETS)])
    assert _fair(np.bincount(labels.ravel(), minlength=2), 1e-3)
    assert _fair(np.bincount((labels == own).ravel().astype(int), minlength=2), 1e-3)
    agreement = np.corrcoef(labels.T) - np.eye(COUNT)
    assert np.abs(agreement).max() < 5 / np.sqrt(SECRETS)
    assert label_chance(2) == 0.5


@pytest.mark.parametrize("stated", ["true", "false"])
def test_hits_of_one_fixed_guess_are_at_most_binomial(stated: str) -> None:
    """What verify's p-value says, whatever the owner states: of any answers, given beforehand, Bin(n, 1/9) agree."""
    guess = np.arange(COUNT) % 10
    own = guess if stated == "true" else (guess + 1) % 10
    hits = np.array([(key_labels(_draws(seed), own, 10) == guess).sum() for seed in range(1000)])
    if stated == "true":  # whoever sees what is on the covers never agrees
        assert not hits.any()
        return
    observed = np.array([np.sum(hits == k) for k in range(6)] + [np.sum(hits >= 6)])
    expected = 1000 * np.array([*binom.pmf(np.arange(6), COUNT, 1 / 9), binom.sf(5, COUNT, 1 / 9)])
    assert chi2.sf(np.sum((observed - expected) ** 2 / expected), 6) > 1e-3


def test_secrets_know_nothing_of_each_other() -> None:
    own = np.zeros(COUNT, int)
    labels = np.stack([key_labels(_draws(seed), own, 10) for seed in range(SECRETS)])
    assert len({row.tobytes() for row in labels}) == SECRETS
    agreement = np.corrcoef(labels.T) - np.eye(COUNT)
    assert np.abs(agreement).max() < 5 / np.sqrt(SECRETS)
    np.testing.assert_array_equal(key_labels(_draws(1), own, 10), labels[1])


CHANGES: dict[str, Callable[[], Draws]] = {
    "secret": lambda: _draws(2, pool=b"a" * 32, logo=b"b" * 32),
    "scheme": lambda: draws_for(
        "another", {"samples": COUNT}, pieces_of(new_secret(1), COUNT), {"pool": b"a" * 32, "logo": b"b" * 32}
    ),
    "setting": lambda: draws_for(
        "scheme", {"samples": COUNT, "x": 1}, pieces_of(new_secret(1), COUNT), {"pool": b"a" * 32, "logo": b"b" * 32}
    ),
    "part": lambda: _draws(1, pool=b"a" * 31 + b"b", logo=b"b" * 32),
    "parts exchanged": lambda: _draws(1, pool=b"b" * 32, logo=b"a" * 32),
    "a part more": lambda: _draws(1, pool=b"a" * 32, logo=b"b" * 32, encoder=b"c" * 32),
    "size of the pool": lambda: _draws(1, pool=pool_digest(b"a" * 32, 9), logo=b"b" * 32),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_draws_all_covers_and_labels_anew(change: str) -> None:
    before, own = _draws(1, pool=b"a" * 32, logo=b"b" * 32), np.zeros(COUNT, int)
    after = CHANGES[change]()
    # Of 20 labels 2.2 agree by chance, of 20 places among 1000 each a fiftieth.
    assert np.sum(key_labels(before, own, 10) == key_labels(after, own, 10)) < 9
    assert np.sum(cover_places(before, COUNT, 20_000) == cover_places(after, COUNT, 20_000)) < 3


def test_covers_are_different_images_one_from_each_stretch_of_the_pool() -> None:
    for size in (30, 31, 50, 299):
        places = np.stack([cover_places(_draws(seed, 30), 30, size) for seed in range(60)])
        assert places.dtype == np.int64
        starts, ends = np.arange(30) * size // 30, np.arange(1, 31) * size // 30
        assert ((starts <= places) & (places < ends)).all()
        # Every image of the pool is drawn by some key.
        assert size > 60 or len(np.unique(places)) == size
    assert len({row.tobytes() for row in places}) == 60


def test_each_image_of_a_stretch_is_drawn_as_often_as_any_other() -> None:
    places = np.stack([cover_places(_draws(seed), COUNT, 5 * COUNT) for seed in range(SECRETS)])
    assert _fair(np.bincount((places % 5).ravel(), minlength=5), 1e-3)


def test_covers_do_not_tell_the_labels() -> None:
    """Two uses of one secret: the first cover's place and the first label are independent."""
    table = np.zeros((4, 4))
    for draws in (_draws(seed, 1) for seed in range(1600)):
        table[cover_places(draws, 1, 4)[0], key_labels(draws, np.array([4]), 5)[0]] += 1
    assert chi2.sf(np.sum((table - 100) ** 2 / 100), 15) > 1e-3


def test_chosen_covers_come_with_proofs_of_their_places() -> None:
    pool, draws = _pool(300), _draws(1)
    covers, places = chosen_covers(draws, pool, COUNT), cover_places(draws, COUNT, 300)
    assert _numbers(covers) == places.tolist()
    np.testing.assert_array_equal(covers.classes, pool.labels[places])
    assert (covers.pool_size, covers.proofs.shape) == (300, (COUNT, 9, 32))
    check_places(covers, places)


REFUSED: dict[str, Callable[[Covers], Covers]] = {
    "a picture": lambda covers: replace(covers, images=covers.images ^ (np.arange(COUNT) == 7)[:, None, None, None]),
    "two exchanged": lambda covers: replace(covers, images=np.roll(covers.images, 1, axis=0)),
    "rows exchanged": lambda covers: replace(
        covers, images=covers.images[::-1], classes=covers.classes[::-1], proofs=covers.proofs[::-1]
    ),
    "a class": lambda covers: replace(covers, classes=(covers.classes + (np.arange(COUNT) == 7)) % 10),
    "a proof": lambda covers: replace(covers, proofs=covers.proofs ^ (np.arange(COUNT) == 7)[:, None, None]),
    "proofs cut off": lambda covers: replace(covers, proofs=covers.proofs[:, :-1]),
    "the root": lambda covers: replace(covers, pool_root=bytes([covers.pool_root[0] ^ 1]) + covers.pool_root[1:]),
    "a root of other length": lambda covers: replace(covers, pool_root=covers.pool_root * 2),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_pool_does_not_have_in_that_place_is_refused(what: str) -> None:
    draws = _draws(1)
    covers = chosen_covers(draws, _pool(300), COUNT)
    with pytest.raises(InvalidKeyError, match=r"cover \d+ of the key is not the one .*were chosen, not drawn"):
        check_places(REFUSED[what](covers), cover_places(draws, COUNT, 300))


def test_too_few_covers_are_refused() -> None:
    draws = _draws(1)
    covers = chosen_covers(draws, _pool(300), COUNT)
    few = replace(covers, images=covers.images[1:], classes=covers.classes[1:], proofs=covers.proofs[1:])
    with pytest.raises(InvalidKeyError, match="must hold 20 covers, one a sample, got 19"):
        check_places(few, cover_places(draws, COUNT, 300))
    for size in (0, COUNT - 1):
        with pytest.raises(InvalidKeyError, match=f"must hold at least 20 covers, one a sample, got {size}"):
            cover_places(draws, COUNT, size)
    # As many as samples will do: each is a stretch of its own.
    assert _numbers(chosen_covers(draws, _pool(COUNT), COUNT)) == list(range(COUNT))
