"""What a thief can read pictures with: the owner's extractor, as far as he has it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks.thief import thief_seed
from tfwm.files import without_wildcards
from tfwm.suspects import as_float
from tfwm.types import Suspect

EXTRACT = "extract"
SUSPECT = "suspect"
BATCH = 16
Graph = Callable[[tf.Tensor], Sequence[tf.Tensor]]
"""Reads pictures in a graph, so that a training can go through it."""

_GRPC = re.compile(r"^grpc://(?P<address>[^/]+)/(?P<model>[^/:]+)$")


@dataclass(frozen=True)
class Reader:
    """What pictures are read with.

    Args:
      answer: from float32 pictures `[n, h, w, c]` in [0, 1] to arrays `[n, ...]`.
      graph: the same on tensors, with gradients; None where the thief can only ask.
    """

    answer: Callable[[np.ndarray], Sequence[np.ndarray]]
    graph: Graph | None

    def read(self, pictures: np.ndarray) -> list[np.ndarray]:
        """What is read in pictures, asked for in batches.

        Args:
          pictures: `[n, h, w, c]`, uint8 or float in [0, 1].

        Returns:
          Maps, float32 `[n, rows, columns, channels]` each.
        """
        parts = [
            [as_map(np.asarray(part, np.float32)) for part in self.answer(as_float(pictures[first : first + BATCH]))]
            for first in range(0, len(pictures), BATCH)
        ]
        return [np.concatenate(column) for column in zip(*parts)]


def as_map(values: Any) -> Any:
    """An array or tensor `[n, ...]` with three axes after the first: missing ones are added at the end, of size 1.

    Args:
      values: of two to four axes.
    """
    while len(values.shape) < 4:
        values = values[..., None]
    return values


def open_reader(oracle: str, suspect: Suspect, seed: int) -> Reader:
    """Opens what the thief reads pictures with.

    Args:
      oracle: a `.keras` file of the extractor itself; a SavedModel folder or `grpc://host:port/model` with the
        signature `extract`; or `suspect` for the suspect's own signature of that name.
      suspect: the stolen model.
      seed: of the run; where the signature asks for a token, the thief sends one that he draws from it.

    Raises:
      ValueError: none of these, or a model without that signature.
    """
    text = _own_oracle(suspect) if oracle == SUSPECT else oracle
    token = hashlib.sha256(f"token {thief_seed(seed)}".encode()).digest()[:16]
    if match := _GRPC.match(text):
        return _endpoint(match["address"], match["model"], token)
    if (Path(text) / "saved_model.pb").is_file():
        return _signature(text, token)
    if text.endswith(".keras") and Path(text).is_file():
        return _network(text)
    raise ValueError(
        f"`oracle` must be a .keras file, a SavedModel folder or grpc://host:port/model, or `{SUSPECT}` for one of "
        f"these that is the suspect, got {text!r}. Leave it empty for a thief without any extractor."
    )


def _own_oracle(suspect: Suspect) -> str:
    """Where the suspect itself answers `extract`: its folder or its address; empty where it has none."""
    if hasattr(suspect, "directory"):
        return str(suspect.directory)
    if hasattr(suspect, "address") and hasattr(suspect, "model"):
        return f"grpc://{suspect.address}/{suspect.model}"
    return ""


def _network(path: str) -> Reader:
    from tfwm.networks import load_network

    network: keras.Model = load_network(path)

    def graph(pictures: tf.Tensor) -> list[tf.Tensor]:
        return [tf.cast(output, tf.float32) for output in tf.nest.flatten(network(pictures, training=False))]

    return Reader(lambda pictures: [output.numpy() for output in graph(tf.constant(pictures))], graph)


def _signature(folder: str, token: bytes) -> Reader:
    with without_wildcards(folder) as place:
        loaded = tf.saved_model.load(str(place))
    if EXTRACT not in loaded.signatures:
        raise ValueError(f"`oracle` {folder} must have the signature `{EXTRACT}`, got {sorted(loaded.signatures)}.")
    signature = loaded.signatures[EXTRACT]
    wanted = signature.structured_input_signature[1]
    if set(wanted) - {"token"} != {"image"}:
        raise ValueError(f"`oracle` {folder} must read pictures, its `{EXTRACT}` takes {sorted(wanted)}.")
    sent = {"token": tf.constant(token)} if "token" in wanted else {}

    def graph(pictures: tf.Tensor) -> list[tf.Tensor]:
        # The object stays alive with this function: its variables are freed with it.
        found = loaded.signatures[EXTRACT](image=pictures, **sent)
        return [found[name] for name in sorted(found)]

    return Reader(lambda pictures: [output.numpy() for output in graph(tf.constant(pictures))], graph)


def _endpoint(address: str, model: str, token: bytes) -> Reader:
    from serving.client import Client, RefusedCallError

    client = Client(address, model, attempts=3)

    def answer(pictures: np.ndarray) -> list[np.ndarray]:
        try:
            found = client.predict({"image": pictures, "token": token}, EXTRACT).outputs
        except RefusedCallError as error:
            if "input size" not in error.details:
                raise
            found = client.predict({"image": pictures}, EXTRACT).outputs
        return [found[name] for name in sorted(found)]

    return Reader(answer, None)
