from __future__ import annotations

import math

import numpy as np
import pytest

from tfwm.kinds.fidelity import contrast_sensitivity, mean_psnr, mean_wpsnr, psnr, ssim, wpsnr


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


def test_sensitivity_is_one_at_its_peak_and_falls_off_on_both_sides():
    frequencies = np.linspace(0, 60, 600_001)
    found = contrast_sensitivity(frequencies)
    assert found.max() == pytest.approx(1.0, abs=1e-12)
    assert frequencies[found.argmax()] == pytest.approx(7.891, abs=1e-3)
    # 2.6 * (0.0192 + 1.14) * exp(-1.14 ** 1.1) = 0.9495 at 10 cycles per degree.
    assert contrast_sensitivity(np.array(10.0)) * 0.9808779 == pytest.approx(0.9495, abs=1e-4)


def test_equal_pictures_are_infinitely_near_for_the_eye_too():
    assert wpsnr(_flat(0.3), _flat(0.3)) == math.inf


def test_wpsnr_of_a_constant_shift_is_the_sensitivity_at_zero():
    # 20 dB for the shift of 0.1; the weight is 2.6 * 0.0192 / 0.98088 = 0.050893, or 25.867 dB.
    assert wpsnr(_flat(0.5), _flat(0.6)) == pytest.approx(45.867, abs=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("cycles, pixels_per_degree", [(4, 60.0), (8, 60.0), (8, 32.0)])
def test_wpsnr_of_a_grating_is_its_energy_times_the_sensitivity(channels, cycles, pixels_per_degree):
    grating = 0.1 * np.cos(2 * np.pi * cycles * np.arange(32) / 32)
    second = np.broadcast_to(0.5 + grating[None, None, :, None], (2, 24, 32, channels))
    weight = float(contrast_sensitivity(np.array(cycles / 32 * pixels_per_degree)))
    expected = -10.0 * math.log10(0.1**2 / 2 * weight**2)
    found = wpsnr(np.full_like(second, 0.5), second, pixels_per_degree=pixels_per_degree)
    assert found == pytest.approx(expected, abs=1e-9)
    assert mean_wpsnr(np.full_like(second, 0.5), second, pixels_per_degree=pixels_per_degree) == pytest.approx(expected)


def test_fine_noise_disturbs_less_than_coarse_noise_of_the_same_energy():
    draw = np.random.default_rng(0)
    coarse = np.kron(draw.choice([-0.1, 0.1], (1, 16, 16, 1)), np.ones((1, 4, 4, 1)))
    fine = draw.choice([-0.1, 0.1], (1, 64, 64, 1))
    plain = np.full((1, 64, 64, 1), 0.5)
    assert psnr(plain, plain + coarse) == pytest.approx(psnr(plain, plain + fine))
    assert wpsnr(plain, plain + fine) > wpsnr(plain, plain + coarse) + 2.0


def test_from_further_away_noise_is_seen_less():
    first, second = np.random.default_rng(0).random((2, 1, 32, 32, 1))
    figures = [wpsnr(first, second, pixels_per_degree=distance) for distance in (30.0, 60.0, 120.0)]
    assert figures == sorted(figures)
    assert figures[0] > psnr(first, second)
    with pytest.raises(ValueError, match="`pixels_per_degree` must be a number above 0, got 0"):
        wpsnr(first, second, pixels_per_degree=0)


def test_mean_wpsnr_is_the_mean_of_each_image():
    assert mean_wpsnr(_flat(0.5, 0.5), _flat(0.6, 0.51)) == pytest.approx(55.867, abs=1e-3)
    assert wpsnr(_flat(0.5, 0.5), _flat(0.6, 0.51)) == pytest.approx(22.967 + 25.867, abs=2e-3)


@pytest.mark.parametrize("figure", [psnr, mean_psnr, wpsnr, mean_wpsnr, ssim])
def test_grey_pictures_score_as_the_same_pictures_in_three_channels(figure):
    first, second = np.random.default_rng(0).random((2, 2, 16, 16, 1))
    assert figure(first, second) == pytest.approx(figure(first.repeat(3, -1), second.repeat(3, -1)))


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
    for figure in (psnr, mean_psnr, ssim, wpsnr, mean_wpsnr):
        with pytest.raises(ValueError, match=message):
            figure(_flat(0.5), second)
