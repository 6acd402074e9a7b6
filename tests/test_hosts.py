"""A host that tfwm trains itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs
from tfwm.config import from_dict, to_dict
from tfwm.hosts import HostSettings, HostTrainer, train_host
from tfwm.suspects import as_float
from tfwm.training import Run, Schedule

TINY = HostSettings.tiny()
LONGER = HostSettings(4, 2, "l2", Schedule(2, 30, 8, 5e-3, "cosine", 0.9))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path]:
    folder = tmp_path_factory.mktemp("host")
    return train_host(coarse_pairs(32, 16), LONGER, Run(folder, quiet=True)), folder


def _mse(network: keras.Model, count: int = 16) -> tuple[float, float]:
    pairs = coarse_pairs(count, 16, seed=1)
    inputs, targets = as_float(pairs.inputs), as_float(pairs.targets)
    return float(np.mean((np.asarray(network(inputs)) - targets) ** 2)), float(np.mean((inputs - targets) ** 2))


def test_it_learns(trained: tuple[keras.Model, Path]) -> None:
    error, of_echo = _mse(trained[0])
    assert error < 0.9 * of_echo


@pytest.mark.parametrize("height, width", [(16, 16), (50, 70), (1, 1)])
def test_it_takes_any_size(trained: tuple[keras.Model, Path], height: int, width: int) -> None:
    assert trained[0](np.zeros((1, height, width, 3), np.float32)).shape == (1, height, width, 3)


def test_a_second_call_loads_the_checkpoint(trained: tuple[keras.Model, Path], monkeypatch) -> None:
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    again = train_host(coarse_pairs(32, 16), LONGER, Run(trained[1], quiet=True))
    for first, second in zip(trained[0].get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("loss, expected", [("l1", 0.3), ("l2", 0.1)])
def test_the_losses_by_hand(loss: str, expected: float) -> None:
    image = keras.Input((1, 2, 1))
    trainer = HostTrainer(keras.Model(image, keras.layers.Activation("linear")(image)), loss)
    trainer.compile(keras.optimizers.SGD(0.1))
    # Differences of 0.2 and -0.4: (0.2 + 0.4) / 2 = 0.3 and (0.04 + 0.16) / 2 = 0.1, which is 10 dB.
    batch = {"inputs": tf.constant([[[[0.5], [0.1]]]]), "targets": tf.constant([[[[0.3], [0.5]]]])}
    figures = trainer.train_step(batch)
    assert float(figures["loss"]) == pytest.approx(expected)
    assert float(figures["psnr"]) == pytest.approx(10.0, abs=1e-4)


def test_settings_survive_json_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    assert from_dict(HostSettings, to_dict(TINY)) == TINY
    settings = HostSettings(4, 2, "l3", Schedule(1, 1, 2))
    with pytest.raises(ValueError, match="no loss `l3`. Did you mean `l1`|no loss `l3`. Did you mean `l2`"):
        train_host(coarse_pairs(8, 16), settings, Run(tmp_path, quiet=True))


def test_sides_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    pairs = coarse_pairs(8, 16)
    odd = type(pairs)(pairs.inputs[:, :14], pairs.targets[:, :14])
    with pytest.raises(ValueError, match=r"sides that are multiples of 2\*\*downs = 4, got 14 x 16"):
        train_host(odd, TINY, Run(tmp_path, quiet=True))
