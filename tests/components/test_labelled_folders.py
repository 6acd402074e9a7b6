import os
import stat

import numpy as np
import pytest

from tfwm.components.labelled_folders import PATTERN, arranged, described, passed_over, write_parts
from tfwm.data import decode_image, encode_png
from tfwm.data.reading.labelled import labelled_parts
from tfwm.types import LabelledImages

PARTS = ("owner", "attacker", "test")


def _images(count, *, classes=3, side=16, channels=3, seed=0):
    draws = np.random.default_rng(seed)
    return LabelledImages(
        draws.integers(0, 256, (count, side, side, channels), np.uint8), np.arange(count) % classes, classes
    )


def _npz(path, train, test):
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return path


def _two_parts(folder, train, test):
    """`train/<class>/` and `test/<class>/`, as users have them."""
    for part, images in (("train", train), ("test", test)):
        for number, (image, label) in enumerate(zip(images.images, images.labels)):
            place = folder / part / f"class-{label}" / f"{number:03d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(encode_png(image))
    return folder


def _read(folder, part):
    files = sorted((folder / part).glob(PATTERN))
    return {(file.parent.name, file.read_bytes()) for file in files}


def test_three_parts_stay_where_they_are(tmp_path):
    write_parts({part: _images(6) for part in PARTS}, tmp_path / "data")
    assert arranged(tmp_path / "data", tmp_path / "root", seed=0) == tmp_path / "data"
    assert not (tmp_path / "root").exists()


def test_an_npz_file_becomes_pictures_that_only_the_owner_sees(tmp_path):
    file = _npz(tmp_path / "data.npz", _images(30), _images(9, seed=1))
    folder = arranged(file, tmp_path / "root", seed=3)
    assert folder.parent == tmp_path / "root"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for part, expected in labelled_parts(file, seed=3).items():
        images = {(str(label), encode_png(image)) for image, label in zip(expected.images, expected.labels)}
        assert _read(folder, part) == images


def test_the_same_data_are_arranged_once_and_others_apart(tmp_path):
    file = _npz(tmp_path / "data.npz", _images(30), _images(9))
    folder = arranged(file, tmp_path / "root", seed=3)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert arranged(file, tmp_path / "root", seed=3) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert arranged(file, tmp_path / "root", seed=4) != folder
    _npz(file, _images(30, seed=5), _images(9))
    assert arranged(file, tmp_path / "root", seed=3) != folder


def test_train_and_test_are_divided_as_the_commands_divide_them(tmp_path):
    data = _two_parts(tmp_path / "data", _images(30), _images(9, seed=1))
    folder = arranged(data, tmp_path / "root", seed=3)
    for part, expected in labelled_parts(data, seed=3).items():
        found = sorted((folder / part).glob(PATTERN))
        pixels = {decode_image(file.read_bytes(), file.name).tobytes() for file in found}
        assert pixels == {image.tobytes() for image in expected.images}, part
        assert sorted(int(file.parent.name[-1]) for file in found) == sorted(expected.labels)


def test_a_change_of_a_users_picture_is_seen_through_the_folder(tmp_path):
    data = _two_parts(tmp_path / "data", _images(30), _images(9))
    folder = arranged(data, tmp_path / "root", seed=0)
    changed = next(iter(sorted((folder / "owner").glob(PATTERN))))
    os.utime(data / "train" / changed.parent.name / changed.name, (1, 1))
    assert changed.stat().st_mtime == 1
    (data / "train" / "class-0" / "new.png").write_bytes(encode_png(_images(1).images[0]))
    assert arranged(data, tmp_path / "root", seed=0) != folder


