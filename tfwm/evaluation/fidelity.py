"""How far two sets of pictures are apart: PSNR and SSIM, without TensorFlow."""

from __future__ import annotations

import math

import numpy as np

SSIM_WINDOW = 11  # pixels across the Gaussian window of Wang et al. 2004


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
    """Mean over the images of each one's PSNR in dB, as most papers print it; never below `psnr`."""
    _check(first, second)
    return float(np.mean([psnr(a[None], b[None]) for a, b in zip(first, second, strict=True)]))


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
