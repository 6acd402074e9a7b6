"""Labelled images from the user's files, in three parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfwm.data.reading.readers import read_images, with_channels
from tfwm.files import is_litter
from tfwm.types import LabelledImages

ATTACKER_SHARE = 0.2
_NAMES = ("x_train", "y_train", "x_test", "y_test")
Say = Callable[[str], None]


def silent(sentence: str) -> None:
    """Tells nobody."""


def labelled_parts(
    path: str | Path, *, seed: int = 0, channels: int | None = None, say: Say = silent
) -> dict[str, LabelledImages]:  # fmt: skip
    """Reads a data set of labelled images, and divides it into the owner's part, a thief's own, and a test part.

    The thief gets a fifth of the training images, drawn by `seed`.

    Args:
      path: an npz file with `x_train`, `y_train`, `x_test`, `y_test` (uint8 `[n, h, w]` or `[n, h, w, c]`), or a folder
        `train/<class>/*.png` and `test/<class>/*.png`, all pictures of one size.
      seed: of the draw.
      channels: 1 or 3; None leaves the pictures as they are.
      say: is called with a sentence on whatever lies in a folder and is left out: its name and the reason.

    Returns:
      `owner`, `attacker` and `test`.

    Raises:
      FileNotFoundError: there is no file or folder `path`.
      ValueError: a damaged file, arrays or folders are missing, or the pictures have several sizes.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"`{path}` is not there. Give an npz file or a folder of labelled images.")
    train, test = _from_folder(path, channels, say) if path.is_dir() else _from_npz(path, channels)
    if train.shape != test.shape:
        raise ValueError(
            f"`{path}` must hold pictures of one size, got {list(train.shape)} for training and {list(test.shape)} for "
            "the test. Resize them to the classifier's."
        )
    owner, attacker = owner_and_thief(len(train), seed=seed)
    return {"owner": train[owner], "attacker": train[attacker], "test": test}


def owner_and_thief(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of so many training images are the owner's, and which fifth is the thief's own.

    Args:
      count: of the training images, in their order.
      seed: of the division.

    Returns:
      Indices of the owner's and of the thief's images, both ascending.
    """
    order = np.random.default_rng(seed).permutation(count)
    split = round(ATTACKER_SHARE * count)
    return np.sort(order[split:]), np.sort(order[:split])


def _from_npz(path: Path, channels: int | None) -> tuple[LabelledImages, LabelledImages]:
    train_x, train_y, test_x, test_y = _arrays(path)
    classes = int(max(train_y.max(), test_y.max())) + 1
    return (LabelledImages(_pictures(train_x, channels), train_y.ravel(), classes),
            LabelledImages(_pictures(test_x, channels), test_y.ravel(), classes))  # fmt: skip


def _arrays(path: Path) -> list[np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            if not set(_NAMES) <= set(stored.files):
                raise ValueError(f"`{path}` must hold {', '.join(_NAMES)}, got {', '.join(stored.files)}. Rename them.")
            return [stored[name] for name in _NAMES]
    except (FileNotFoundError, ValueError):
        raise
    except Exception as error:  # a damaged file raises zip and other errors
        raise ValueError(
            f"{path} cannot be read as an npz file ({type(error).__name__}: {error}). Was it cut off?"
        ) from error


def _pictures(images: np.ndarray, channels: int | None) -> np.ndarray:
    images = images[..., None] if images.ndim == 3 else images
    if channels is None or images.ndim != 4 or images.shape[-1] == channels:
        return images
    return np.stack([with_channels(image, channels) for image in images])


def _from_folder(path: Path, channels: int | None, say: Say) -> tuple[LabelledImages, LabelledImages]:
    # What a dot begins (.ipynb_checkpoints, .git) is no class.
    names = sorted(folder.name for folder in (path / "train").glob("[!.]*") if folder.is_dir())
    if len(names) < 2 or not (path / "test").is_dir():
        raise ValueError(
            f"`{path}` must hold train/<class>/ and test/<class>/ with pictures, at least two classes, got "
            f"{len(names)} classes. Make one folder a class."
        )
    train, test = (_part(path / name, names, channels, say) for name in ("train", "test"))
    return train, test


def _part(folder: Path, names: list[str], channels: int | None, say: Say) -> LabelledImages:
    images: list[np.ndarray] = []
    labels: list[int] = []
    _say_strangers(folder, names, say)
    for label, name in enumerate(names):
        found = read_images(folder / name, channels=channels or 3)
        for file, reason in found.problems:
            say(f"left out `{folder.name}/{name}/{file}`: {reason}")
        images += found.images
        labels += [label] * len(found)
    if len({image.shape for image in images}) > 1:
        raise ValueError(f"`{folder}` must hold pictures of one size, got several. Resize them to the classifier's.")
    return LabelledImages(np.stack(images), np.array(labels), len(names))


def _say_strangers(folder: Path, names: list[str], say: Say) -> None:
    """Names what lies in a part and is no folder of a class, and hidden folders in those of classes."""
    for path in sorted(folder.iterdir()):
        shown = f"{folder.name}/{path.name}"
        if path.is_dir() and path.name.startswith("."):
            say(f"left out `{shown}`: a hidden folder is no class")
        elif path.is_dir() and path.name not in names:
            say(f"left out `{shown}`: train has no class of this name")
        elif not path.is_dir() and not is_litter(path.name):
            say(f"left out `{shown}`: it lies beside the folders of classes, in none of them")
    for name in names:
        for hidden in sorted(path for path in (folder / name).rglob(".*") if path.is_dir()):
            say(f"left out `{hidden.relative_to(folder.parent).as_posix()}`: a hidden folder")