def test_litter_is_passed_over_and_named(tmp_path):
    data = _two_parts(tmp_path / "data", _images(30), _images(9))
    assert passed_over(data) == []
    litter = ("train/.DS_Store", "train/class-0/Thumbs.db", "train/class-0/._000.png", "train/.cache/a/1.png",
                 "test/class-1/.hidden/2.png", "train/notes.txt")  # fmt: skip
    for name in litter:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(b"litter")
    folder = arranged(data, tmp_path / "root", seed=0)
    assert sum(len(list((folder / part).glob(PATTERN))) for part in PARTS) == 39
    assert sorted(path.name for path in (folder / "owner").iterdir()) == ["class-0", "class-1", "class-2"]
    assert described(data) == {"image_size": 16, "channels": 3, "classes": 3}
    assert passed_over(data) == sorted(litter)


def test_pictures_out_of_place_in_three_parts_are_named(tmp_path):
    data = write_parts({part: _images(6) for part in PARTS}, tmp_path / "data")
    for name in ("owner/1/deeper/1.png", "test/loose.png", "attacker/0/.hidden.png"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_bytes(encode_png(_images(1).images[0]))
    (data / "README.txt").touch()  # beside the parts: none of our business
    assert passed_over(data) == ["attacker/0/.hidden.png", "owner/1/deeper/1.png", "test/loose.png"]


def test_two_pictures_of_one_name_are_refused(tmp_path):
    data = _two_parts(tmp_path / "data", _images(30), _images(9))
    (data / "train" / "class-1" / "more").mkdir()
    for name in ("more/1.png", "more__1.png"):
        (data / "train" / "class-1" / name).write_bytes(encode_png(_images(1).images[0]))
    with pytest.raises(ValueError, match=r"two pictures that would both be class-1/more__1\.png: .*Rename one"):
        arranged(data, tmp_path / "root", seed=0)


def test_folders_within_a_class_belong_to_it(tmp_path):
    data = _two_parts(tmp_path / "data", _images(30), _images(9))
    (data / "train" / "class-1" / "more").mkdir()
    (data / "train" / "class-1" / "001.png").rename(data / "train" / "class-1" / "more" / "001.png")
    folder = arranged(data, tmp_path / "root", seed=0)
    assert len([*folder.glob("*/class-1/*")]) == 13
    assert [path.name for path in folder.glob("*/class-1/more*")] == ["more__001.png"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", ["npz", "two parts", "three parts"])
def test_what_the_data_say_of_a_scheme(tmp_path, form, channels):
    train, test = (_images(count, classes=4, side=20, channels=channels) for count in (40, 8))
    if form == "npz":
        data = _npz(tmp_path / "data.npz", train, test)
    elif form == "two parts":
        data = _two_parts(tmp_path / "data", train, test)
    else:
        data = write_parts(dict.fromkeys(PARTS, train), tmp_path / "data")
    assert described(data) == {"image_size": 20, "channels": channels, "classes": 4}
    assert described(arranged(data, tmp_path / "root", seed=0)) == described(data)


def test_data_elsewhere_say_nothing(tmp_path):
    assert described(tmp_path / "nowhere") == {}


def test_class_numbers_keep_their_order_beyond_nine(tmp_path):
    folder = write_parts({part: _images(24, classes=12) for part in PARTS}, tmp_path / "data")
    assert sorted(path.name for path in (folder / "owner").iterdir()) == [f"{label:02d}" for label in range(12)]


def test_a_class_without_an_owners_picture_would_renumber_the_others(tmp_path):
    train = LabelledImages(_images(20).images, np.array([0, 2] * 10), 3)
    with pytest.raises(ValueError, match="every class from 0 to 2, got none of class 1 for the owner"):
        arranged(_npz(tmp_path / "data.npz", train, train), tmp_path / "root", seed=0)
    assert not list((tmp_path / "root").glob("*"))


def test_half_of_the_data_is_told(tmp_path):
    data = _two_parts(tmp_path / "data", _images(9), _images(0))
    with pytest.raises(FileNotFoundError, match=r"`.*data` has 9 and 0 pictures"):
        arranged(data, tmp_path / "root", seed=0)


def test_a_file_that_is_no_npz_is_told(tmp_path):
    (tmp_path / "data.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"data\.npz cannot be read as an npz file .*Was it cut off"):
        arranged(tmp_path / "data.npz", tmp_path / "root", seed=0)
