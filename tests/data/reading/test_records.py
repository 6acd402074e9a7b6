from __future__ import annotations

import gzip
import stat

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.data.pictures import encoded, pairs_of_photographs, photograph, png
from tfwm.data.reading import records
from tfwm.data.reading.decode import InvalidImageError
from tfwm.data.reading.readers import read_images
from tfwm.types import ImagePairs


@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip(tmp_path, channels):
    pairs = pairs_of_photographs(channels=channels)
    path = records.write_pairs(pairs, tmp_path / "pairs.tfrecord.gz")
    back = records.read_pairs(str(path))
    np.testing.assert_array_equal(back.inputs, pairs.inputs)
    np.testing.assert_array_equal(back.targets, pairs.targets)
    assert gzip.decompress(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_several_patterns_are_read_in_order_and_once(tmp_path):
    pairs = pairs_of_photographs(4)
    records.write_pairs(pairs[2:], tmp_path / "data-00001")
    records.write_pairs(pairs[:2], tmp_path / "data-00000")
    back = records.read_pairs([f"{tmp_path}/data-*", f"{tmp_path}/data-00001"])
    np.testing.assert_array_equal(back.inputs, pairs.inputs)


def test_plain_files_are_read_too(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "plain")) as writer:
        writer.write(records.make_example("a", _side_by_side()).SerializeToString())
    assert records.read_pairs(f"{tmp_path}/plain").inputs.shape == (1, 4, 3, 3)


def _side_by_side() -> bytes:
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:, 3:] = 255
    return png(picture)


def test_example_has_the_pictures_and_figures_by_hand():
    feature = records.make_example("rain.png", _side_by_side()).features.feature
    assert feature["image/filename"].bytes_list.value[:] == [b"rain.png"]
    assert feature["image/format"].bytes_list.value[:] == [b"png"]
    sizes = [feature[f"image/{key}"].int64_list.value[0] for key in ("height", "width", "channels")]
    assert sizes == [4, 3, 3]
    assert tf.io.decode_png(feature["image/encoded"].bytes_list.value[0]).numpy().max() == 0
    assert tf.io.decode_png(feature["target/encoded"].bytes_list.value[0]).numpy().min() == 255
    assert feature["image/mean"].float_list.value[0] == 0
    assert feature["target/mean"].float_list.value[0] == 1


def test_figures_by_hand():
    # Rows (0, 255), (0, 255): mean 0.5, deviation 0.5; steps down 0, steps across 1, on average 0.5.
    striped, black = np.array([[[0], [255]], [[0], [255]]], np.uint8), np.zeros((2, 2, 1), np.uint8)
    feature = records.make_example("a", png(np.concatenate([striped, black], axis=1))).features.feature
    assert [feature[f"image/{key}"].float_list.value[0] for key in ("mean", "std", "sharpness")] == [0.5, 0.5, 0.5]
    assert [feature[f"target/{key}"].float_list.value[0] for key in ("mean", "std", "sharpness")] == [0, 0, 0]


def test_a_picture_of_one_pixel_is_not_sharp():
    feature = records.make_example("a", png(np.zeros((1, 2, 3), np.uint8))).features.feature
    assert feature["image/sharpness"].float_list.value[0] == 0


def test_make_example_refuses_what_is_no_pair():
    with pytest.raises(InvalidImageError, match=r"odd width of 5"):
        records.make_example("a.png", encoded(Image.new("RGB", (5, 4))))
    with pytest.raises(InvalidImageError, match=r"`b.png`(.|\n)*neither PNG"):
        records.make_example("b.png", b"text")


@pytest.mark.parametrize("channels", [1, 3])
def test_parse_example_in_a_graph_gives_the_same_pixels(tmp_path, channels):
    pairs = pairs_of_photographs(channels=channels)
    path = records.write_pairs(pairs, tmp_path / "pairs", names=["a", "b", "ü"])
    parsed = tf.data.TFRecordDataset(str(path), compression_type="GZIP").map(
        lambda serialized: records.parse_example(serialized, channels=channels)
    )
    assert parsed.element_spec["inputs"].shape.as_list() == [None, None, channels]
    examples = list(parsed.as_numpy_iterator())
    np.testing.assert_array_equal([example["inputs"] for example in examples], pairs.inputs)
    np.testing.assert_array_equal([example["targets"] for example in examples], pairs.targets)
    assert [example["name"].decode() for example in examples] == ["a", "b", "ü"]


def test_read_images_takes_the_inputs_of_a_tfrecord(tmp_path):
    pairs = pairs_of_photographs()
    records.write_pairs(pairs, tmp_path / "data_tfrecord-00000-of-00001.gz")
    found = read_images(tmp_path)
    np.testing.assert_array_equal(found.stacked(), pairs.inputs)
    assert found.names[0] == "data_tfrecord-00000-of-00001.gz/00000"


def test_a_truncated_tfrecord_is_a_problem_and_keeps_nothing_back(tmp_path):
    path = records.write_pairs(pairs_of_photographs(), tmp_path / "a.tfrecord")
    path.write_bytes(path.read_bytes()[:-800])
    (tmp_path / "good.png").write_bytes(png(photograph()))
    found = read_images(tmp_path)
    assert "good.png" in found.names
    assert "a.tfrecord" in dict(found.problems)
    with pytest.raises(ValueError, match=r"a.tfrecord` is damaged or truncated"):
        records.read_pairs(str(path))


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No file matches"):
        records.read_pairs(f"{tmp_path}/none*")
    with pytest.raises(ValueError, match=r"one for each of the 3 pairs, got 1"):
        records.write_pairs(pairs_of_photographs(), tmp_path / "x", names=["a"])
    records.write_pairs(pairs_of_photographs(1), tmp_path / "y-0")
    other = photograph(16, 16)[None]
    records.write_pairs(ImagePairs(other, other), tmp_path / "y-1")
    with pytest.raises(ValueError, match=r"All pairs must share one size"):
        records.read_pairs(f"{tmp_path}/y-*")
    with tf.io.TFRecordWriter(str(tmp_path / "foreign")) as writer:
        writer.write(tf.train.Example().SerializeToString())
    with pytest.raises(ValueError, match=r"must hold tf.Examples with image/encoded"):
        records.read_pairs(f"{tmp_path}/foreign")


def test_a_full_disk_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tf.data, "TFRecordDataset", lambda *_, **__: [b"only one arrived"])
    with pytest.raises(OSError, match=r"should hold 3 records, 1 arrived"):
        records.write_pairs(pairs_of_photographs(), tmp_path / "pairs")
    assert list(tmp_path.iterdir()) == []
