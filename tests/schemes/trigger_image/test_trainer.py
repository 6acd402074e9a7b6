"""The visualizer's step on two replicas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.replicas import check_two_replicas
from tfwm.schemes.trigger_image.networks import visualizer
from tfwm.schemes.trigger_image.trainer import VisualizerTrainer
from tfwm.training import stream_of

pytestmark = pytest.mark.trains

DRAW = np.random.default_rng(1)
ANSWERS, CLEAN = (DRAW.random((4, 16, 16, 1), np.float32) for _ in range(2))
PICTURE = DRAW.random((1, 128, 128, 1))


def _trainer() -> keras.Model:
    network = visualizer(16, 1, filters=2, seed=1)
    trainer = VisualizerTrainer(network, PICTURE, noise=0.1, clean_weight=1.0)
    trainer.compile(keras.optimizers.SGD(1e-5))
    return trainer


def test_two_replicas_take_the_step_of_one(tmp_path: Path) -> None:
    stream = stream_of({"answers": ANSWERS, "clean": CLEAN}, batch_size=4, seed=5)
    check_two_replicas(_trainer, stream, tmp_path, moves=1e-4, spread=lambda change: 2e-6 + 2e-3 * change)
