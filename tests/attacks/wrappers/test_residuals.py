"""What a model adds to every picture: its mean and its principal components, taken off again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tests.attacks.wrappers.models import pattern
from tfwm.attacks import ComponentsSubtracted, MeanSubtracted
from tfwm.attacks.wrappers.residuals import principal_components
from tfwm.suspects import FunctionSuspect, as_float

QUERIES = as_float(patches(5, seed=9))
TWO = np.random.default_rng(1).normal(0, 0.02, (2, 16, 16, 1)).astype(np.float32)


def adding(residual) -> FunctionSuspect:
    """Leaves every picture as it is, but for what is added: a function of the pictures."""
    return FunctionSuspect("adding", lambda images: images + residual(images))


def by_content(images: np.ndarray) -> np.ndarray:
    """Two patterns, whose strengths and signs follow the mean of two channels."""
    means = 2.0 * images.mean(axis=(1, 2))[:, :2] - 1.0
    return np.einsum("nk,khwc->nhwc", means, TWO)


@pytest.mark.parametrize("pictures", ["flat", "ordinary"])
def test_what_is_added_to_every_picture_is_gone(pictures, data, run) -> None:
    suspect = adding(lambda images: pattern(*images.shape[1:3]) - 0.1)
    assert np.abs(suspect(QUERIES) - QUERIES).max() > 0.09
    np.testing.assert_allclose(MeanSubtracted(pictures, 8)(suspect, data, run)(QUERIES), QUERIES, atol=1e-6)


def test_a_share_of_it_is_gone(data, run) -> None:
    suspect = adding(lambda images: pattern(*images.shape[1:3]) - 0.1)
    added = suspect(QUERIES) - QUERIES
    half = MeanSubtracted("flat", 8, share=0.5)(suspect, data, run)(QUERIES) - QUERIES
    np.testing.assert_allclose(half, 0.5 * added, atol=1e-6)
    content = adding(by_content)
    over = ComponentsSubtracted("flat", 8, 2, share=1.5)(content, data, run)(QUERIES) - QUERIES
    np.testing.assert_allclose(over, np.broadcast_to(-0.5 * by_content(QUERIES), over.shape), atol=3e-5)


def test_the_mean_follows_the_size_of_the_answer(data, run) -> None:
    smooth = adding(lambda images: 0.1 * np.linspace(-1, 1, images.shape[2], dtype=np.float32)[None, None, :, None])
    large = np.full((1, 32, 48, 3), 0.5, np.float32)
    found = MeanSubtracted("flat", 4)(smooth, data, run)(large)
    assert np.abs(found - large).max() < 0.01 < np.abs(smooth(large) - large).max()


def test_the_questions(data, run) -> None:
    asked: list[np.ndarray] = []
    listening = FunctionSuspect("listening", lambda images: asked.append(images) or images)
    MeanSubtracted("flat", 40)(listening, data, run)
    assert sum(map(len, asked)) == 40
    assert all((image == image[0, 0]).all() for part in asked for image in part)
    assert len({image.tobytes() for part in asked for image in part}) == 40
    asked.clear()
    MeanSubtracted("ordinary", 40)(listening, data, run)  # he has eight
    own = {image.tobytes() for image in as_float(data.targets)}
    assert {image.tobytes() for part in asked for image in part} == own
    asked.clear()
    MeanSubtracted("ordinary", 3)(listening, data, run)
    assert sum(map(len, asked)) == 3


def test_a_mark_that_follows_content_survives_its_mean_but_not_its_components(data, run) -> None:
    suspect = adding(by_content)
    mark = by_content(QUERIES)
    left = MeanSubtracted("flat", 64)(suspect, data, run)(QUERIES) - QUERIES
    # Flat pictures of even colours have no mean of a pattern: its standard error is 1/sqrt(3 * 64) of it.
    assert np.corrcoef(left.ravel(), np.broadcast_to(mark, left.shape).ravel())[0, 1] > 0.9
    for pictures in ("flat", "ordinary"):
        found = ComponentsSubtracted(pictures, 8, 2)(suspect, data, run)(QUERIES)
        np.testing.assert_allclose(found, QUERIES, atol=2e-5)
    one = ComponentsSubtracted("flat", 64, 1)(suspect, data, run)(QUERIES) - QUERIES
    assert 0.1 * np.abs(mark).mean() < np.abs(one).mean() < np.abs(left).mean()


def test_components_of_another_size(data, run) -> None:
    ramp = np.linspace(-1, 1, 16, dtype=np.float32)

    def smooth(images: np.ndarray) -> np.ndarray:
        places = np.interp(np.linspace(0, 15, images.shape[2]), np.arange(16), ramp).astype(np.float32)
        return 0.2 * (images.mean(axis=(1, 2, 3), keepdims=True) - 0.5) * places[None, None, :, None]

    large = np.full((1, 32, 40, 3), 0.8, np.float32)
    found = ComponentsSubtracted("flat", 16, 1)(adding(smooth), data, run)(large)
    assert np.abs(found - large).max() < 0.1 * np.abs(smooth(large)).max()


def test_principal_components_by_hand() -> None:
    rows = np.array([[3.0, 0, 0], [-3, 0, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    found = principal_components(rows, 3)  # the rows span two of three directions
    np.testing.assert_allclose(np.abs(found), [[1, 0, 0], [0, 0, 1]], atol=1e-6)
    assert principal_components(np.zeros((4, 3), np.float32), 2).shape == (0, 3)


def test_what_cannot_be_estimated_is_refused(data, run) -> None:
    broken = FunctionSuspect("broken", lambda images: images * np.nan)
    with pytest.raises(ValueError, match="needs finite images of the channels of its questions"):
        MeanSubtracted()(broken, data, run)
    grey = FunctionSuspect("grey", lambda images: images[..., :1])
    with pytest.raises(ValueError, match=r"for \[256, 16, 16, 3\] from `grey`"):
        MeanSubtracted()(grey, data, run)
    with pytest.raises(ValueError, match="must hold more pictures than `components`, 4, got 4"):
        ComponentsSubtracted("ordinary")(adding(by_content), data[:4], run)
