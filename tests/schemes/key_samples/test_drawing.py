"""Labels and covers are drawn from the secret alone; labels are fair, or no p-value would hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2

from tfwm.keys import new_secret
from tfwm.schemes.key_samples.drawing import chosen_covers, key_labels

SECRETS, COUNT = 400, 20


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_labels_are_uniform_over_the_classes(classes: int) -> None:
    labels = np.stack([key_labels(new_secret(seed), COUNT, classes) for seed in range(SECRETS)])
    assert (labels.dtype, labels.min(), labels.max()) == (np.int64, 0, classes - 1)
    expected = labels.size / classes
    counts = np.bincount(labels.ravel(), minlength=classes)
    assert chi2.sf(np.sum((counts - expected) ** 2 / expected), classes - 1) > 1e-3
    # At every place, too: a place with a favourite label would be guessed. 20 tests, hence the smaller level.
    share = SECRETS / classes
    for place in labels.T:
        statistic = np.sum((np.bincount(place, minlength=classes) - share) ** 2 / share)
        assert chi2.sf(statistic, classes - 1) > 1e-4


def test_hits_of_one_fixed_guess_are_binomial() -> None:
    """What verify's p-value says: of any answers, given beforehand, Bin(n, 1 / classes) agree."""
    guess = np.arange(COUNT) % 10
    hits = np.array([(key_labels(new_secret(seed), COUNT, 10) == guess).sum() for seed in range(2000)])
    observed = np.array([np.sum(hits == k) for k in range(6)] + [np.sum(hits >= 6)])
    expected = 2000 * np.array([*binom.pmf(np.arange(6), COUNT, 0.1), binom.sf(5, COUNT, 0.1)])
    assert chi2.sf(np.sum((observed - expected) ** 2 / expected), 6) > 1e-3


def test_two_places_and_two_secrets_know_nothing_of_each_other() -> None:
    labels = np.stack([key_labels(new_secret(seed), COUNT, 2) for seed in range(SECRETS)])
    agreement = np.corrcoef(labels.T) - np.eye(COUNT)
    assert np.abs(agreement).max() < 5 / np.sqrt(SECRETS)
    assert len({row.tobytes() for row in labels}) == SECRETS


def test_labels_are_a_function_of_the_secret() -> None:
    first = key_labels(new_secret(1), COUNT, 10)
    np.testing.assert_array_equal(key_labels(new_secret(1), COUNT, 10), first)
    assert (key_labels(new_secret(2), COUNT, 10) != first).any()


def test_covers_are_different_images_of_the_owners() -> None:
    images = np.arange(50, dtype=np.uint8)[:, None, None, None]
    chosen = chosen_covers(new_secret(1), images, 30).ravel()
    assert len(set(chosen.tolist())) == 30
    np.testing.assert_array_equal(chosen_covers(new_secret(1), images, 30).ravel(), chosen)
    assert set(chosen_covers(new_secret(2), images, 30).ravel()) != set(chosen.tolist())
    assert sorted(chosen_covers(new_secret(1), images, 50).ravel().tolist()) == list(range(50))
    # Every image is chosen as often as any other: 20 of 50 in 400 draws, 160 +- 9.8.
    counts = np.bincount(
        np.concatenate([chosen_covers(new_secret(seed), images, 20).ravel() for seed in range(400)]), minlength=50
    )
    assert np.abs(counts - 160).max() < 4.5 * np.sqrt(400 * 0.4 * 0.6)


def test_covers_do_not_tell_the_labels() -> None:
    """Two uses of one secret: the first cover's place and the first label are independent."""
    images = np.arange(4, dtype=np.uint8)[:, None, None, None]
    pairs = [
        (int(chosen_covers(secret, images, 1)[0, 0, 0, 0]), int(key_labels(secret, 1, 4)[0]))
        for secret in map(new_secret, range(1600))
    ]
    table = np.zeros((4, 4))
    for place, label in pairs:
        table[place, label] += 1
    assert chi2.sf(np.sum((table - 100) ** 2 / 100), 15) > 1e-3
