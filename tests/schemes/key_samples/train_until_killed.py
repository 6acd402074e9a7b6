"""Trains key samples and kills itself where told to: `train_until_killed.py FOLDER SCHEME [STAGE:EPOCH]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[3]))


from tests.killing import kill_in
from tests.schemes.key_samples.toy import JOINT, LAST, STEGO_JOINT, host, pictures
from tfwm.keys import new_secret
from tfwm.training import Run
from tfwm.types import MarkedModel

SCHEMES = {"last": LAST, "joint": JOINT, "stego": STEGO_JOINT}


def train(folder: Path, name: str, *, secret: int = 0) -> MarkedModel:
    return SCHEMES[name].train(host(), pictures(24), Run(folder, seed=4, quiet=True), secret=new_secret(secret))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        kill_in(sys.argv[3])
    train(Path(sys.argv[1]), sys.argv[2])
