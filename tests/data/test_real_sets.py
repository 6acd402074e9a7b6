"""Real photographs and real VGG weights, where they are at hand: `TFWM_DATA`, or `../shared/data`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tfwm.data import folder_parts, make_pairs, read_images, sample_patches, to_float

DATA = Path(os.environ.get("TFWM_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needed(name: str) -> Path:
    if not (DATA / name).is_file():
        pytest.skip(f"{DATA / name} is not there; set TFWM_DATA to the folder that holds it")
    return DATA / name


def test_photographs_of_an_archive_become_disjoint_parts_and_pairs():
    found = read_images(needed("natural256_test.tar"))
    parts = folder_parts(found.by_name(), seed=0)
    names = [set(part) for part in parts.values()]
    assert len(found) == 100
    assert not found.problems
    assert sum(map(len, names)) == len(set().union(*names)) == 100
    patches = sample_patches(list(parts["owner"].values()), 32, 64, seed=0)
    pairs = make_pairs("derain", patches, seed=0)
    error = np.mean((to_float(pairs.inputs) - to_float(pairs.targets)) ** 2)
    assert 18 < -10 * np.log10(error) < 33


def test_vgg_features_tell_a_blurred_photograph_from_a_slightly_brighter_one():
    from scipy.ndimage import gaussian_filter

    from tfwm.networks.vgg import vgg_features

    features = vgg_features(str(needed("weights/vgg19_conv1_conv2.npz")))
    picture = to_float(read_images(needed("natural256_test.tar")).images[0])[None]
    brighter = picture + 0.01
    blurred = gaussian_filter(picture, (0, 1.5, 1.5, 0))
    plain, bright, blur = (features(x).numpy() for x in (picture, brighter, blurred))
    assert plain.shape == (1, 128, 128, 128)
    assert np.isfinite(plain).all()
    assert np.mean((blur - plain) ** 2) > 10 * np.mean((bright - plain) ** 2)
