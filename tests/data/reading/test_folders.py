from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import encoded, pairs_of_photographs
from tfwm.data.reading.decode import InvalidImageError
from tfwm.data.reading.folders import read_folder_pairs, write_folder
from tfwm.data.reading.side_by_side import split_pair
from tfwm.types import ImagePairs


@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip(tmp_path, channels):
    pairs = pairs_of_photographs(channels=channels)
    folder = write_folder(pairs, tmp_path / "pairs")
    assert sorted(path.name for path in folder.iterdir()) == ["00000.png", "00001.png", "00002.png"]
    back = read_folder_pairs(folder, channels=channels)
    np.testing.assert_array_equal(back.inputs, pairs.inputs)
    np.testing.assert_array_equal(back.targets, pairs.targets)


def test_input_lies_on_the_left(tmp_path):
    black = np.zeros((1, 4, 4, 3), np.uint8)
    folder = write_folder(ImagePairs(black, black + 255), tmp_path / "pairs")
    picture = np.asarray(Image.open(folder / "00000.png"))
    assert picture.shape == (4, 8, 3)
    assert picture[:, :4].max() == 0
    assert picture[:, 4:].min() == 255


def test_an_equal_folder_is_left_untouched_and_another_one_is_not_overwritten(tmp_path):
    folder = write_folder(pairs_of_photographs(), tmp_path / "pairs")
    times = [path.stat().st_mtime_ns for path in sorted(folder.iterdir())]
    write_folder(pairs_of_photographs(), folder)
    assert [path.stat().st_mtime_ns for path in sorted(folder.iterdir())] == times
    with pytest.raises(FileExistsError, match=r"exists already"):
        write_folder(pairs_of_photographs(2), folder)
    write_folder(pairs_of_photographs(2), folder, overwrite=True)
    assert len(read_folder_pairs(folder)) == 2


def test_errors_name_the_file(tmp_path):
    (tmp_path / "odd.png").write_bytes(encoded(Image.new("RGB", (9, 4))))
    with pytest.raises(InvalidImageError, match=r"`odd.png`(.|\n)*odd width of 9 pixels"):
        read_folder_pairs(tmp_path)
    (tmp_path / "odd.png").write_bytes(encoded(Image.new("RGB", (8, 4))))
    (tmp_path / "other.png").write_bytes(encoded(Image.new("RGB", (8, 6))))
    with pytest.raises(ValueError, match=r"one size, got \[\[6, 4, 3\], \[6, 4, 3\]\] in `other.png`"):
        read_folder_pairs(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"notes.txt: neither PNG nor JPEG"):
        read_folder_pairs(tmp_path)


def test_channels_must_agree(tmp_path):
    pairs = ImagePairs(pairs_of_photographs(channels=1).inputs, pairs_of_photographs().targets)
    with pytest.raises(ValueError, match=r"equal channels(.|\n)*with_channels"):
        write_folder(pairs, tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


def test_split_pair_is_exact():
    left, right = split_pair(np.arange(8, dtype=np.uint8).reshape(1, 4, 2), "a")
    assert left.tolist() == [[[0, 1], [2, 3]]]
    assert right.tolist() == [[[4, 5], [6, 7]]]
