"""The visualizer of fig. 5."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.networks.layers import InstanceNormalization
from tfwm.schemes.trigger_image.networks import visualizer

pytestmark = pytest.mark.trains


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("side", "picture"), [(16, 128), (40, 320), (80, 320), (160, 320), (320, 320), (600, 300)])
def test_shapes(side: int, picture: int, channels: int) -> None:
    network = visualizer(side, channels, filters=1, seed=1)
    assert network.input_shape == (None, side, side, channels)
    assert network.output_shape == (None, picture, picture, channels)
    if side < 100:
        answer = network(np.random.default_rng(0).random((1, side, side, channels), np.float32)).numpy()
        assert answer.min() >= 0.0
        assert answer.max() <= 1.0


def test_the_papers_table() -> None:
    convolutions = [layer for layer in visualizer(40, 1).layers if hasattr(layer, "kernel")]
    table = [(layer.filters, layer.kernel_size[0], layer.strides[0]) for layer in convolutions]
    down, up = [(64, 3, 2), (128, 3, 2), (256, 1, 2), (512, 1, 1)], [(512, 1), (512, 3), (256, 3), (128, 5), (64, 5)]
    assert table == [*down, *((width, kernel, 1) for width, kernel in up), (1, 5, 1)]


def test_a_picture_does_not_depend_on_its_neighbours() -> None:
    network = visualizer(16, 1, filters=4, seed=1)
    assert [layer for layer in network.layers if isinstance(layer, InstanceNormalization)]
    answers = np.random.default_rng(0).random((2, 16, 16, 1), np.float32)
    first, second = network(answers).numpy()
    np.testing.assert_allclose(first, network(answers[:1])[0], atol=1e-5)
    assert np.abs(first - second).max() > 0.05


def test_the_seed_decides() -> None:
    first, again, other = (visualizer(16, 1, filters=1, seed=seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
