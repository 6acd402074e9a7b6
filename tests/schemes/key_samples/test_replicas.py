"""One step on two replicas gives the weights of one step on one replica with the same global batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.replicas import check_two_replicas
from tests.schemes.key_samples.toy import KEY_BATCH, SAMPLES, encoder_trainer, joint_trainer, pictures
from tfwm.schemes.key_samples.trainer import EncoderTrainer
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

TRAINERS: dict[str, Callable[[], keras.Model]] = {
    "encoder": lambda: encoder_trainer(rate=0.5),
    "joint": lambda: joint_trainer(rate=0.5),
    "joint, towards the labels": lambda: joint_trainer(0.5, rate=0.5),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_two_replicas_take_the_step_of_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The host's samples come from moving statistics, which differ by Keras's doing (tests/replicas.py): from those of
    # the batch, everything must agree to the last digits.
    samples = EncoderTrainer.samples
    monkeypatch.setattr(EncoderTrainer, "samples", lambda self, covers, training: samples(self, covers, training=True))
    key = LabelledImages(pictures(SAMPLES, seed=1).images, np.arange(SAMPLES) % 4, 4)
    stream = labelled_stream(pictures(24), key, batch_size=8, key_batch=KEY_BATCH, seed=2)
    check_two_replicas(
        TRAINERS[name], stream, tmp_path, moves=1e-2, spread=lambda change: min(1e-5, 4e-6 + 2e-3 * change)
    )
