"""Labelled images from files, and the task made of photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfwm.data.reading.labelled import labelled_parts
from tfwm.types import LabelledImages

PARTS = ("owner", "attacker", "test")


def _arrays(train: int = 50, test: int = 7) -> dict[str, np.ndarray]:
    """Image i is filled with i, so that its place in the file is known."""
    return {
        "x_train": np.broadcast_to(np.arange(train, dtype=np.uint8)[:, None, None], (train, 4, 5)),
        "y_train": np.arange(train) % 3, "x_test": np.full((test, 4, 5), 200, np.uint8), "y_test": np.arange(test) % 4,
    }  # fmt: skip


def _saved(folder: Path, **changed: np.ndarray) -> Path:
    np.savez(folder / "set.npz", **{**_arrays(), **changed})
    return folder / "set.npz"


def _numbers(part: LabelledImages) -> list[int]:
    return part.images[:, 0, 0, 0].tolist()


def test_a_fifth_goes_to_the_thief_and_nothing_to_both(tmp_path: Path) -> None:
    parts = labelled_parts(_saved(tmp_path))
    assert [len(parts[name]) for name in PARTS] == [40, 10, 7]
    owner, attacker = _numbers(parts["owner"]), _numbers(parts["attacker"])
    assert sorted(owner + attacker) == list(range(50))
    for part, numbers in ((parts["owner"], owner), (parts["attacker"], attacker)):
        np.testing.assert_array_equal(part.labels, np.array(numbers) % 3)
        assert numbers == sorted(numbers)
    # Class 3 is in the test part alone, and counts.
    assert {part.classes for part in parts.values()} == {4}


def test_the_division_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    first, same, other = (_numbers(labelled_parts(path, seed=seed)["attacker"]) for seed in (3, 3, 4))
    assert first == same
    assert first != other
    assert first != list(range(10))  # a stretch of the file would be classes in order


def test_channels_as_asked_for(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    assert labelled_parts(path)["owner"].shape == (4, 5, 1)
    colour = labelled_parts(path, channels=3)["owner"]
    assert colour.shape == (4, 5, 3)
    np.testing.assert_array_equal(colour.images, np.repeat(labelled_parts(path)["owner"].images, 3, axis=-1))


def test_labels_in_a_column_are_labels_and_one_hot_ones_are_not(tmp_path: Path) -> None:
    column = labelled_parts(_saved(tmp_path, y_train=_arrays()["y_train"][:, None]))
    np.testing.assert_array_equal(column["owner"].labels, np.array(_numbers(column["owner"])) % 3)
    one_hot = np.eye(3, dtype=np.uint8)[_arrays()["y_train"]]
    with pytest.raises(ValueError, match=r"whole numbers \[50\], one an image, got uint8 \[150\]. Take the argmax"):
        labelled_parts(_saved(tmp_path, y_train=one_hot))
    with pytest.raises(ValueError, match="`images` must be uint8"):
        labelled_parts(_saved(tmp_path, x_train=_arrays()["x_train"].astype(np.float32)))


def test_files_that_are_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.npz` is not there. Give an npz file or a folder"):
        labelled_parts(tmp_path / "gone.npz")
    np.savez(tmp_path / "half.npz", x_train=_arrays()["x_train"], labels=_arrays()["y_train"])
    with pytest.raises(ValueError, match="must hold x_train, y_train, x_test, y_test, got x_train, labels. Rename"):
        labelled_parts(tmp_path / "half.npz")


def _folder(root: Path, sizes: dict[str, tuple[int, int]], count: int = 5) -> Path:
    for index, (name, (height, width)) in enumerate(sizes.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.full((height, width, 3), 40 * index + number, np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


SAME = dict.fromkeys(("train/cat", "train/dog", "test/cat", "test/dog"), (16, 18))


def test_a_folder_of_classes(tmp_path: Path) -> None:
    parts = labelled_parts(_folder(tmp_path, SAME))
    assert [len(parts[name]) for name in PARTS] == [8, 2, 10]
    assert parts["owner"].classes == 2
    assert parts["owner"].shape == (16, 18, 3)
    for name in ("owner", "attacker"):
        np.testing.assert_array_equal(parts[name].labels, np.array(_numbers(parts[name])) // 40)
    np.testing.assert_array_equal(parts["test"].labels, [0] * 5 + [1] * 5)


def test_a_hidden_folder_is_no_class(tmp_path: Path) -> None:
    plain = labelled_parts(_folder(tmp_path, SAME))
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "train" / ".ipynb_checkpoints" / "0.png").write_bytes((tmp_path / "train/cat/0.png").read_bytes())
    parts = labelled_parts(tmp_path)
    assert parts["owner"].classes == 2
    for name in PARTS:
        np.testing.assert_array_equal(parts[name].labels, plain[name].labels)
        np.testing.assert_array_equal(parts[name].images, plain[name].images)


def test_whatever_is_left_out_is_told_by_name_and_reason(tmp_path: Path) -> None:
    plain = labelled_parts(_folder(tmp_path, SAME))
    Image.new("RGB", (18, 16)).save(tmp_path / "train/cat/web.jpg", "WEBP")
    (tmp_path / "train/cat/.DS_Store").touch()  # a word on these would tell nobody anything
    (tmp_path / "train/.DS_Store").touch()
    for name in ("train/dog/Thumbs.db", "test/dog/half.png", "test/loose.png"):
        (tmp_path / name).write_bytes((tmp_path / "train/dog/0.png").read_bytes()[: 8 * name.endswith("half.png")])
    for name in ("train/.ipynb_checkpoints", "test/bird", "test/cat/more/.thumbnails"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "0.png").write_bytes((tmp_path / "train/cat/0.png").read_bytes())
    said: list[str] = []
    parts = labelled_parts(tmp_path, say=said.append)
    for name in PARTS:
        np.testing.assert_array_equal(parts[name].images, plain[name].images)
        np.testing.assert_array_equal(parts[name].labels, plain[name].labels)
    reasons = dict(sentence.split(": ", 1) for sentence in said)
    assert sorted(reasons) == sorted(
        f"left out `{name}`"
        for name in ("train/.ipynb_checkpoints", "train/cat/web.jpg", "train/dog/Thumbs.db", "test/bird",
                     "test/cat/more/.thumbnails", "test/dog/half.png", "test/loose.png")
    )  # fmt: skip
    assert reasons["left out `train/cat/web.jpg`"] == "neither PNG nor JPEG by its first bytes"
    assert reasons["left out `test/bird`"] == "train has no class of this name"


def test_folders_that_are_no_data_set(tmp_path: Path) -> None:
    _folder(tmp_path / "sizes", {**SAME, "train/dog": (17, 18)})
    with pytest.raises(ValueError, match="must hold pictures of one size, got several. Resize them"):
        labelled_parts(tmp_path / "sizes")
    _folder(tmp_path / "one", {"train/cat": (16, 18), "test/cat": (16, 18)})
    with pytest.raises(ValueError, match="at least two classes, got 1 classes. Make one folder a class"):
        labelled_parts(tmp_path / "one")
    _folder(tmp_path / "untested", {"train/cat": (16, 18), "train/dog": (16, 18)})
    with pytest.raises(ValueError, match="must hold train/<class>/ and test/<class>/"):
        labelled_parts(tmp_path / "untested")


def test_a_test_part_of_another_size_is_refused(tmp_path: Path) -> None:
    _folder(tmp_path / "sizes", {**SAME, "test/cat": (17, 18), "test/dog": (17, 18)})
    with pytest.raises(ValueError, match=r"must hold pictures of one size, got \[16, 18, 3\] .* and \[17, 18, 3\]"):
        labelled_parts(tmp_path / "sizes")
    with pytest.raises(ValueError, match=r"must hold pictures of one size, got \[4, 5, 1\] .* and \[9, 5, 1\]"):
        labelled_parts(_saved(tmp_path, x_test=np.zeros((7, 9, 5), np.uint8)))
