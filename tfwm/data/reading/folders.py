"""Pairs as a folder of pictures, input and target side by side, as Zhang et al. 2021 keep theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfwm.data.reading.decode import encode_png
from tfwm.data.reading.readers import read_images
from tfwm.data.reading.side_by_side import split_pair, stack_pairs
from tfwm.files import new_directory
from tfwm.types import ImagePairs


def write_folder(pairs: ImagePairs, directory: str | Path, *, overwrite: bool = False) -> Path:
    """Writes `00000.png`, `00001.png`, ... each with [input | target] in one picture.

    A folder that holds exactly these pictures is left as it is, because a pipeline takes new file times for new data.

    Args:
      pairs: inputs and targets with the same number of channels.
      directory: where to.
      overwrite: replace what lies there.

    Returns:
      `directory`.

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
    # Equally long names, so that their order is the order of the pairs.
    digits = max(5, len(str(len(pairs) - 1)))
    files = {
        f"{index:0{digits}d}.png": encode_png(np.concatenate(sides, axis=1))
        for index, sides in enumerate(zip(pairs.inputs, pairs.targets))
    }
    there = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else None
    if there == list(files) and all((directory / name).read_bytes() == files[name] for name in files):
        return directory
    with new_directory(directory, overwrite=overwrite) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
    return directory


def read_folder_pairs(directory: str | Path, *, channels: int = 3) -> ImagePairs:
    """Reads a folder of [input | target] pictures, in the order of their names.

    Args:
      directory: its pictures, and those of its subfolders, are read.
      channels: 1 or 3; grey is repeated, colour becomes luma.

    Raises:
      ValueError: a file is not usable (all are named), an odd width, or several sizes.
    """
    found = read_images(directory, channels=channels, min_side=1, on_bad="fail")
    halves = [split_pair(image, name) for image, name in zip(found.images, found.names)]
    return stack_pairs(halves, found.names)
