"""What several commands do with classifiers: read labelled images, and check that a network is a classifier of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.result import say

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.types import LabelledImages

PATCHES = 1500
TEST_PATCHES = 500


def parts_of(
    arguments: argparse.Namespace, counts: Mapping[str, int], *, size: int, channels: int | None
) -> dict[str, LabelledImages]:
    """Parts of `--data`; without it, patches of ten photographs, a task for trials.

    Args:
      counts: how many images of each part a trial has, by `owner`, `attacker`, `test`. With `--data` all of them, but
        no more than `--patches` to train on.
      size: side of a trial's pictures in pixels.
      channels: 1 or 3; None leaves pictures of `--data` as they are.

    Raises:
      FileNotFoundError: there is no such data.
      ValueError: no labelled images, or pictures of several sizes.
    """
    if arguments.data is None:
        from tfwm.data.reading.labelled import photograph_patches

        say(f"no --data: a trial on patches of {size} x {size} pixels from ten photographs")
        trial = {
            part: photograph_patches(part, count, size, seed=arguments.seed, channels=channels or 3)
            for part, count in counts.items()
        }
        return trial
    parts = _read(Path(arguments.data), arguments.seed, channels)
    shapes = {name: parts[name].images.shape[1:] for name in counts}
    _check_sizes(shapes, arguments.data)
    limit = arguments.patches
    return {name: _some(parts[name], None if name == "test" else limit, arguments.seed) for name in counts}


def _read(path: Path, seed: int, channels: int | None) -> dict[str, LabelledImages]:
    from tfwm.data.reading.labelled import labelled_parts

    try:
        return labelled_parts(path, seed=seed, channels=channels)
    except (FileNotFoundError, ValueError):
        raise
    except Exception as error:  # a damaged npz raises zip and other errors
        raise ValueError(
            f"`--data` {path} cannot be read ({type(error).__name__}: {error}). Was it cut off?"
        ) from error


def _check_sizes(shapes: Mapping[str, tuple[int, ...]], data: str) -> None:
    height, width = next(iter(shapes.values()))[:2]
    if len(set(shapes.values())) > 1 or height != width:
        listed = ", ".join(f"{list(shape)} in the part `{name}`" for name, shape in shapes.items())
        raise ValueError(f"`--data` {data} must hold square pictures of one size, got {listed}. Resize them.")


def _some(part: LabelledImages, limit: int | None, seed: int) -> LabelledImages:
    """All, or as many as `limit`, drawn evenly from the whole part."""
    import numpy as np

    if limit is None or limit >= len(part):
        return part
    return part[np.sort(np.random.default_rng(seed).permutation(len(part))[:limit])]


def described(data: LabelledImages, host: keras.Model | None) -> dict[str, Any]:
    """The settings of a scheme that data, and a host, decide."""
    from tfwm.training.classification import answers_with

    found = {"image_size": data.images.shape[1], "channels": data.images.shape[3], "classes": data.classes}
    return found if host is None else {**found, "outputs": answers_with(host, data.images)}


def check_classifier(network: keras.Model, option: str) -> None:
    """Refuses a network that does not answer each image with one score a class.

    Args:
      option: that gave the network, for the message.
    """
    taken, given = network.input_shape, network.output_shape
    images = isinstance(taken, tuple) and len(taken) == 4
    if not images or not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], int):
        raise ValueError(
            f"`{option}` must map images [n, height, width, channels] to scores [n, classes], got {taken} to {given}. "
            "Give a classifier, or the --scheme for your kind of network."
        )


def check_fit(network: keras.Model, data: LabelledImages, option: str) -> None:
    """Refuses a classifier of other pictures or of another number of classes.

    Args:
      option: that gave the network, for the message.
    """
    check_classifier(network, option)
    taken, classes, shape = network.input_shape[1:], network.output_shape[1], data.images.shape[1:]
    if any(a not in (None, b) for a, b in zip(taken, shape)) or classes != data.classes:
        raise ValueError(
            f"`{option}` takes pictures {list(taken)} and knows {classes} classes, but the data have pictures "
            f"{list(shape)} of {data.classes} classes. Give the classifier's own kind of data."
        )
