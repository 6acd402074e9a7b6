"""A host that tfwm trains itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs
from tfwm.config import from_dict, to_dict
from tfwm.data.stream.draws import noisy
from tfwm.kinds.restoration_hosts import HostSettings, train_host
from tfwm.networks import load_network
from tfwm.suspects import as_float
from tfwm.training import Run, Schedule, fit
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

TINY = HostSettings.tiny()
LONGER = HostSettings(filters=4, downs=2, schedule=Schedule(2, 30, 8, 5e-3, "cosine", 0.9))
DENOISER = HostSettings("dncnn", filters=4, depth=4, sigma=25.0, schedule=Schedule(4, 15, 8, 5e-3, "cosine", 0.9))


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


def test_settings_survive_json_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    assert from_dict(HostSettings, to_dict(TINY)) == TINY
    assert from_dict(HostSettings, to_dict(DENOISER)) == DENOISER
    pairs, run = coarse_pairs(8, 16), Run(tmp_path, quiet=True)
    with pytest.raises(ValueError, match="no loss `l3`. Did you mean `l1`|no loss `l3`. Did you mean `l2`"):
        train_host(pairs, HostSettings(filters=4, downs=2, loss="l3"), run)
    with pytest.raises(ValueError, match="no network `dcnn`. Did you mean `dncnn`"):
        train_host(pairs, HostSettings("dcnn"), run)
    with pytest.raises(ValueError, match="`sigma` must not be negative, got -1.0"):
        HostSettings(sigma=-1.0)
    with pytest.raises(ValueError, match="`depth` must not be negative, got -1"):
        HostSettings(depth=-1)


def test_the_demo_host_is_what_it_was() -> None:
    assert to_dict(HostSettings()) == {
        "network": "residual_unet", "filters": 12, "depth": 0, "downs": 3, "loss": "l2", "sigma": 0.0,
        "schedule": to_dict(Schedule(16, 25, 16, 2e-3, "cosine", 0.9)),
    }  # fmt: skip


def test_sides_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    pairs = coarse_pairs(8, 16)
    odd = ImagePairs(pairs.inputs[:, :14], pairs.targets[:, :14])
    with pytest.raises(ValueError, match=r"sides that are multiples of 2\*\*downs = 4, got 14 x 16"):
        train_host(odd, TINY, Run(tmp_path, quiet=True))


def _grey(pairs: ImagePairs) -> ImagePairs:
    """Clean pictures on both sides: the noise comes with the step."""
    return ImagePairs(pairs.targets[..., :1], pairs.targets[..., :1])


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path]:
    folder = tmp_path_factory.mktemp("denoiser")
    return train_host(_grey(coarse_pairs(32, 16)), DENOISER, Run(folder, quiet=True)), folder


def test_a_denoiser_denoises_as_it_will_be_used(denoiser: tuple[keras.Model, Path], tmp_path: Path) -> None:
    clean = as_float(_grey(coarse_pairs(32, 24, seed=1)).inputs)
    seeds = tf.constant(np.random.default_rng(0).integers(2**62, size=(32, 2)))
    noise = noisy(clean, seeds, 25.0)
    network = denoiser[0]
    # 60 steps of four filters take away 46 % of the error.
    assert np.mean((network(noise) - clean) ** 2) < 0.7 * np.mean((noise - clean) ** 2)
    network.save(tmp_path / "host.keras")
    np.testing.assert_array_equal(load_network(tmp_path / "host.keras")(noise), network(noise))
    assert network(np.zeros((1, 5, 7, 1), np.float32)).shape == (1, 5, 7, 1)


def test_the_last_quarter_keeps_the_statistics(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[tuple[str, list[np.ndarray]]] = []

    def noted(trainer: keras.Model, *arguments: Any, stage: str, digest: str) -> list[dict]:
        history = fit(trainer, *arguments, stage=stage, digest=digest)
        found.append((stage, [value.numpy() for value in trainer.network.weights]))
        return history

    monkeypatch.setattr("tfwm.kinds.restoration_hosts.fit", noted)
    network = train_host(_grey(coarse_pairs(16, 16)), DENOISER, Run(tmp_path, quiet=True))
    assert [stage for stage, _ in found] == ["host", "settling"]
    for variable, before, after in zip(network.weights, found[0][1], found[1][1], strict=True):
        assert np.array_equal(before, after) == ("moving" in variable.name), variable.name
    assert all(np.abs(value - start).max() > 0 for value, start in _statistics(found[0][1], network))


def _statistics(values: list[np.ndarray], network: keras.Model) -> list[tuple[np.ndarray, float]]:
    names = [variable.name for variable in network.weights]
    starts = {"moving_mean": 0.0, "moving_variance": 1.0}
    return [
        (value, start) for value, name in zip(values, names, strict=True)
        for key, start in starts.items() if key in name
    ]  # fmt: skip


class _Killed(Exception):
    pass


@pytest.mark.parametrize("stage, epoch", [("host", 1), ("settling", 0)])
def test_killed_and_resumed_is_uninterrupted(
    denoiser: tuple[keras.Model, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, epoch: int
) -> None:
    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            if self.model.optimizer.iterations == 15 * (epoch + (3 if stage == "settling" else 0)) + 7:
                raise _Killed

    pairs, run = _grey(coarse_pairs(32, 16)), Run(tmp_path, quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr("tfwm.kinds.restoration_hosts.fit", partial(fit, callbacks=[Kill()]))
        with pytest.raises(_Killed):
            train_host(pairs, DENOISER, run)
    for whole, resumed in zip(denoiser[0].get_weights(), train_host(pairs, DENOISER, run).get_weights(), strict=True):
        np.testing.assert_array_equal(whole, resumed)


@pytest.mark.parametrize("network", ["red", "vdsr"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_others_train_in_one_stage_in_grey_and_colour(network: str, channels: int, tmp_path: Path) -> None:
    pairs = coarse_pairs(8, 20)
    pairs = ImagePairs(pairs.inputs[..., :channels], pairs.targets[..., :channels])
    settings = HostSettings(network, filters=2, depth=5, schedule=Schedule(2, 2, 4, 1e-2))
    host = train_host(pairs, settings, Run(tmp_path, quiet=True))
    assert host.output_shape == (None, None, None, channels)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1


def test_the_papers_depths_are_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tfwm.kinds.restoration_hosts.fit", lambda *arguments, **names: [])
    for network, depth in (("dncnn", 17), ("red", 13), ("vdsr", 20)):
        host = train_host(_grey(coarse_pairs(2, 16)), HostSettings(network, filters=1), Run(tmp_path))
        assert sum(isinstance(layer, keras.layers.Conv2D) for layer in host.layers) == depth
