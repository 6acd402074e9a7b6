from __future__ import annotations

import numpy as np
import pytest

from tfwm.networks.restorers.residual_unet import residual_unet

IMAGES = np.random.default_rng(0).random((2, 16, 24, 3), np.float32)


def test_starts_as_the_identity() -> None:
    output = residual_unet((None, None, 3), filters=4, downs=3, seed=1)(IMAGES)
    assert output.shape == IMAGES.shape
    assert 0 < np.abs(output - IMAGES).max() < 0.005


def test_widths_follow_the_table() -> None:
    network = residual_unet((16, 16, 3), filters=2, downs=4, blocks_per_level=2, seed=1)
    widths = [network.get_layer(f"down_{level}_conv").output_shape[-1] for level in (1, 2, 3, 4)]
    assert widths == [4, 8, 16, 16]
    assert network.get_layer("down_4_conv").output_shape[1:3] == (1, 1)
    # Kernels and biases: stem, 4 down, 4 up, head, and 8 levels x 2 blocks x 2 convolutions.
    assert len(network.weights) == 2 * (1 + 4 + 4 + 1 + 8 * 2 * 2)


def test_blocks_start_as_the_identity_and_seeds_decide() -> None:
    first, same, other = (residual_unet((None, None, 3), filters=4, downs=2, seed=seed) for seed in (1, 1, 2))
    assert not np.any(first.get_layer("up_0_block_0b_conv").get_weights()[0])
    np.testing.assert_array_equal(first(IMAGES), same(IMAGES))
    assert np.abs(first(IMAGES) - other(IMAGES)).max() > 0


def test_every_weight_gets_a_gradient_once_the_blocks_have_left_zero() -> None:
    import tensorflow as tf

    network = residual_unet((None, None, 3), filters=2, downs=2, seed=1)
    network.set_weights([value + 0.01 for value in network.get_weights()])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(network(IMAGES) - 1.0))
    assert all(np.abs(gradient).max() > 0 for gradient in tape.gradient(loss, network.trainable_variables))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"downs": 0}, "`downs` must be at least 1, got 0"),
        ({"filters": 0}, "`filters` must be at least 1, got 0"),
        ({"blocks_per_level": 0}, "`blocks_per_level` must be at least 1, got 0"),
        ({"downs": 5}, r"multiples of 2\*\*downs = 32, got 16 x 16. Use fewer"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        residual_unet((16, 16, 3), **settings)
