"""Trains trigger images and kills itself where told to: `train_until_killed.py FOLDER [STAGE:EPOCH]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np

from tests.doubles import coarse_pairs, coloured_denoiser
from tests.killing import kill_in, weights
from tfwm.keys import new_secret
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.training import Run, Schedule
from tfwm.types import MarkedModel

# Moving statistics and fresh noise have to go on where they were.
SCHEME = TriggerImage(
    image_size=8, channels=3, trigger_size=8, triggers=2, coded=True, cells=4, strength=1e-2, alpha=1e-3, sigma=25.0,
    batch_statistics="mixed", embedding=Schedule(3, 2, 8, 1e-3, "cosine", 0.9), visualizer_filters=1,
    drawing=Schedule(2, 2, 2, 2e-3, "cosine", 0.9), visualizer_clean_weight=1.0, visualizer_noise=0.1,
)  # fmt: skip


def train(folder: Path) -> MarkedModel:
    return SCHEME.train(coloured_denoiser(), coarse_pairs(24, 8), Run(folder, seed=4, quiet=True), secret=new_secret(0))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        kill_in(sys.argv[2])
    np.savez(Path(sys.argv[1]) / "weights.npz", **weights(train(Path(sys.argv[1]))))
