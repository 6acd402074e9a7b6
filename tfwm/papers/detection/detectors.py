"""The two detectors that Li et al. 2019 build against key samples, and how they fare on pictures they never saw."""

from __future__ import annotations

import numpy as np
from tensorflow import keras

from tfwm.attacks.endpoints.detectors import dense_network, features_of, linear_network, suspicion, train_detector

Scores = tuple[np.ndarray, np.ndarray]
"""Of clean and of key pictures, float64 in [0, 1]: higher is more suspicious."""


def dense_detector(
    clean: np.ndarray, key: np.ndarray, clean_test: np.ndarray, key_test: np.ndarray, *, seed: int
) -> Scores:
    """Three dense layers, 512-256-1, on the pixels.

    Why: key samples that differ in distribution from ordinary pictures are found, and answered at random.

    Args:
      clean, key: uint8 `[n, h, w, c]`, what it is trained on.
      clean_test, key_test: uint8, what it is asked about; of other covers and clean pictures than the first two.
      seed: of weights and order.

    Returns:
      Scores of `clean_test` and `key_test`, for `tfwm.papers.detection.roc`.

    Raises:
      ValueError: arrays that are no uint8 pictures, of two sizes, or empty.

    Paper: Li et al. 2019, section 6.3, eq. 16, figure 6. Their theta_d is high for ordinary pictures; here for key
    samples.
    """
    _check(clean, key, clean_test, key_test)
    network = train_detector(dense_network(clean.shape[1:], seed=seed), clean, key, seed=seed)
    return suspicion(network, clean_test), suspicion(network, key_test)


def feature_detector(
    features_model: keras.Model, clean: np.ndarray, key: np.ndarray, clean_test: np.ndarray, key_test: np.ndarray, *,
    seed: int,
) -> Scores:  # fmt: skip
    """One linear unit on what a classifier sees ahead of its last dense layer, which stays as it is.

    Args:
      features_model: ResNet-18 in the paper; also the stolen model itself.
      clean, key, clean_test, key_test, seed: as for `dense_detector`.

    Returns:
      Scores of `clean_test` and `key_test`.

    Raises:
      ValueError: as `dense_detector`, or a model without a dense layer.

    Paper: Li et al. 2019, section 6.3, figure 7. Whether they froze the features is not said; here they are.
    """
    _check(clean, key, clean_test, key_test)
    seen = [features_of(features_model, images) for images in (clean, key, clean_test, key_test)]
    network = train_detector(linear_network(seen[0].shape[1], seed=seed), seen[0], seen[1], seed=seed)
    return suspicion(network, seen[2]), suspicion(network, seen[3])


def _check(clean: np.ndarray, key: np.ndarray, clean_test: np.ndarray, key_test: np.ndarray) -> None:
    named = {"clean": clean, "key": key, "clean_test": clean_test, "key_test": key_test}
    for name, images in named.items():
        if images.dtype != np.uint8 or images.ndim != 4 or not len(images) or images.shape[1:] != clean.shape[1:]:
            raise ValueError(
                f"`{name}` must be uint8 [n, height, width, channels], at least one picture, all of one size, got "
                f"{images.dtype} {list(images.shape)}. Convert float images with tfwm.data.to_uint8 first."
            )
