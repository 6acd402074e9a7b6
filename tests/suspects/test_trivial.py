from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.suspects import as_float
from tfwm.suspects.trivial import (
    constant,
    constant_class,
    echo,
    guessers,
    hashed_class,
    majority_class,
    mean_image,
    random_scores,
    trivial_suspects,
    uniform_noise,
)  # fmt: skip
from tfwm.types import Access, LabelledImages, Suspect


def test_all_answer_images_of_any_size_and_have_names_of_their_own() -> None:
    suspects = trivial_suspects(patches(3, seed=0), seed=1)
    assert [suspect.name for suspect in suspects] == ["constant", "echo", "noise", "mean_image"]
    for suspect in suspects:
        assert isinstance(suspect, Suspect)
        assert suspect.access == Access.QUERIES
        for queries in (patches(2, seed=5), patches(40, seed=5)[:, :9, :13]):
            answers = suspect(queries)
            assert answers.shape == queries.shape
            assert answers.dtype == np.float32
            assert 0 <= answers.min() <= answers.max() <= 1


def test_constant_and_echo() -> None:
    images = patches(2, seed=5)
    assert np.unique(constant(0.25)(images)) == [0.25]
    np.testing.assert_array_equal(echo()(images), as_float(images))
    with pytest.raises(ValueError, match="`value` must be a number from 0 to 1, got 2"):
        constant(2.0)


def test_noise_is_a_function_of_seed_and_query() -> None:
    images = patches(3, seed=5)
    first = uniform_noise(seed=1)(images)
    np.testing.assert_array_equal(uniform_noise(seed=1)(images[::-1])[::-1], first)
    assert np.abs(uniform_noise(seed=2)(images) - first).mean() > 0.1
    assert np.abs(first[0] - first[1]).mean() > 0.1


def test_mean_image_by_hand() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[1, :, :, 0] = 102
    # (0 + 102) / 2 / 255 = 0.2 in red, at every size.
    for size in (4, 9):
        answers = mean_image(images)(np.zeros((2, size, size, 3), np.uint8))
        np.testing.assert_allclose(answers[..., 0], 0.2, atol=1e-6)
        np.testing.assert_array_equal(answers[..., 1:], 0)
    with pytest.raises(ValueError, match=r"`images` must be .* got \[0, 4, 4, 3\]"):
        mean_image(images[:0])


def test_guessers_answer_with_scores_of_any_number_of_pictures() -> None:
    images = patches(6, seed=5)
    data = LabelledImages(images, np.array([2, 1, 1, 2, 0, 2]), 4)
    found = {suspect.name: suspect for suspect in guessers(data, seed=1)}
    assert list(found) == ["constant_class", "majority_class", "random_scores", "hashed_class"]
    for suspect in found.values():
        assert isinstance(suspect, Suspect)
        assert suspect.access == Access.QUERIES
        answers = suspect(images[:3])
        assert answers.shape == (3, 4)
        assert answers.dtype == np.float32
        assert 0 <= answers.min() <= answers.max() <= 1


def test_one_class_for_all() -> None:
    images = patches(6, seed=5)
    np.testing.assert_array_equal(constant_class(3, 4)(images).argmax(axis=1), [3] * 6)
    # Two of class 1 and two of class 2: the first of them.
    tied = LabelledImages(images[:5], np.array([2, 1, 1, 2, 0]), 4)
    np.testing.assert_array_equal(majority_class(tied)(images).argmax(axis=1), [1] * 6)
    with pytest.raises(ValueError, match=r"`label` must lie in \[0, 3\] for 4 classes, got 4. Use 0"):
        constant_class(4, 4)


def test_hashed_classes_follow_the_picture_and_random_scores_its_place() -> None:
    images = patches(40, seed=5)
    hashed, drawn = hashed_class(10, seed=1), random_scores(10, seed=1)
    np.testing.assert_array_equal(hashed(images[::-1])[::-1], hashed(images))
    np.testing.assert_array_equal(drawn(images[::-1]), drawn(images))
    for other, own in ((hashed_class(10, seed=2), hashed), (random_scores(10, seed=2), drawn)):
        assert np.mean(other(images).argmax(axis=1) == own(images).argmax(axis=1)) < 0.5
    assert len(np.unique(hashed(images).argmax(axis=1))) > 5
