"""Trains the smallest scheme and kills itself where told to: `train_until_killed.py FOLDER [STAGE:EPOCH]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np

from tests.doubles import coarse_pairs, smallest_scheme, smoothing_host
from tests.killing import kill_in, weights
from tfwm.keys import new_secret
from tfwm.training import Run, Schedule
from tfwm.types import MarkedModel

# `plateau` keeps a memory that has to survive too.
SCHEME = smallest_scheme(
    initial=Schedule(3, 2, 8, 1e-3, "plateau"),
    proxy=Schedule(1, 2, 8, 1e-3),
    adversarial=Schedule(2, 2, 8, 1e-3, "linear"),
)


def train(folder: Path) -> MarkedModel:
    return SCHEME.train(smoothing_host(), coarse_pairs(24, 16), Run(folder, seed=4, quiet=True), secret=new_secret(0))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        kill_in(sys.argv[2])
    np.savez(Path(sys.argv[1]) / "weights.npz", **weights(train(Path(sys.argv[1]))))
