from __future__ import annotations

import io
import socket

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import photograph
from tfwm.data.reading.samples import PHOTOGRAPHS, folder_parts, photographs


@pytest.mark.parametrize("part", PHOTOGRAPHS)
def test_parts_hold_colour_photographs_and_need_no_network(part, monkeypatch):
    def no_network(*_: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    found = photographs(part)
    assert len(found) == len(PHOTOGRAPHS[part])
    for image in found.values():
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert min(image.shape[:2]) >= 128
    colourful = [np.ptp(image.astype(int), axis=2).mean() > 5 for image in found.values()]
    assert sum(colourful) >= 2


def test_parts_share_no_photograph_and_one_scene_stays_together():
    files = [file for part in PHOTOGRAPHS.values() for file in part]
    assert len(files) == len(set(files))
    assert sum(any(file.startswith("motorcycle") for file in part) for part in PHOTOGRAPHS.values()) == 1
    with pytest.raises(ValueError, match=r"no part `ownr`. Did you mean `owner`"):
        photographs("ownr")


def _folder(count: int) -> dict[str, np.ndarray]:
    return {f"{index}.png": photograph(40, 60, seed=index) for index in range(count)}


def _part_of(parts: dict[str, dict[str, np.ndarray]]) -> dict[str, str]:
    return {name: part for part, images in parts.items() for name in images}


def test_a_folder_is_split_whole_and_by_shares():
    images = _folder(20)
    parts = folder_parts(images, seed=0)
    assert {part: len(found) for part, found in parts.items()} == {"owner": 8, "attacker": 8, "test": 4}
    assert sorted(_part_of(parts)) == sorted(images)
    assert {part: len(found) for part, found in folder_parts(_folder(6), seed=0).items()}["test"] >= 1


def test_the_split_follows_pixels_and_seed_not_names_or_order():
    images = _folder(12)
    renamed = {f"x{name}": images[name] for name in reversed(images)}
    first = _part_of(folder_parts(images, seed=0))
    assert {name[1:]: part for name, part in _part_of(folder_parts(renamed, seed=0)).items()} == first
    assert _part_of(folder_parts(images, seed=1)) != first


def _jpeg_copy(image: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).resize((45, 30), Image.LANCZOS).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize("copy", [_jpeg_copy, lambda image: image[:, ::-1], lambda image: image // 2 + 50])
def test_near_copies_land_in_the_same_part(copy):
    images = _folder(10)
    images |= {f"copy of {name}": copy(image) for name, image in images.items()}
    for seed in range(3):
        part = _part_of(folder_parts(images, seed=seed))
        assert all(part[name] == part[f"copy of {name}"] for name in _folder(10))


def test_too_few_photographs():
    with pytest.raises(ValueError, match=r"at least 6 photographs(.|\n)*got 5"):
        folder_parts(_folder(5), seed=0)
    copies = {str(index): photograph(seed=index % 2) for index in range(8)}
    with pytest.raises(ValueError, match=r"got 2 among 8"):
        folder_parts(copies, seed=0)


def _in_folders(**counts: int) -> dict[str, np.ndarray]:
    names = [f"{part}/class/{index}.png" for part, count in counts.items() for index in range(count)]
    return {name: photograph(40, 60, seed=index) for index, name in enumerate(names)}


@pytest.mark.parametrize("above", ["", "chest.tar/", "my/pictures/"])
def test_folders_may_name_the_parts(above):
    images = {f"{above}{name}": image for name, image in _in_folders(test=1, owner=2, attacker=3).items()}
    parts = folder_parts(images, seed=0)
    assert {part: len(found) for part, found in parts.items()} == {"owner": 2, "attacker": 3, "test": 1}
    assert all(name.startswith(f"{above}{part}/") for name, part in _part_of(parts).items())


@pytest.mark.parametrize("stray", ["more/1.png", "1.png", "owner.png"])
def test_folders_name_the_parts_only_where_they_hold_all(stray):
    images = {**_in_folders(test=2, owner=2, attacker=2), stray: photograph(40, 60, seed=9)}
    assert sorted(_part_of(folder_parts(images, seed=0))) == sorted(images)
    # One folder alone names nothing, whatever it is called.
    alone = _in_folders(owner=6)
    assert set(folder_parts(alone, seed=0)) == {"owner", "attacker", "test"}


def test_a_folder_that_is_missing_is_named():
    with pytest.raises(ValueError, match="three folders, owner, attacker, test, .* got none in test. Add it"):
        folder_parts(_in_folders(owner=3, attacker=3), seed=0)


@pytest.mark.parametrize("copy", [lambda image: image, _jpeg_copy, lambda image: image[:, ::-1]])
def test_data_of_owner_and_thief_that_overlap_are_refused(copy):
    images = _in_folders(owner=3, attacker=3, test=2)
    images["attacker/class/5.png"] = copy(images["owner/class/1.png"])
    with pytest.raises(ValueError, match=r"share no photograph, but `owner/class/1.png` and `attacker/class/5.png` are "
                       r"near copies \(1 such pairs in all\). Take one"):  # fmt: skip
        folder_parts(images, seed=0)
