"""One step on two replicas gives the weights of one step on one replica with the same global batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme
from tfwm.data import sample_logo
from tfwm.data.stream.batches import batches
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, ProxyTrainer
from tfwm.suspects import as_float
from tfwm.training import Run

pytestmark = pytest.mark.trains

# 32 pixels: at 16, D has one patch, which its instance norm turns into zero.
CODED = smallest_scheme(image_size=32)
# Batch statistics have to be those of the global batch.
LOGO = replace(
    CODED, coded=False, clean_outputs=False, clean_stride=1, embedder_normalization="batch", residual_scale=0.0,
    adversarial_form="least_squares", controls=4, alpha=0.2,
)  # fmt: skip
BATCH = 8


def _trainer(make: type, settings: DeepWatermarking) -> keras.Model:
    trainer = make(settings, build(settings, 3), as_float(sample_logo(settings.image_size)))
    trainer.compile(**{name: keras.optimizers.SGD(1.0) for name in trainer.trained})
    return trainer


TRAINERS: dict[str, Callable[[], keras.Model]] = {
    "initial, coded": lambda: _trainer(InitialTrainer, CODED),
    "initial, logo, batch norm": lambda: _trainer(InitialTrainer, LOGO),
    "proxy, coded": lambda: _trainer(ProxyTrainer, CODED),
    "adversarial, coded": lambda: _trainer(AdversarialTrainer, CODED),
}
SLOW: dict[str, Callable[[], keras.Model]] = {
    "proxy, logo, batch norm": lambda: _trainer(ProxyTrainer, LOGO),
    "adversarial, logo, batch norm": lambda: _trainer(AdversarialTrainer, LOGO),
}


def _weights(trainer: keras.Model) -> dict[str, np.ndarray]:
    """By position and name, without the metrics' counters, which depend on the number of replicas."""
    counters = {id(weight) for metric in trainer.metrics for weight in metric.weights}
    weights = [weight for weight in trainer.weights if id(weight) not in counters]
    return {f"{index} {weight.name}": weight.numpy() for index, weight in enumerate(weights)}


def _step(make: Callable[[], keras.Model], strategy: str, folder: Path) -> tuple[dict, dict, dict[str, float]]:
    with Run(folder, strategy=strategy).scope() as scope:
        assert scope.num_replicas_in_sync == (2 if strategy == "mirrored" else 1)
        trainer = make()
        pairs = coarse_pairs(BATCH, 32)
        arrays = {"inputs": pairs.inputs, "outputs": pairs.targets}
        before = _weights(trainer)
        stream = batches(arrays, batch_size=BATCH, seed=5, steps=1)
        history = trainer.fit(stream, steps_per_epoch=1, verbose=0).history
    return before, _weights(trainer), {name: values[0] for name, values in history.items()}


def _check(make: Callable[[], keras.Model], folder: Path) -> None:
    start, one, figures = _step(make, "default", folder)
    same_start, two, same_figures = _step(make, "mirrored", folder)
    for weight in start:
        np.testing.assert_array_equal(start[weight], same_start[weight])
    changes = {name: np.abs(one[name] - start[name]).max() for name in one}
    assert max(changes.values()) > 1e-4
    for part in ("patch_logits", "code/", "logit/"):
        trained = [change for name, change in changes.items() if part in name]
        assert not trained or max(trained) > 1e-6, f"{part} was not trained"
    for weight in one:
        np.testing.assert_allclose(
            two[weight], one[weight], rtol=0, atol=min(1e-5, 4e-6 + 2e-3 * changes[weight]), err_msg=weight
        )
    assert same_figures == pytest.approx(figures, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", TRAINERS)
def test_two_replicas_take_the_step_of_one(name: str, tmp_path: Path) -> None:
    _check(TRAINERS[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_two_replicas_take_the_step_of_one_in_the_other_forms(name: str, tmp_path: Path) -> None:
    _check(SLOW[name], tmp_path)
