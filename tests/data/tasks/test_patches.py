from __future__ import annotations

import numpy as np
import pytest

from tests.data.pictures import photograph
from tfwm.data.tasks.patches import sample_patches

PHOTOGRAPHS = [photograph(100, 140, seed=1), photograph(300, 90, seed=2)]


def test_patches_are_reproducible_and_the_first_do_not_depend_on_the_count():
    patches = sample_patches(PHOTOGRAPHS, 20, 32, seed=3)
    assert patches.shape == (20, 32, 32, 3)
    assert patches.dtype == np.uint8
    np.testing.assert_array_equal(sample_patches(PHOTOGRAPHS, 8, 32, seed=3), patches[:8])
    assert (sample_patches(PHOTOGRAPHS, 8, 32, seed=4) != patches[:8]).any()


def test_scale_spans_from_pixels_to_the_whole_short_side():
    # A ramp of one grey level a column: the range of values in a patch is the width that it covers.
    ramp = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (200, 1, 1))
    patches = sample_patches([ramp], 400, 20, seed=0)[..., 0].astype(float)
    # Between the centres of the outer pixels lie 19 of the 20 columns of a patch.
    covered = np.abs(patches[:, 10, -1] - patches[:, 10, 0]) * 20 / 19
    assert 18 < covered.min() < 22
    assert 185 < covered.max() < 205
    assert abs(np.median(covered) - np.sqrt(20 * 200)) < 12  # logarithmic scale: the median is the geometric mean
    mirrored = (patches[:, 10, -1] < patches[:, 10, 0]).mean()
    assert 0.42 < mirrored < 0.58


def test_every_photograph_and_every_place_is_used():
    left = np.zeros((64, 64, 1), np.uint8)
    right = np.full((64, 64, 1), 255, np.uint8)
    means = sample_patches([left, right], 200, 16, seed=0).mean(axis=(1, 2, 3))
    assert set(means) == {0.0, 255.0}
    assert 60 < (means == 0).sum() < 140


def test_scaling_down_is_antialiased():
    checks = (np.indices((320, 320)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None]
    patches = sample_patches([checks], 100, 16, seed=1)
    # Without antialiasing a chequerboard gives arbitrary black and white; with it most patches are grey.
    assert (patches.std(axis=(1, 2, 3)) < 20).mean() > 0.6


def test_errors():
    with pytest.raises(ValueError, match=r"`photographs\[1\]` must have at least 100 pixels(.|\n)*smaller patches"):
        sample_patches(PHOTOGRAPHS, 2, 100, seed=0)
    with pytest.raises(ValueError, match=r"share one number of channels"):
        sample_patches([photograph(), photograph(channels=1)], 2, 8, seed=0)
    with pytest.raises(ValueError, match=r"must not be empty"):
        sample_patches([], 2, 8, seed=0)
