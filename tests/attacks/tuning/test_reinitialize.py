"""The last layers are drawn again, and learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.attacks.toys import grey_host, grey_pairs
from tfwm.attacks import ReinitializeLast
from tfwm.attacks.kernels import with_kernels
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Schedule

pytestmark = pytest.mark.trains

SCHEDULE = Schedule(epochs=2, steps_per_epoch=10, batch_size=4, learning_rate=5e-3, decay="constant")


def test_only_the_last_layers_are_drawn_again(host, run) -> None:
    for layers in (1, 2):
        changed = ReinitializeLast(layers).start(host, run)
        pairs = zip(with_kernels(host), with_kernels(changed), strict=True)
        moved = [not np.array_equal(old.get_weights()[0], new.get_weights()[0]) for old, new in pairs]
        assert moved == [False] * (len(moved) - layers) + [True] * layers
        assert all(layer.trainable for layer in changed.layers)
    again = ReinitializeLast().start(host, replace(run, seed=9))
    one, two = (with_kernels(network)[-1].get_weights()[0] for network in (again, ReinitializeLast().start(host, run)))
    assert np.abs(one - two).max() > 0
    with pytest.raises(ValueError, match="`layers` must be at most the number of layers with a kernel, 3, got 4. Use"):
        ReinitializeLast(4).start(host, run)


def test_a_forgotten_layer_learns_again(run) -> None:
    grey, pairs = KerasSuspect("grey", grey_host()), grey_pairs()
    attack = ReinitializeLast(schedule=SCHEDULE)
    forgotten = KerasSuspect("forgotten", attack.start(grey.model, run))
    errors = [np.mean((suspect(pairs.inputs) - as_float(pairs.targets)) ** 2) for suspect in
              (forgotten, attack(grey, pairs, run))]  # fmt: skip
    assert errors[1] < 0.7 * errors[0]
