"""Any picture size in, any picture size out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import load_network
from tfwm.networks.resampling import AddResampled, CropLike, PadToMultiple, Resample, any_size, resample


def _pictures(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, height, width, 3), np.float32)


def test_resample_leaves_what_fits() -> None:
    pictures = tf.constant(_pictures(8, 8))
    assert resample(pictures, 8) is pictures


def test_resample_keeps_the_mean_and_flat_pictures() -> None:
    flat = np.full((1, 12, 20, 3), 0.3, np.float32)
    np.testing.assert_allclose(resample(flat, 4), np.full((1, 4, 4, 3), 0.3), atol=1e-6)
    assert resample(_pictures(50, 70), 16).shape == (2, 16, 16, 3)
    np.testing.assert_allclose(np.mean(resample(_pictures(64, 64), 16)), _pictures(64, 64).mean(), atol=5e-3)


def test_resample_does_not_alias() -> None:
    """A checkerboard of single pixels becomes grey, not a pattern of its own."""
    board = (np.indices((32, 32)).sum(axis=0) % 2).astype(np.float32)[None, :, :, None]
    assert np.abs(resample(board, 8).numpy()[:, 1:-1, 1:-1] - 0.5).max() < 0.02


def test_resample_by_layer_is_the_same() -> None:
    np.testing.assert_array_equal(Resample(16)(_pictures(50, 70)), resample(_pictures(50, 70), 16))


@pytest.mark.parametrize("height, width", [(4, 4), (9, 5), (50, 70)])
def test_a_flat_residual_is_added_everywhere_and_clipped(height: int, width: int) -> None:
    pictures = _pictures(height, width)
    answers = AddResampled()([tf.constant(pictures), tf.fill([2, 4, 4, 3], 0.25)])
    np.testing.assert_allclose(answers, np.clip(pictures + 0.25, 0, 1), atol=1e-6)


@pytest.mark.parametrize("height, width", [(8, 8), (7, 5), (1, 1), (9, 16)])
def test_padding_repeats_the_border_and_cropping_takes_it_off(height: int, width: int) -> None:
    pictures = _pictures(height, width)
    padded = PadToMultiple(4)(pictures).numpy()
    assert padded.shape[1] % 4 == padded.shape[2] % 4 == 0
    assert padded.shape[1] - height < 4
    assert padded.shape[2] - width < 4
    grown = ((0, 0), (0, padded.shape[1] - height), (0, padded.shape[2] - width), (0, 0))
    np.testing.assert_array_equal(padded, np.pad(pictures, grown, "edge"))
    np.testing.assert_array_equal(CropLike()([padded, pictures]), pictures)


def _halves() -> keras.Model:
    """Fails on sizes that 4 does not divide: it goes down by 4 and up again."""
    image = keras.Input((None, None, 3), name="image")
    small = keras.layers.AveragePooling2D(4)(image)
    return keras.Model(image, keras.layers.Add()([image, keras.layers.UpSampling2D(4)(small)]), name="net")


@pytest.mark.parametrize("height, width", [(8, 12), (9, 11), (50, 70), (1, 3)])
def test_any_size(height: int, width: int) -> None:
    network = any_size(_halves(), 4)
    assert network.name == "net"
    assert network(_pictures(height, width)).shape == (2, height, width, 3)


def test_any_size_changes_nothing_where_the_size_fits() -> None:
    np.testing.assert_array_equal(any_size(_halves(), 4)(_pictures(8, 12)), _halves()(_pictures(8, 12)))
    assert any_size(_halves(), 1, name="other").name == "other"


def test_the_layers_survive_a_file(tmp_path: Path) -> None:
    image = keras.Input((None, None, 3), name="image")
    network = any_size(keras.Model(image, AddResampled()([image, Resample(4)(image)])), 4)
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(load_network(tmp_path / "network.keras")(_pictures(9, 11)), network(_pictures(9, 11)))
