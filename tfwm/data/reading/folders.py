"""Pairs as a folder of pictures, input and target side by side: the convention of the paper's authors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfwm.data.reading.decode import encode_png
from tfwm.data.reading.readers import read_images
from tfwm.data.reading.side_by_side import split_pair, stack_pairs
from tfwm.files import new_directory
from tfwm.types import ImagePairs


def write_folder(pairs: ImagePairs, directory: str | Path, *, overwrite: bool = False) -> Path:
    """Writes `00000.png`, `00001.png`, ... each with [input | target] in one picture.

    A folder that holds exactly these pictures is left untouched, file times included: pipelines
    take them for a change of the data.

    Raises:
      FileExistsError: `directory` holds something else and `overwrite` is not set.
      ValueError: inputs and targets differ in their number of channels.
    """
    if pairs.inputs.shape[3] != pairs.targets.shape[3]:
        raise ValueError(
            f"`pairs` must have equal channels to lie side by side, got {pairs.inputs.shape[3]} and "
            f"{pairs.targets.shape[3]}. Convert one side with tfwm.data.with_channels."
        )
    directory = Path(directory)
    names = _names(len(pairs))
    if _holds(directory, names, pairs):
        return directory
    with new_directory(directory, overwrite=overwrite) as temporary:
        for name, content in zip(names, _encoded(pairs)):
            (temporary / name).write_bytes(content)
    return directory


def read_folder_pairs(directory: str | Path, *, channels: int = 3) -> ImagePairs:
    """Reads a folder of [input | target] pictures, in the order of their names.

    Raises:
      ValueError: a file is not usable (all are named), an odd width, or several sizes.
    """
    found = read_images(directory, channels=channels, min_side=1, on_bad="fail")
    halves = [split_pair(image, name) for image, name in zip(found.images, found.names)]
    return stack_pairs(halves, found.names)


def _names(count: int) -> list[str]:
    """Equally long, so that the order of names is the order of pairs."""
    digits = max(5, len(str(count - 1)))
    return [f"{index:0{digits}d}.png" for index in range(count)]


def _encoded(pairs: ImagePairs) -> Iterator[bytes]:
    for source, target in zip(pairs.inputs, pairs.targets):
        yield encode_png(np.concatenate([source, target], axis=1))


def _holds(directory: Path, names: list[str], pairs: ImagePairs) -> bool:
    if not directory.is_dir() or sorted(path.name for path in directory.iterdir()) != names:
        return False
    return all((directory / name).read_bytes() == content for name, content in zip(names, _encoded(pairs)))
