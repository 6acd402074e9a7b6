"""Pictures that are in two parts: a thief who has the owner's, or a test of what was trained on, proves nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import permutations

import tensorflow as tf

from tfwm.data.reading.records import EMPTY


def digests_of(records: tf.data.Dataset) -> list[tuple[str, frozenset[bytes]]]:
    """Name and digests of every example that shows something; a pair has those of its input and of its target.

    Args:
      records: serialized tf.Examples as the pipeline's ExampleGen writes them.
    """
    return list(_digests(records))


def _digests(records: tf.data.Dataset) -> Iterator[tuple[str, frozenset[bytes]]]:
    for record in records.as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        if list(features["image/content"].bytes_list.value) == [EMPTY]:
            continue  # Flat pictures are alike without being the same.
        pictures = (features[name].bytes_list.value[0] for name in features if name.endswith("/encoded"))
        name = features["image/filename"].bytes_list.value[0].decode("utf-8", "replace")
        yield name, frozenset(hashlib.sha256(picture).digest() for picture in pictures)


def shared(parts: Mapping[str, list[tuple[str, frozenset[bytes]]]]) -> dict[tuple[str, str], tuple[list[str], float]]:
    """Pictures of a part that are in another part too.

    Args:
      parts: what `digests_of` gives, by the part's name.

    Returns:
      By (part, other part), where there are any: their names in the part, sorted, and their share of it.
    """
    known = {part: frozenset().union(*(digests for _, digests in examples)) for part, examples in parts.items()}
    found = {}
    for part, other in permutations(parts, 2):
        names = sorted(name for name, digests in parts[part] if digests & known[other])
        if names:
            found[part, other] = names, len(names) / len(parts[part])
    return found
