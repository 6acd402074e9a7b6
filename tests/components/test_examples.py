import numpy as np
import pytest

from tfwm.components.examples import read_split
from tfwm.data import with_channels, write_pairs
from tfwm.types import ImagePairs


def _pairs(count, size=4):
    inputs = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    return ImagePairs(inputs, 255 - inputs)


def test_pairs_come_in_the_order_of_their_names_whatever_beam_did(tmp_path):
    pairs = _pairs(4)
    write_pairs(pairs[2:], tmp_path / "Split-owner" / "data-0.gz", names=["d.png", "b.png"])
    write_pairs(pairs[:2], tmp_path / "Split-owner" / "data-1.gz", names=["c.png", "a.png"])
    read = read_split(str(tmp_path), "owner")
    np.testing.assert_array_equal(read.inputs, pairs.inputs[[1, 3, 0, 2]])
    np.testing.assert_array_equal(read.targets, pairs.targets[[1, 3, 0, 2]])


def test_pictures_are_brought_to_the_channels_that_the_models_take(tmp_path):
    pairs = _pairs(2)
    write_pairs(pairs, tmp_path / "colour" / "Split-owner" / "data.gz")
    luma = read_split(str(tmp_path / "colour"), "owner", channels=1)
    expected = with_channels(pairs.inputs[0], 1)
    assert luma.targets.shape == (2, 4, 4, 1)
    assert np.abs(luma.inputs[0].astype(int) - expected).max() <= 1
    grey = ImagePairs(pairs.inputs[..., :1], pairs.targets[..., :1])
    write_pairs(grey, tmp_path / "grey" / "Split-owner" / "data.gz")
    np.testing.assert_array_equal(read_split(str(tmp_path / "grey"), "owner", channels=1).inputs, grey.inputs)
    repeated = read_split(str(tmp_path / "grey"), "owner").inputs
    np.testing.assert_array_equal(repeated, grey.inputs.repeat(3, axis=-1))


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no split `test`"):
        read_split(str(tmp_path), "test")


def test_pictures_of_several_sizes_are_refused(tmp_path):
    write_pairs(_pairs(1, 4), tmp_path / "Split-test" / "data-0", names=["a.png"])
    write_pairs(_pairs(1, 8), tmp_path / "Split-test" / "data-1", names=["b.png"])
    with pytest.raises(ValueError, match=r"share one size.*`b\.png`"):
        read_split(str(tmp_path), "test")
