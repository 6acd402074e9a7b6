"""Labelled images as the folders that ImageExampleGen reads: a part for each side, and in it a folder a class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfwm.components.example_forms import FILES, SPLITS, left_over
from tfwm.data import decode_image, encode_png
from tfwm.data.reading.labelled import labelled_parts, owner_and_thief
from tfwm.digests import file_digest
from tfwm.files import new_directory
from tfwm.types import LabelledImages

PATTERN = f"[!.]*/{FILES}"
TRAIN, TEST = "train", "test"


def arranged(data: Path, root: Path, *, seed: int) -> Path:
    """The folder with `owner/<class>/`, `attacker/<class>/` and `test/<class>/` of a user's labelled images.

    Pictures of a folder are linked, those of an npz file are written as PNG; both lie in a folder below `root` that
    only the owner may enter, since key samples are made of such pictures.

    Args:
      data: such a folder, which is given back; or a folder `train/<class>/` and `test/<class>/`, or an npz file.
      root: of the pipeline.
      seed: decides which fifth of the training images goes to the thief.

    Raises:
      FileNotFoundError: there are no such data.
      ValueError: arrays or folders that are missing, or two pictures that would get one name.
    """
    if data.is_file():
        digest = hashlib.sha256(f"{file_digest(data)} {seed}".encode()).hexdigest()[:12]
        target = root / f"data-{digest}"
        return target if target.exists() else write_parts(labelled_parts(data, seed=seed), target)
    if not _is_divided_in_two(data):
        return data
    parts = _linked_parts(data, seed)
    listing = json.dumps([str(data), {name: {str(k): str(v) for k, v in part.items()} for name, part in parts.items()}])
    target = root / f"data-{hashlib.sha256(listing.encode()).hexdigest()[:12]}"
    if target.exists():
        return target
    with new_directory(target, 0o700) as temporary:
        for name, part in parts.items():
            for place, file in part.items():
                link = temporary / name / place
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file)
    return target


def write_parts(parts: Mapping[str, LabelledImages], directory: Path) -> Path:
    """Writes labelled images as PNG files, `<part>/<class>/<number>.png`, whole or not at all.

    Args:
      parts: by name, all of one number of classes.
      directory: must not exist; only its owner may enter it.

    Raises:
      ValueError: a class of which the owner has no image: its folder would be missing, and later classes get another
        number.
    """
    classes = parts["owner"].classes
    if missing := sorted(set(range(classes)) - set(parts["owner"].labels.tolist())):
        raise ValueError(
            f"`data` must hold training images of every class from 0 to {classes - 1}, got none of class {missing[0]} "
            "for the owner. Number the classes without gaps, and give several images of each."
        )
    digits = len(str(classes - 1))
    with new_directory(directory, 0o700) as temporary:
        for name, part in parts.items():
            for label in range(classes):
                (temporary / name / f"{label:0{digits}d}").mkdir(parents=True)
            for number, (image, label) in enumerate(zip(part.images, part.labels)):
                (temporary / name / f"{label:0{digits}d}" / f"{number:06d}.png").write_bytes(encode_png(image))
    return directory


def passed_over(data: Path) -> list[str]:
    """Files in the parts of a user's folder that no step reads, relative to it: litter, and pictures out of place.

    Args:
      data: as for `arranged`; an npz file has none.
    """
    if not _is_divided_in_two(data):
        read = {file for part in SPLITS for file in (data / part).glob(PATTERN)}
        return left_over(data, SPLITS, read)
    read = {file for part in (TRAIN, TEST) for _, file in _pictures_below(data / part)}
    return left_over(data, (TRAIN, TEST), read)


def described(data: Path) -> dict[str, Any]:
    """Fields of a scheme that labelled images decide: `image_size`, `channels` and `classes`.

    Args:
      data: a folder or an npz file, as for `arranged`.

    Returns:
      The fields, of the first picture; empty where there is none.

    Raises:
      InvalidImageError: the first picture is not usable.
      ValueError: an npz file without the arrays.
    """
    if data.is_file():
        owner = labelled_parts(data)["owner"]
        return {"image_size": owner.shape[0], "channels": owner.shape[2], "classes": owner.classes}
    first = TRAIN if _is_divided_in_two(data) else SPLITS[0]
    files = sorted((data / first).glob(PATTERN))
    if not files:
        return {}
    height, _, channels = decode_image(files[0].read_bytes(), str(files[0])).shape
    return {"image_size": height, "channels": channels, "classes": len({file.parent for file in files})}


def _is_divided_in_two(data: Path) -> bool:
    return (data / TRAIN).is_dir() and not (data / SPLITS[0]).is_dir()


def _linked_parts(data: Path, seed: int) -> dict[str, dict[Path, Path]]:
    """Files by their place in each part; the division is that of `labelled_parts`."""
    train, test = (_by_place(data / name) for name in (TRAIN, TEST))
    if not train or not test:
        raise FileNotFoundError(
            f"`data` must hold train/<class>/ and test/<class>/ with *.png or *.jpg, `{data}` has "
            f"{len(train)} and {len(test)} pictures. Make one folder a class."
        )
    files = list(train.items())
    owner, attacker = (dict(files[i] for i in chosen) for chosen in owner_and_thief(len(files), seed=seed))
    return {"owner": owner, "attacker": attacker, "test": test}


def _by_place(folder: Path) -> dict[Path, Path]:
    found: dict[Path, Path] = {}
    for place, file in _pictures_below(folder):
        if place in found:
            raise ValueError(f"`data` has two pictures that would both be {place}: {found[place]}, {file}. Rename one.")
        found[place] = file
    return found


def _pictures_below(folder: Path) -> Iterator[tuple[Path, Path]]:
    """(`<class>/<file>`, file) of every picture, sorted by class; files in folders of a class count as its own."""
    for label in sorted(path for path in folder.glob("[!.]*") if path.is_dir()):
        for file in sorted(label.rglob(FILES)):
            steps = file.relative_to(label).parts
            if not any(step.startswith(".") for step in steps):
                yield Path(label.name, "__".join(steps)), file.absolute()
