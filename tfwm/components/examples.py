"""The form of each kind's examples, and one split of them as data for a training."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfwm.components.example_forms import SPLITS, ExampleForm
from tfwm.components.labelled_examples import LabelledExamples
from tfwm.components.pair_examples import PairExamples
from tfwm.kinds import PerKind

FORMS: PerKind[ExampleForm] = PerKind("form of examples", restoration=PairExamples(), classification=LabelledExamples())


def read_split(uri: str, split: str, kind: str, *, channels: int = 3) -> Any:
    """The data of one split, in the order of their names.

    Beam writes them in a random order; a training that is to repeat needs the same one every time.

    Args:
      uri: of an Examples artifact.
      split: `owner`, `attacker` or `test`.
      kind: of the hosts that learn from them, a name in `tfwm.kinds.KINDS`.
      channels: 1 or 3, whatever the pictures have: grey is repeated, colour becomes luma.

    Returns:
      Of the kind's type `data`.

    Raises:
      FileNotFoundError: the artifact has no such split.
      ValueError: pictures of several sizes.
    """
    return FORMS[kind].collected(records_of(uri, split), channels=channels)


def records_of(uri: str, split: str) -> tf.data.Dataset:
    """The serialized tf.Examples of one split, in any order.

    Args:
      uri: of an Examples artifact.
      split: `owner`, `attacker` or `test`.

    Raises:
      FileNotFoundError: the artifact has no such split.
    """
    files = sorted(tf.io.gfile.glob(tf.io.gfile.join(uri, f"Split-{split}", "*")))
    if not files:
        raise FileNotFoundError(
            f"`{uri}` has no split `{split}`. ImageExampleGen makes one from the folder of that name."
        )
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def listing_digest(folder: Path, kind: str) -> str:
    """Of the places, sizes and times of all files that ImageExampleGen reads, 16 hex digits.

    TFX's own fingerprint looks at sizes and whole seconds only: to it, a picture that was moved to another class, or
    two that changed places, are no change.

    Args:
      folder: holds the splits, on this machine.
      kind: of the hosts that learn from them, a name in `tfwm.kinds.KINDS`.
    """
    digest = hashlib.sha256()
    for split in SPLITS:
        for file in sorted((folder / split).glob(FORMS[kind].pattern)):
            status = file.stat()
            digest.update(f"{file.relative_to(folder).as_posix()}\0{status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
