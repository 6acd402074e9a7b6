"""The two detectors that Li et al. 2019 build against key samples, and how they fare on pictures they never saw."""

from __future__ import annotations

import numpy as np
from tensorflow import keras

from tfwm.attacks.endpoints.detectors import dense_network, features_of, linear_network, suspicion, train_detector

Scores = tuple[np.ndarray, np.ndarray]
"""What a detector says of clean and of key pictures, float64 `[n]` in [0, 1]: higher is more suspicious."""


def dense_detector(
    clean: np.ndarray, key: np.ndarray, clean_test: np.ndarray, key_test: np.ndarray, *, seed: int
) -> Scores:
    """Trains three dense layers, of 512, 256 and 1 units, on the pixels, and asks them about other pictures.

    An endpoint that finds key samples so may answer them at random, and no verification will see the mark.

    Args:
      clean: ordinary pictures to train on, uint8 `[n, height, width, channels]`.
      key: key samples to train on, uint8 `[m, height, width, channels]`.
      clean_test: ordinary pictures that it is asked about, others than in `clean`.
      key_test: key samples that it is asked about, of other covers than `key`.
      seed: of the initial weights and of the order in training.

    Returns:
      Scores of `clean_test` and `key_test`, for `tfwm.evaluation.roc`.

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
    """Trains one linear unit on what a classifier gives its last dense layer, and asks it about other pictures.

    The classifier itself stays as it is.

    Args:
      features_model: the classifier; ResNet-18 in the paper, and the stolen model itself will do.
      clean: ordinary pictures to train on, as for `dense_detector`.
      key: key samples to train on.
      clean_test: ordinary pictures that it is asked about.
      key_test: key samples that it is asked about.
      seed: of the initial weights and of the order in training.

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
