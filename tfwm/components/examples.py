"""One split of the pipeline's examples as pairs."""

from __future__ import annotations

from functools import partial

import tensorflow as tf

from tfwm.data import parse_example
from tfwm.data.reading.side_by_side import stack_pairs
from tfwm.types import ImagePairs

SPLITS = ("owner", "attacker", "test")


def read_split(uri: str, split: str, *, channels: int = 3) -> ImagePairs:
    """The pairs of one split, in the order of their names.

    Beam writes them in a random order; a training that is to repeat needs the same one every time.

    Args:
      uri: of an Examples artifact.
      split: `owner`, `attacker` or `test`.
      channels: 1 or 3, whatever the pictures have: grey is repeated, colour becomes luma.

    Raises:
      FileNotFoundError: the artifact has no such split.
      ValueError: pictures of several sizes.
    """
    files = sorted(tf.io.gfile.glob(tf.io.gfile.join(uri, f"Split-{split}", "*")))
    if not files:
        raise FileNotFoundError(
            f"`{uri}` has no split `{split}`. ImageExampleGen makes one from the folder of that name."
        )
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").map(partial(parse_example, channels=channels))
    found = sorted(records.as_numpy_iterator(), key=lambda record: record["name"])
    names = tuple(record["name"].decode("utf-8", "replace") for record in found)
    return stack_pairs([(record["inputs"], record["targets"]) for record in found], names)
