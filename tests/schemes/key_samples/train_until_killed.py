"""Trains key samples and kills itself where told to: `train_until_killed.py FOLDER SCHEME [STAGE:EPOCH]`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[3]))

import numpy as np

from tests.schemes.key_samples.toy import JOINT, LAST, STEGO, host, pictures
from tfwm.keys import new_secret
from tfwm.training import Run
from tfwm.training.callbacks import State
from tfwm.types import MarkedModel

SCHEMES = {"last": LAST, "joint": JOINT, "stego": STEGO}


def train(folder: Path, name: str, *, secret: int = 0) -> MarkedModel:
    return SCHEMES[name].train(host(), pictures(24), Run(folder, seed=4, quiet=True), secret=new_secret(secret))


def weights(result: MarkedModel) -> dict[str, np.ndarray]:
    """Of everything that training made."""
    networks = {"model": result.model, **result.key.networks}
    return {f"{name} {i}": w for name, network in networks.items() for i, w in enumerate(network.get_weights())}


def kill_in(stage: str, epoch: int) -> None:
    """SIGKILL after the first batch of an epoch, when the checkpoint is that of the epoch before."""

    def on_train_batch_end(state: State, batch: int, logs: dict | None = None) -> None:
        if Path(state._manager.directory).name.startswith(stage) and state.epoch == epoch - 1 and batch == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    State.on_train_batch_end = on_train_batch_end


if __name__ == "__main__":
    if len(sys.argv) > 3:
        kill_in(*(kind(part) for kind, part in zip((str, int), sys.argv[3].split(":"))))
    train(Path(sys.argv[1]), sys.argv[2])
