"""Transforms against their definitions, and the layer that changes coefficients."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from tensorflow import keras

from tfwm.networks import load_network
from tfwm.networks.spectra import (
    JPEG_BLOCK,
    NAMES,
    PROPORTIONAL,
    SpectralResidual,
    band,
    coefficients,
    cosines,
    haar,
    magnitudes,
    pictures,
)  # fmt: skip

SIZE = 16


def noise(channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((2, SIZE, SIZE, channels), np.float32)


def layer_of(name: str, pattern: np.ndarray) -> SpectralResidual:
    layer = SpectralResidual(name)
    layer.build((None, SIZE, SIZE, 1))
    layer.set_weights([pattern[..., None]])
    return layer


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_inverse_gives_the_pictures_back(name: str, channels: int) -> None:
    images = noise(channels)
    np.testing.assert_allclose(pictures(name, coefficients(name, images)), images, atol=1e-5)


def test_blocks_of_cosines_are_those_of_scipy() -> None:
    images = noise()
    found = coefficients("dct", images).numpy()
    expected = scipy.fft.dctn(images[1, 8:, :8, 2], type=2, norm="ortho")
    np.testing.assert_allclose(found[1, 8:, :8, 2], expected, atol=1e-5)
    np.testing.assert_allclose(cosines(JPEG_BLOCK) @ cosines(JPEG_BLOCK).T, np.eye(JPEG_BLOCK), atol=1e-12)


def test_wavelets_of_two_levels_by_hand() -> None:
    np.testing.assert_allclose(haar() @ haar().T, np.eye(4), atol=1e-12)
    picture = np.zeros((1, SIZE, SIZE, 1), np.float32)
    picture[0, :2, :4] = 1.0  # the upper half of the first block: a coarse edge and nothing else
    found = coefficients("dwt", picture).numpy()[0, :4, :4, 0]
    # The mean is 8 of 16 pixels times 1/4; the coarse detail along the rows is as large.
    expected = np.zeros((4, 4))
    expected[0, 0] = expected[1, 0] = 2.0
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_fourier_transform_is_numpys() -> None:
    images = noise(1)
    expected = np.fft.rfft2(images[0, ..., 0]) / SIZE
    np.testing.assert_allclose(coefficients("dft", images).numpy()[0, ..., 0], expected, atol=1e-5)


def test_bands_are_the_middle_ones() -> None:
    assert band("pixels", SIZE).all()
    assert band("dct", SIZE)[0, :8].tolist() == [False, False, False, True, True, True, True, False]
    assert band("dwt", SIZE)[:4, :4].sum() == 3
    assert not band("dft", SIZE)[0, 0]
    assert not band("dft", SIZE)[:, [0, -1]].any()
    assert band("dft", SIZE)[0, 2]  # an eighth of a cycle a pixel


@pytest.mark.parametrize("name", NAMES)
def test_the_layer_changes_what_the_pattern_says(name: str) -> None:
    inside = band(name, SIZE)
    pattern = np.where(inside, 0.01 * np.random.default_rng(1).choice([-1.0, 1.0], inside.shape), 0.0)
    images = noise()
    before, after = (coefficients(name, each).numpy() for each in (images, images + layer_of(name, pattern)(images)))
    expected = before * (1 + pattern[..., None]) if name in PROPORTIONAL else before + pattern[..., None]
    np.testing.assert_allclose(after, expected, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_sees_the_sign_of_a_change(name: str) -> None:
    inside = band(name, SIZE)
    images = noise()
    change = magnitudes(name, images + layer_of(name, 0.05 * inside)(images)) - magnitudes(name, images)
    assert (change.numpy()[:, inside] > 0).mean() > 0.99


def test_a_model_with_the_layer_survives_a_file(tmp_path) -> None:
    image = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(image, layer_of("dwt", 0.1 * band("dwt", SIZE))(image))
    model.save(tmp_path / "model.keras")
    images = noise()
    np.testing.assert_allclose(load_network(tmp_path / "model.keras")(images), model(images), atol=1e-6)
