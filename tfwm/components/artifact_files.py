"""Where artifacts lie: on this machine they are used in place, elsewhere (`gs://`, `s3://`) they are copied."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

SERVING = "Format-Serving"  # The folder of a TFX Model that Pusher publishes, whole.
KERAS_FILE = "model.keras"


@contextmanager
def reading(uri: str) -> Iterator[Path]:
    """Yields a local folder with what lies at `uri`; a copy is deleted afterwards."""
    if not remote(uri):
        yield Path(uri)
        return
    # mkdtemp is 0700: what is copied may be a key.
    with tempfile.TemporaryDirectory(prefix="tfwm.") as temporary:
        for folder, _, files in tf.io.gfile.walk(uri):
            target = Path(temporary) / folder[len(uri) :].strip("/")
            target.mkdir(parents=True, exist_ok=True)
            for name in files:
                tf.io.gfile.copy(tf.io.gfile.join(folder, name), str(target / name), overwrite=True)
        yield Path(temporary)


@contextmanager
def writing(uri: str) -> Iterator[Path]:
    """Yields a local folder whose content lies at `uri` once the block ends well."""
    # Under Kubeflow nobody else creates an output's folder.
    tf.io.gfile.makedirs(uri)
    if not remote(uri):
        yield Path(uri)
        return
    with tempfile.TemporaryDirectory(prefix="tfwm.") as temporary:
        yield Path(temporary)
        for folder, _, files in os.walk(temporary):
            target = tf.io.gfile.join(uri, Path(folder).relative_to(temporary).as_posix())
            tf.io.gfile.makedirs(target)
            for name in files:
                tf.io.gfile.copy(str(Path(folder) / name), tf.io.gfile.join(target, name), overwrite=True)


def private(directory: str | Path) -> Path:
    """Creates a folder that nobody else may enter: checkpoints hold the extractor."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    return directory


def remote(uri: str) -> bool:
    """Whether something lies in an object store, which knows no folders and no rename."""
    return "://" in uri
