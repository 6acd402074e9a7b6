"""Features of what a picture shows go along with it, and the layer that follows them takes any picture."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tfwm.networks import load_network
from tfwm.networks.structure import (
    StructureResidual,
    blurred,
    feature_count,
    features,
    odd_count,
    plain_colours,
    plain_count,
    waves,
)  # fmt: skip


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def filled(channels: int, waves: int = 8) -> StructureResidual:
    layer = StructureResidual(waves)
    layer.build((None, None, None, channels))
    draw = np.random.default_rng(1)
    layer.set_weights([0.1 * draw.standard_normal(weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_features_turn_with_the_picture(channels: int, turns: int, mirrored: bool) -> None:
    images = pictures(2, 24, 31, channels)

    def turned(array: np.ndarray) -> np.ndarray:
        return np.rot90(array[:, :, ::-1] if mirrored else array, turns, axes=(1, 2))

    np.testing.assert_allclose(features(turned(images)), turned(features(images).numpy()), atol=2e-4)


def test_features_of_a_part_are_a_part_of_the_features() -> None:
    images = pictures(1, 64, 64, 3)
    whole, part = features(images).numpy(), features(images[:, 8:56, 8:56]).numpy()
    np.testing.assert_allclose(part[:, 13:-13, 13:-13], whole[:, 21:43, 21:43], atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_bounded_and_counted(channels: int) -> None:
    seen = features(pictures(2, 16, 16, channels)).numpy()
    assert seen.shape == (2, 16, 16, channels, feature_count(channels))
    assert np.abs(seen).max() <= 2.0
    # As many and two more: a square, and a constant, which do not turn their sign in the negative.
    assert plain_colours(pictures(2, 16, 16, channels)).shape == (2, 16, 16, channels, plain_count(channels) + 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_in_the_negative_some_features_turn_their_sign_and_the_others_stay(channels: int) -> None:
    images, odd = pictures(2, 24, 31, channels), odd_count(channels)
    seen, negative = features(images).numpy(), features(1 - images).numpy()
    np.testing.assert_allclose(negative[..., :odd], -seen[..., :odd], atol=1e-3)
    np.testing.assert_allclose(negative[..., odd:], seen[..., odd:], atol=1e-3)
    plain, count = plain_colours(images).numpy(), plain_count(channels)
    np.testing.assert_allclose(plain_colours(1 - images)[..., :count], -plain[..., :count], atol=1e-6)
    np.testing.assert_allclose(plain_colours(1 - images)[..., count:], plain[..., count:], atol=1e-6)


@pytest.mark.parametrize("order", [[1, 2, 0], [2, 1, 0], [0, 2, 1]])
def test_features_change_places_with_the_channels(order: list[int]) -> None:
    images = pictures(2, 20, 20, 3)
    np.testing.assert_allclose(features(images[..., order]), features(images).numpy()[..., order, :], atol=1e-4)
    np.testing.assert_allclose(
        plain_colours(images[..., order]), plain_colours(images).numpy()[..., order, :], atol=1e-5
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_residual_goes_along_with_negatives_and_orders_of_channels(channels: int) -> None:
    layer, images = filled(channels), pictures(2, 24, 31, channels)
    added = layer(images).numpy() - images
    np.testing.assert_allclose(layer(1 - images) - (1 - images), -added, atol=1e-4)
    other = images[..., ::-1]
    np.testing.assert_allclose(layer(other) - other, added[..., ::-1], atol=1e-4)


def test_a_flat_picture_has_no_detail() -> None:
    seen = features(np.full((1, 20, 20, 3), 0.25, np.float32)).numpy()
    np.testing.assert_allclose(seen[..., 0], -1.0, atol=1e-5)
    np.testing.assert_allclose(seen[..., 1:4], 0.0, atol=1e-4)
    np.testing.assert_allclose(seen[..., 4:], -1.0, atol=1e-2)


def test_a_blur_keeps_what_is_flat_up_to_the_border() -> None:
    np.testing.assert_allclose(blurred(np.full((1, 5, 3, 2), 0.7, np.float32), 4.0), 0.7, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (40, 17), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_layer_takes_any_size(channels: int, height: int, width: int) -> None:
    images = pictures(2, height, width, channels)
    out = filled(channels)(images).numpy()
    assert out.shape == images.shape
    assert np.isfinite(out).all()
    assert np.abs(out - images).max() > 0


def test_many_waves_are_summed_as_few_are() -> None:
    """They are computed a few at a time, the last part of which need not be full."""
    layer, images = filled(3, waves=37), pictures(2, 12, 12, 3)
    frequencies, phases, directions, offsets = layer.get_weights()
    seen, odd = features(images).numpy(), odd_count(3)
    along, across = seen[..., :odd] @ frequencies[:odd], seen[..., odd:] @ frequencies[odd:]
    np.testing.assert_allclose(
        waves(features(images), frequencies, phases), np.sin(along) * np.cos(across + phases), atol=1e-5
    )
    added = np.sin(along) * np.cos(across + phases) @ directions + plain_colours(images).numpy()[..., :2] @ offsets
    np.testing.assert_allclose(layer(images), images + added[..., 0], atol=1e-5)


def test_the_layer_is_saved_and_loaded(tmp_path) -> None:
    image = keras.Input((None, None, 3))
    model = keras.Model(image, filled(3)(image))
    model.save(tmp_path / "model.keras")
    images = pictures(1, 9, 14, 3)
    np.testing.assert_array_equal(load_network(tmp_path / "model.keras")(images), model(images))


def test_the_layer_stays_float32_under_mixed_precision() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert filled(3)(pictures(1, 8, 8, 3)).dtype == "float32"
    finally:
        keras.mixed_precision.set_global_policy("float32")
