"""One step on two replicas gives the weights of one step on one replica with the same global batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.schemes.key_samples.toy import KEY_BATCH, SAMPLES, encoder_trainer, host, joint_trainer, pictures
from tfwm.schemes.key_samples.trainer import EncoderTrainer
from tfwm.training import Descent, KeySamples, Labels, Run, SupervisedTrainer
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages


def _classifier() -> keras.Model:
    trainer = SupervisedTrainer(host(), Labels(augment="crop_flip"), KeySamples())
    trainer.compile(keras.optimizers.SGD(0.5))
    return trainer


TRAINERS: dict[str, Callable[[], keras.Model]] = {
    "classifier": _classifier,
    "encoder": lambda: encoder_trainer(rate=0.5),
    "joint": lambda: joint_trainer(rate=0.5),
    "joint, towards the labels": lambda: joint_trainer(0.5, rate=0.5),
}


def _weights(trainer: keras.Model) -> dict[str, np.ndarray]:
    """By position and last name, without the metrics' counters, which depend on the number of replicas."""
    counters = {id(weight) for metric in trainer.metrics for weight in metric.weights}
    weights = [weight for weight in trainer.weights if id(weight) not in counters]
    return {f"{index} {weight.name.split('/')[-1]}": weight.numpy() for index, weight in enumerate(weights)}


def _step(make: Callable[[], keras.Model], strategy: str, folder: Path) -> tuple[dict, dict, dict[str, float]]:
    key = LabelledImages(pictures(SAMPLES, seed=1).images, np.arange(SAMPLES) % 4, 4)
    with Run(folder, strategy=strategy).scope() as scope:
        assert scope.num_replicas_in_sync == (2 if strategy == "mirrored" else 1)
        trainer = make()
        before = _weights(trainer)
        stream = labelled_stream(pictures(24), key, Descent(1, 1, 8), KEY_BATCH, seed=2)(0, 1)
        history = trainer.fit(stream, steps_per_epoch=1, verbose=0).history
    return before, _weights(trainer), {name: values[0] for name, values in history.items()}


@pytest.mark.parametrize("name", TRAINERS)
def test_two_replicas_take_the_step_of_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The host's samples come from moving statistics, which differ by Keras's doing (below): from those of the batch,
    # everything must agree to the last digits.
    samples = EncoderTrainer.samples
    monkeypatch.setattr(EncoderTrainer, "samples", lambda self, covers, training: samples(self, covers, training=True))
    start, one, figures = _step(TRAINERS[name], "default", tmp_path)
    same_start, two, same_figures = _step(TRAINERS[name], "mirrored", tmp_path)
    for weight in start:
        np.testing.assert_array_equal(start[weight], same_start[weight])
    changes = {name: np.abs(one[name] - start[name]).max() for name in one}
    assert max(changes.values()) > 1e-2
    for weight in one:
        # Keras's fused batch norm keeps the unbiased variance and the synchronised one the biased: of 4 pictures of
        # 144 pixels a share of 1 in 576 lies between them, times a variance of about 1 and some updates of a tenth.
        spread = 1e-3 if "moving_variance" in weight else min(1e-5, 4e-6 + 2e-3 * changes[weight])
        np.testing.assert_allclose(two[weight], one[weight], rtol=0, atol=spread, err_msg=weight)
    assert same_figures == pytest.approx(figures, rel=1e-3, abs=1e-5)
