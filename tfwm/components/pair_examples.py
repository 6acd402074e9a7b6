"""Pairs for restoration networks: files with [input | target] side by side."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfwm.components.example_forms import FILES, SPLITS, left_over
from tfwm.data import make_example, parse_example
from tfwm.data.reading.side_by_side import stack_pairs
from tfwm.types import ImagePairs


class PairExamples:
    """See `tfwm.components.example_forms.ExampleForm`."""

    pattern = FILES
    scalars = (
        "image/format", "image/content", "image/height", "image/width", "image/channels", "image/mean", "image/std",
        "image/sharpness",
        "target/mean", "target/std", "target/sharpness",
    )  # fmt: skip

    def arranged(self, data: Path, root: Path, *, seed: int) -> Path:
        """The user's folder as it is.

        Args:
          data: a folder with `owner`, `attacker` and `test`.
          root: is not used.
          seed: is not used.

        Raises:
          FileNotFoundError: a sub-folder is missing or holds no PNG or JPEG.
        """
        for split in SPLITS:
            if not any((data / split).glob(self.pattern)):
                raise FileNotFoundError(
                    f"`data` must hold [input | target] pictures, PNG or JPEG, in {', '.join(SPLITS)}; {data / split} "
                    "has none. tfwm.data.write_folder writes them."
                )
        return data

    def passed_over(self, data: Path) -> list[str]:
        """Files that are no PNG or JPEG, or that lie deeper; not hidden ones, among which are the demo's own.

        Args:
          data: as for `arranged`.
        """
        read = {file for split in SPLITS for file in (data / split).glob(self.pattern)}
        return [name for name in left_over(data, SPLITS, read) if not name.split("/")[-1].startswith(".")]

    def described(self, data: Path) -> dict[str, Any]:
        """Nothing: patches have the size that the scheme says.

        Args:
          data: is not looked at.
        """
        return {}

    def class_names(self, folder: str) -> tuple[str, ...]:
        """None: pairs have no classes."""
        return ()

    def example(self, path: str, content: bytes, class_names: tuple[str, ...]) -> tf.train.Example:
        """The tf.Example of one file, named after it.

        Args:
          path: of the file.
          content: a PNG or JPEG with the input on its left and the target on its right.
          class_names: are not used.

        Raises:
          InvalidImageError: not a usable picture, or an odd width.
        """
        return make_example(path.rsplit("/", 1)[-1], content)

    def collected(self, records: tf.data.Dataset, *, channels: int) -> ImagePairs:
        """The pairs, in the order of their names.

        Args:
          records: serialized tf.Examples, in any order.
          channels: 1 or 3.

        Raises:
          ValueError: pictures of several sizes.
        """
        parsed = records.map(partial(parse_example, channels=channels)).as_numpy_iterator()
        found = sorted(parsed, key=lambda record: record["name"])
        names = tuple(record["name"].decode("utf-8", "replace") for record in found)
        return stack_pairs([(record["inputs"], record["targets"]) for record in found], names)
