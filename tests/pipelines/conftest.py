import numpy as np
import pytest

from tfwm.data import make_pairs, photographs, sample_patches, write_folder
from tfwm.data.tasks.trial import photograph_patches
from tfwm.types import CLASSIFICATION, RESTORATION

COUNTS = {"owner": 64, "attacker": 32, "test": 12}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Data by kind: derain pairs of 32 x 32 patches in three folders; labelled patches of 16 x 16 in an npz file."""
    folder = tmp_path_factory.mktemp("data")
    for seed, (part, count) in enumerate(COUNTS.items()):
        patches = sample_patches(list(photographs(part).values()), count, 32, seed=seed)
        write_folder(make_pairs("derain", patches, seed=seed), folder / part)
    train, test = photograph_patches("owner", 300, 16, seed=0), photograph_patches("test", 60, 16, seed=0)
    np.savez(
        folder / "labelled.npz", x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels
    )
    return {RESTORATION: folder, CLASSIFICATION: folder / "labelled.npz"}
