import pytest

from tfwm.data import make_pairs, photographs, sample_patches, write_folder

COUNTS = {"owner": 64, "attacker": 32, "test": 12}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Derain pairs of 32 x 32 patches, in three parts that share no photograph."""
    folder = tmp_path_factory.mktemp("data")
    for seed, (part, count) in enumerate(COUNTS.items()):
        patches = sample_patches(list(photographs(part).values()), count, 32, seed=seed)
        write_folder(make_pairs("derain", patches, seed=seed), folder / part)
    return folder
