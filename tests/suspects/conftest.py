"""A SavedModel that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel that halves its input."""
    module = tf.Module()
    module.factor = tf.Variable(0.5)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image * module.factor}

    path = tmp_path_factory.mktemp("models") / "halves"
    tf.saved_model.save(module, str(path), signatures={"serving_default": serve})
    return path
