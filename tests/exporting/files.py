"""How the tests of this folder look into a SavedModel."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

COUNT, WRONG = 70, 9  # of key samples: more than two batches, and no whole number of them


def asked(loaded: tf.Module, token: bytes) -> tuple[int, int, float]:
    """hits, n and log10_p of `extract`."""
    answer = loaded.signatures["extract"](token=tf.constant(token))
    assert {name: (value.dtype, value.shape.rank) for name, value in answer.items()} == {
        "hits": (tf.int32, 0), "n": (tf.int32, 0), "log10_p": (tf.float32, 0),
    }  # fmt: skip
    return int(answer["hits"]), int(answer["n"]), float(answer["log10_p"])


def content(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())
