"""Labelled images for classifiers: files in a folder for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfwm.components import labelled_folders
from tfwm.components.example_forms import SPLITS
from tfwm.data import decode_image, with_channels
from tfwm.data.reading.records import picture_example
from tfwm.types import LabelledImages


class LabelledExamples:
    """See `tfwm.components.example_forms.ExampleForm`."""

    pattern = labelled_folders.PATTERN
    scalars = (
        "image/format", "image/content", "image/height", "image/width", "image/channels", "image/mean", "image/std",
        "image/sharpness",
        "image/class/label", "image/class/text",
    )  # fmt: skip

    def arranged(self, data: Path, root: Path, *, seed: int) -> Path:
        """The user's folder where it has the three parts; else a folder below `root` that has them.

        Args:
          data: a folder `owner/<class>/`, `attacker/<class>/` and `test/<class>/`, a folder `train/<class>/` and
            `test/<class>/`, or an npz file with `x_train`, `y_train`, `x_test` and `y_test`.
          root: of the pipeline.
          seed: decides which fifth of the training images goes to the thief.

        Raises:
          FileNotFoundError: no data, or a part without pictures.
          ValueError: arrays or classes that are missing.
        """
        folder = labelled_folders.arranged(data, root, seed=seed)
        self.class_names(str(folder))
        return folder

    def passed_over(self, data: Path) -> list[str]:
        """Files that are no PNG or JPEG, hidden ones, and pictures that lie outside the folders of classes.

        Args:
          data: as for `arranged`.
        """
        return labelled_folders.passed_over(data)

    def described(self, data: Path) -> dict[str, Any]:
        """Size, channels and number of classes of the data; empty where there are none on this machine.

        Args:
          data: as for `arranged`.
        """
        return labelled_folders.described(data)

    def class_names(self, folder: str) -> tuple[str, ...]:
        """Names of the class folders that hold pictures, sorted.

        Args:
          folder: has `owner/<class>/`, `attacker/<class>/` and `test/<class>/`; here or elsewhere.

        Raises:
          FileNotFoundError: a part without pictures.
          ValueError: a class of which the owner has no picture, or fewer than two classes.
        """
        found = {split: _classes(folder, split) for split in SPLITS}
        for split, names in found.items():
            if not names:
                raise FileNotFoundError(
                    f"`data` must hold <class>/*.png or *.jpg in {', '.join(SPLITS)}; {folder}/{split} has none. "
                    "Make one folder a class, or give train/ and test/, or an npz file."
                )
            if unknown := sorted(names - found["owner"]):
                raise ValueError(
                    f"`data` must hold pictures of every class for the owner; {folder}/owner has none of "
                    f"`{unknown[0]}`, which {split} has. Add some, or take the class out."
                )
        if len(found["owner"]) < 2:
            raise ValueError(f"`data` must hold at least two classes, {folder} has one. Make one folder a class.")
        return tuple(sorted(found["owner"]))

    def example(self, path: str, content: bytes, class_names: tuple[str, ...]) -> tf.train.Example:
        """The tf.Example of one file, named `<class>/<file>`, with the number and the name of its class.

        A name that is a number, for instance `3`, is kept as `class 3`: the schema has a domain of texts, by which it
        tells an unknown class, but takes texts that are numbers for numbers without bounds.

        Args:
          path: ends in the folder of a class and the name of the file.
          content: a PNG or JPEG.
          class_names: the number of a class is its place among them.

        Raises:
          InvalidImageError: not a usable picture.
        """
        name = "/".join(path.split("/")[-2:])
        label = name.split("/")[0]
        return picture_example(
            name, {"image": decode_image(content, name)}, texts={"image/class/text": _as_text(label).encode()},
            numbers={"image/class/label": class_names.index(label), "image/classes": len(class_names)},
        )  # fmt: skip

    def collected(self, records: tf.data.Dataset, *, channels: int) -> LabelledImages:
        """The images and their labels, in the order of their names.

        Args:
          records: serialized tf.Examples, in any order.
          channels: 1 or 3.

        Raises:
          ValueError: pictures of several sizes; the message names the first that differs.
        """
        found = sorted((_parsed(record, channels) for record in records.as_numpy_iterator()), key=lambda one: one[0])
        first, image, _, classes = found[0]
        for name, other, _, _ in found:
            if other.shape != image.shape:
                raise ValueError(
                    f"All pictures must share one size, got {list(other.shape)} in `{name}` and {list(image.shape)} in "
                    f"`{first}`. Resize them to the classifier's."
                )
        return LabelledImages(np.stack([one[1] for one in found]), np.array([one[2] for one in found]), classes)


def _classes(folder: str, split: str) -> set[str]:
    files = tf.io.gfile.glob(tf.io.gfile.join(folder, split, labelled_folders.PATTERN))
    return {str(file).split("/")[-2] for file in files}


def _as_text(label: str) -> str:
    try:
        int(label)
    except ValueError:
        return label
    return f"class {label}"


def _parsed(record: bytes, channels: int) -> tuple[str, np.ndarray, int, int]:
    """Name, pixels, label and number of classes; decoded as everywhere else in tfwm, so that luma is exact."""
    features = tf.train.Example.FromString(record).features.feature
    name = features["image/filename"].bytes_list.value[0].decode("utf-8", "replace")
    image = decode_image(features["image/encoded"].bytes_list.value[0], name)
    label, classes = (features[key].int64_list.value[0] for key in ("image/class/label", "image/classes"))
    return name, with_channels(image, channels), label, classes
