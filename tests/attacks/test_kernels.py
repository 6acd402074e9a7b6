"""Arithmetic on kernels, by hand."""

from __future__ import annotations

import numpy as np

from tfwm.attacks.kernels import pruned, quantized


def test_pruned_by_hand() -> None:
    kernel = np.array([[3.0, -1.0, 0.5, -4.0], [2.0, -0.25, 1.0, 5.0]], np.float32)
    # 3 of 8: |w| in order 0.25, 0.5, 1 (the first of the two, -1), 1, 2, 3, 4, 5.
    expected = np.array([[3.0, 0.0, 0.0, -4.0], [2.0, 0.0, 1.0, 5.0]])
    np.testing.assert_array_equal(pruned(kernel, 3 / 8), expected)
    assert kernel[0, 2] == 0.5


def test_quantized_by_hand() -> None:
    # 2 bits from -1 to 2: four values, step 3 / 3 = 1.
    kernel = np.array([-1.0, -0.6, 0.4, 0.6, 1.4, 2.0], np.float32)
    np.testing.assert_allclose(quantized(kernel, 2), [-1, -1, 0, 1, 1, 2], atol=1e-6)
    np.testing.assert_array_equal(quantized(np.full(3, 0.7, np.float32), 8), np.full(3, 0.7, np.float32))
