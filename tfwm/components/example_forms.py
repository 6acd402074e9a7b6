"""What differs between kinds of hosts on the way from the user's files through tf.Examples to a training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

SPLITS = ("owner", "attacker", "test")
# PNG and JPEG by any spelling of their endings; what a dot begins (.DS_Store, ._a.png, hidden folders) is passed over.
FILES = "[!.]*.[pPjJ][nNpP]*[gG]"


class ExampleForm(Protocol):
    """How the data of one kind of host travel.

    The data that ImageExampleGen reads are a folder with a sub-folder for each of `SPLITS`.

    Attributes:
      pattern: glob of a split's files, below its folder; nothing else there counts.
      scalars: features that statistics look at; encoded pictures would only be counted as bytes.
    """

    @property
    def pattern(self) -> str: ...

    @property
    def scalars(self) -> tuple[str, ...]: ...

    def arranged(self, data: Path, root: Path, *, seed: int) -> Path:
        """The folder that ImageExampleGen reads, made from the user's data where they have another form.

        Args:
          data: what the user gave.
          root: of the pipeline; a folder that has to be made lies in it, closed to others.
          seed: of the division into parts.

        Raises:
          FileNotFoundError: no data, or a part without pictures.
          ValueError: data that cannot be arranged.
        """
        ...

    def passed_over(self, data: Path) -> list[str]:
        """Files in the parts of the user's folder that no step will read, relative to it.

        Args:
          data: what the user gave.
        """
        ...

    def described(self, data: Path) -> dict[str, Any]:
        """Fields of a scheme that the data decide, as far as files on this machine tell; empty where they do not.

        Args:
          data: what the user gave.
        """
        ...

    def class_names(self, folder: str) -> tuple[str, ...]:
        """Names of the classes in the order of their numbers; none where data have no classes.

        Args:
          folder: that ImageExampleGen reads, here or elsewhere (`gs://`).

        Raises:
          ValueError: classes of which the owner has no picture, or fewer than two.
        """
        ...

    def example(self, path: str, content: bytes, class_names: tuple[str, ...]) -> tf.train.Example:
        """The tf.Example of one file.

        Args:
          path: of the file; its end names the example.
          content: of the file.
          class_names: as `class_names` gives them.

        Raises:
          InvalidImageError: not a usable picture.
        """
        ...

    def collected(self, records: tf.data.Dataset, *, channels: int) -> Any:
        """The data of one split, in the order of their names, of the kind's type `data`.

        Args:
          records: serialized tf.Examples, in any order.
          channels: 1 or 3, whatever the pictures have: grey is repeated, colour becomes luma.

        Raises:
          ValueError: pictures of several sizes.
        """
        ...


def left_over(data: Path, parts: Iterable[str], read: Iterable[Path]) -> list[str]:
    """Files below some parts of a folder that are not among those which are read, relative to it and sorted.

    Args:
      data: the folder.
      parts: names of its sub-folders that count.
      read: files in them that are read.
    """
    files = {file.absolute() for part in parts for file in (data / part).rglob("*") if file.is_file()}
    unread = files - {file.absolute() for file in read}
    return sorted(file.relative_to(data.absolute()).as_posix() for file in unread)
