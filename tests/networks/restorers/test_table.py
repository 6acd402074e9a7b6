"""The table of restoration hosts: one function builds each of them, and the host decides what sides it takes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfwm.networks import RESTORERS, red, restorer
from tfwm.networks.restorers import side_multiple

DOWNS = 2


def _images(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((1, height, width, 1), np.float32)


@pytest.mark.parametrize("network", RESTORERS)
def test_every_host_takes_images_of_its_multiple_and_no_others(network: str) -> None:
    built, multiple = restorer(network, 1, filters=2, depth=3, downs=DOWNS, seed=1), side_multiple(network, DOWNS)
    assert built.name == "host"
    assert built(_images(2 * multiple, 3 * multiple)).shape == (1, 2 * multiple, 3 * multiple, 1)
    if multiple > 1:
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            built(_images(2 * multiple + 1, 3 * multiple))


def test_only_networks_that_halve_images_ask_for_a_multiple() -> None:
    assert {network: side_multiple(network, 3) for network in RESTORERS} == {
        "residual_unet": 8, "dncnn": 1, "red": 1, "vdsr": 1,
    }  # fmt: skip


def test_settings_reach_the_networks_that_have_them() -> None:
    def layers(network: str, **settings: int) -> int:
        return len(restorer(network, 1, filters=2, seed=1, **settings).trainable_weights)

    assert layers("vdsr") == 2 * 20  # the paper's depth; a kernel and a bias a layer
    assert layers("vdsr", depth=4) == 2 * 4
    assert layers("vdsr", depth=4, downs=5) == 2 * 4
    assert layers("residual_unet", downs=1) == layers("residual_unet", downs=1, depth=9) < layers("residual_unet")


def test_the_table_builds_what_the_builder_builds() -> None:
    first = restorer("red", 3, filters=4, depth=7, seed=5, name="net")
    for one, other in zip(first.get_weights(), red((None, None, 3), filters=4, depth=7, seed=5).get_weights()):
        np.testing.assert_array_equal(one, other)
    assert first.name == "net"


def test_an_unknown_network_is_said() -> None:
    for ask in (lambda: restorer("vdrs", 1, filters=2), lambda: side_multiple("vdrs", 2)):
        with pytest.raises(ValueError, match=r"There is no network `vdrs`. Did you mean `vdsr`\? Known: dncnn, red"):
            ask()
