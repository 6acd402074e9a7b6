"""Smoothing by relative total variation (Xu, Yan, Xia, Jia: SIGGRAPH Asia 2012): edges stay and texture goes.

A traditional algorithm, no network: what a barrier without a host is put behind (Zhang et al. 2021, section 5.3).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import splu

_SMALLEST = 1e-3  # of windowed variations, which are divided by


def relative_total_variation(
    image: np.ndarray, *, smoothness: float = 0.01, scale: float = 3.0, sharpness: float = 0.02, iterations: int = 4
) -> np.ndarray:
    """One picture without its texture.

    The picture S minimises `(S - I)^2 + smoothness * sum of D / (L + eps)`: D is the windowed total variation and L the
    absolute value of the windowed variation, which is small where gradients change their sign as in texture. Each
    iteration takes the weights of the last S and solves a sparse linear system.

    Args:
      image: float `[h, w, c]` in [0, 1].
      smoothness: lambda of the paper, from 0.01 to 0.03 there.
      scale: sigma of the window in pixels, the size of texture; halved after each iteration.
      sharpness: eps_s of the paper: smaller values leave sharper edges.
      iterations: 3 to 5 in the paper.

    Returns:
      float32 `[h, w, c]` in [0, 1].

    Raises:
      ValueError: `image` is no such picture, or a number is not above 0.
    """
    if image.ndim != 3 or 0 in image.shape or image.dtype.kind != "f":
        raise ValueError(f"`image` must be float [h, w, c], got {image.dtype} {list(image.shape)}.")
    if min(smoothness, scale, sharpness, iterations) <= 0:
        raise ValueError(
            f"`smoothness`, `scale`, `sharpness` and `iterations` must be above 0, got {smoothness:g}, {scale:g}, "
            f"{sharpness:g} and {iterations}. The paper has 0.015, 3, 0.02 and 4."
        )
    given = image.astype(np.float64)
    smooth = given
    for iteration in range(iterations):
        sigma = max(0.5, scale * 0.5**iteration)
        weights = [smoothness * _weights(smooth, axis, sigma, sharpness) for axis in (0, 1)]
        # The matrix is symmetric and its diagonal dominates: this order of elimination is many times as fast.
        factors = splu(_system(*weights), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        solved = factors.solve(given.reshape(-1, given.shape[2]))
        smooth = solved.reshape(given.shape)
    return np.clip(smooth, 0.0, 1.0).astype(np.float32)


def _weights(smooth: np.ndarray, axis: int, sigma: float, sharpness: float) -> np.ndarray:
    """u w of the paper along an axis, `[h, w]`; 0 at the last row or column, which has no next one."""
    steps = _steps(smooth, axis)
    windowed = np.abs(gaussian_filter(steps, (sigma, sigma, 0))).mean(axis=2)
    inherent = gaussian_filter(1.0 / np.maximum(windowed, _SMALLEST), sigma)
    weights = inherent / np.maximum(np.abs(steps).mean(axis=2), sharpness)
    last = (slice(-1, None), slice(None)) if axis == 0 else (slice(None), slice(-1, None))
    weights[last] = 0.0
    return np.asarray(weights)


def _steps(smooth: np.ndarray, axis: int) -> np.ndarray:
    """From each pixel to the next one along an axis; 0 from the last."""
    last = np.take(smooth, [-1], axis=axis)
    return np.asarray(np.diff(smooth, axis=axis, append=last))


def _system(down: np.ndarray, across: np.ndarray) -> sparse.csc_matrix:
    """The matrix `1 + L` of pixels in rows: L is the Laplacian of a grid whose edges have these weights."""
    width, count = down.shape[1], down.size
    below, right = down.ravel(), across.ravel()
    degree = below + right + np.roll(below, width) + np.roll(right, 1)  # the last of each weighs nothing
    upper = _above(-below, width) + _above(-right, 1)
    return (sparse.diags([1.0 + degree], [0]) + upper + upper.T).tocsc()


def _above(values: np.ndarray, offset: int) -> sparse.spmatrix:
    """So many places above the diagonal these values, but for the last ones; nothing where there is no such place."""
    count = len(values)
    if offset >= count:
        return sparse.csc_matrix((count, count))
    return sparse.diags([values[: count - offset]], [offset], (count, count))
