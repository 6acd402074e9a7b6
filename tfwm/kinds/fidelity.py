"""How far two sets of pictures are apart: PSNR, weighted PSNR and SSIM, without TensorFlow."""

from __future__ import annotations

import math

import numpy as np

SSIM_WINDOW = 11  # pixels across the Gaussian window of Wang et al. 2004
PIXELS_PER_DEGREE = 60.0  # one arc minute a pixel: the design viewing distance of the ITU


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """PSNR in dB of the squared error pooled over all images; infinite where they are equal.

    Args:
      first: float images in [0, 1], `[n, height, width, channels]`.
      second: the same shape.
    """
    _check(first, second)
    error = float(np.mean(np.square(first.astype(np.float64) - second.astype(np.float64))))
    return math.inf if error == 0.0 else -10.0 * math.log10(error)


def mean_psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over the images of each one's PSNR in dB, as most papers print it; never below `psnr`.

    Args:
      first: float images in [0, 1], `[n, height, width, channels]`.
      second: the same shape.
    """
    _check(first, second)
    return float(np.mean([psnr(a[None], b[None]) for a, b in zip(first, second, strict=True)]))


def wpsnr(first: np.ndarray, second: np.ndarray, *, pixels_per_degree: float = PIXELS_PER_DEGREE) -> float:
    """PSNR in dB of the error as the eye sees it, pooled over all images; infinite where they are equal.

    The error is weighted in the frequency domain by the eye's contrast sensitivity, whose peak counts 1.

    Args:
      first: float images in [0, 1], `[n, height, width, channels]`; every channel counts alike.
      second: the same shape.
      pixels_per_degree: of the visual field; more of them is a viewer further away.

    Paper: Mannos and Sakrison 1974 for the sensitivity; the viewing distance is this library's choice. Quan et al. 2020
    print a WPSNR without a formula; theirs lies 7.0 to 7.1 dB above the PSNR in nearly every row, which no weighting
    by frequency does, so only differences of the two can be compared.
    """
    _check(first, second)
    if not 0.0 < pixels_per_degree < math.inf:
        raise ValueError(f"`pixels_per_degree` must be a number above 0, got {pixels_per_degree}. Use 60.")
    height, width = first.shape[1:3]
    vertical, horizontal = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    weights = contrast_sensitivity(np.hypot(vertical, horizontal) * pixels_per_degree)[..., None]
    spectra = np.fft.fft2(first.astype(np.float64) - second.astype(np.float64), axes=(1, 2))
    # Parseval: the mean square of the weighted error, without the way back to pixels.
    error = float(np.mean(np.square(np.abs(spectra) * weights))) / (height * width)
    return math.inf if error == 0.0 else -10.0 * math.log10(error)


def mean_wpsnr(first: np.ndarray, second: np.ndarray, *, pixels_per_degree: float = PIXELS_PER_DEGREE) -> float:
    """Mean over the images of each one's `wpsnr` in dB; never below it.

    Args:
      first: float images in [0, 1], `[n, height, width, channels]`.
      second: the same shape.
      pixels_per_degree: of the visual field.
    """
    _check(first, second)
    pairs = zip(first, second, strict=True)
    return float(np.mean([wpsnr(a[None], b[None], pixels_per_degree=pixels_per_degree) for a, b in pairs]))


def contrast_sensitivity(frequencies: np.ndarray) -> np.ndarray:
    """How well the eye sees a grating, 1 at best (7.9 cycles a degree).

    Args:
      frequencies: in cycles per degree, at least 0.

    Paper: Mannos and Sakrison 1974, divided by its largest value.
    """
    scaled = 0.114 * np.asarray(frequencies, np.float64)
    return 2.6 * (0.0192 + scaled) * np.exp(-(scaled**1.1)) / _SENSITIVITY_PEAK


_SENSITIVITY_PEAK = 0.98087787655549  # of the formula, at 7.8909 cycles per degree


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Mean structural similarity over the images, at most 1.

    Args:
      first: float images in [0, 1], `[n, height, width, channels]`, at least 11 pixels a side.
      second: the same shape.

    Paper: Wang, Bovik, Sheikh, Simoncelli 2004, with its Gaussian window (sigma 1.5).
    """
    _check(first, second)
    if min(first.shape[1:3]) < SSIM_WINDOW:
        raise ValueError(
            f"`first` must be at least {SSIM_WINDOW} pixels a side for SSIM, got {list(first.shape)}. "
            "Use larger images."
        )
    from skimage.metrics import structural_similarity

    scores = [
        structural_similarity(
            a, b, data_range=1.0, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for a, b in zip(first.astype(np.float64), second.astype(np.float64), strict=True)
    ]
    return float(np.mean(scores))


def _check(first: np.ndarray, second: np.ndarray) -> None:
    for name, images in (("first", first), ("second", second)):
        if images.dtype.kind != "f" or images.ndim != 4 or not images.size:
            raise ValueError(
                f"`{name}` must be float images [n, height, width, channels], got {images.dtype} "
                f"{list(images.shape)}. Divide uint8 images by 255 first."
            )
        # Comparing this way round lets NaN fail too.
        if not (images.min() >= 0.0 and images.max() <= 1.0):
            raise ValueError(
                f"`{name}` must lie in [0, 1], got {images.min():.4g} to {images.max():.4g}. "
                "Clip a network's output, or convert images that are in [-1, 1] or [0, 255]."
            )
    if first.shape != second.shape:
        raise ValueError(
            f"`first` and `second` must have one shape, got {list(first.shape)} and {list(second.shape)}. "
            "Resample one of them."
        )
