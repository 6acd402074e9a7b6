"""On three replicas: the weights of one, or a word; in a process of its own, for this one has two devices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.trains

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from tfwm.training import Pixels, Run, Schedule, SupervisedTrainer, fit, set_logical_cpus, stream_of
set_logical_cpus(3)
from tensorflow import keras

def weights(batch, strategy):
    run = Run(Path(sys.argv[1]) / f"{batch}-{strategy}", strategy=strategy, quiet=True)
    schedule = Schedule(1, 2, batch, 1e-2, "constant")
    pictures = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    with run.scope() as scope:
        assert scope.num_replicas_in_sync == (3 if strategy == "mirrored" else 1)
        keras.utils.set_random_seed(0)
        image = keras.Input((8, 8, 3))
        network = keras.Model(image, keras.layers.Conv2D(3, 3, padding="same")(image))
        trainer = SupervisedTrainer(network, Pixels("l2"))
        trainer.compile(keras.optimizers.SGD(0.1))
        stream = stream_of({"inputs": pictures, "targets": 255 - pictures}, batch_size=batch, seed=0)
        fit(trainer, stream, schedule, run, stage="only", digest="0" * 16)
    return np.concatenate([np.ravel(weight) for weight in network.get_weights()])

told = {}
for batch in (8, 4, 2):
    try:
        weights(batch, "mirrored")
    except ValueError as error:
        told[batch] = str(error)
one, three = weights(6, "default"), weights(6, "mirrored")
print(json.dumps({"told": told, "apart": float(np.abs(one - three).max()), "size": float(np.abs(one).max())}))
"""


def test_even_batches_give_the_weights_of_one_and_others_are_refused(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert sorted(found["told"]) == ["2", "4", "8"]
    assert all("must be a multiple of the 3 replicas" in message for message in found["told"].values())
    assert found["apart"] < 1e-6 < 0.1 < found["size"]
