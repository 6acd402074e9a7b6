from __future__ import annotations

import math

import numpy as np
import pytest

from tfwm.evaluation.fidelity import mean_psnr, psnr, ssim


def _flat(*values: float, side: int = 16) -> np.ndarray:
    return np.stack([np.full((side, side, 3), value, np.float32) for value in values])


def test_psnr_is_taken_from_the_pooled_squared_error():
    # Errors 0.1 and 0.01: squares 1e-2 and 1e-4, mean 5.05e-3, -10 log10 of it = 22.967.
    assert psnr(_flat(0.5, 0.5), _flat(0.6, 0.51)) == pytest.approx(22.967, abs=1e-3)


def test_mean_psnr_is_the_mean_of_each_image():
    # 20 dB and 40 dB.
    assert mean_psnr(_flat(0.5, 0.5), _flat(0.6, 0.51)) == pytest.approx(30.0, abs=1e-3)


def test_equal_pictures_are_infinitely_near():
    assert psnr(_flat(0.3), _flat(0.3)) == math.inf


def test_psnr_agrees_with_scikit_image():
    from skimage.metrics import peak_signal_noise_ratio

    first, second = np.random.default_rng(0).random((2, 4, 16, 16, 3))
    assert psnr(first, second) == pytest.approx(peak_signal_noise_ratio(first, second, data_range=1.0))


def test_ssim_of_flat_pictures_is_the_luminance_term():
    # (2 * 0.5 * 0.6 + 1e-4) / (0.25 + 0.36 + 1e-4): contrast and structure are both C2/C2.
    assert ssim(_flat(0.5), _flat(0.6)) == pytest.approx(0.6001 / 0.6101, abs=1e-4)
    assert ssim(_flat(0.5), _flat(0.5)) == pytest.approx(1.0)


def test_ssim_refuses_pictures_smaller_than_its_window():
    with pytest.raises(ValueError, match="at least 11 pixels a side"):
        ssim(_flat(0.5, side=8), _flat(0.5, side=8))


@pytest.mark.parametrize(
    "second, message",
    [
        (np.zeros((1, 16, 16, 3), np.uint8), "`second` must be float images"),
        (_flat(0.5)[0], "`second` must be float images"),
        (_flat(1.5), r"`second` must lie in \[0, 1\], got 1.5"),
        (_flat(math.nan), r"`second` must lie in \[0, 1\]"),
        (_flat(0.5, side=12), "must have one shape"),
        (np.zeros((0, 16, 16, 3), np.float32), "`second` must be float images"),
    ],
)
def test_what_is_no_picture_is_refused(second, message):
    for figure in (psnr, mean_psnr, ssim):
        with pytest.raises(ValueError, match=message):
            figure(_flat(0.5), second)
