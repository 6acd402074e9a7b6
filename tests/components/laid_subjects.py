"""Artifacts as the pipeline's steps write them, made of a released key: what a Beam worker elsewhere loads."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tfwm.components.artifact_files import KERAS_FILE
from tfwm.components.steps import Sources
from tfwm.data import write_pairs
from tfwm.networks import load_network
from tfwm.types import ImagePairs

RELEASED = Path(__file__).parents[1] / "fixtures/keys/label_image"


def laid(folder: Path) -> Sources:
    """Writes examples, an unmarked host, the marked model and its key.

    Args:
      folder: they lie below it.
    """
    draws = np.random.default_rng(0)
    for split, count in (("attacker", 8), ("test", 4)):
        pairs = ImagePairs(*(draws.integers(0, 256, (count, 16, 16, 3), np.uint8) for _ in range(2)))
        (folder / f"examples/Split-{split}").mkdir(parents=True)
        write_pairs(pairs, folder / f"examples/Split-{split}/data_tfrecord-00000-of-00001.gz")
    shutil.copytree(RELEASED / "key", folder / "key")
    for name in ("model", "host"):
        (folder / name).mkdir()
    shutil.copy(RELEASED / "marked.keras", folder / "model" / KERAS_FILE)
    host = load_network(RELEASED / "marked.keras")
    host.set_weights([weights * draws.uniform(0.5, 1.5, weights.shape) for weights in host.get_weights()])
    host.save(folder / "host" / KERAS_FILE)
    return Sources(*(str(folder / name) for name in ("examples", "host", "model", "key")), alpha=1e-3)
