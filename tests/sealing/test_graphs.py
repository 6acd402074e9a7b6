"""Networks taken apart: what the graph without weights holds, and which networks cannot be taken apart."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.sealing.zoo import layer_zoo
from tfwm.sealing.graphs import take_apart


def test_the_blank_holds_neither_names_nor_constants_nor_variables() -> None:
    network = layer_zoo()
    blank, weights = take_apart(network)
    assert "secret_layer" not in str(blank.graph)
    assert not {node.op for node in blank.graph.node} & {"VarHandleOp", "ReadVariableOp", "Placeholder"}
    stored = {value.tobytes() for value in weights}
    assert np.linspace(0.5, 1.5, 8, dtype=np.float32).tobytes() in stored
    assert {w.tobytes() for w in network.get_weights()} <= stored


def test_networks_that_cannot_be_taken_apart_are_refused() -> None:
    image = keras.Input((8, 8, 3))
    nested = keras.Model(image, keras.layers.Lambda(tf.function(lambda x: x + 1.0))(image), name="nested")
    anysize = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 3)], name="anysize")
    table = keras.Model(image, image + tf.cast(tf.constant(range(24), tf.float64, [8, 3]), tf.float32), name="table")
    embedding = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(9, 2)], name="embedding")
    refusals = {
        nested: "`nested` must hold no nested functions",
        anysize: "`anysize` must have outputs of static shape",
        embedding: "must only read its variables, got ResourceGather",
    }
    for network, message in refusals.items():
        with pytest.raises(ValueError, match=message):
            take_apart(network)
    assert take_apart(table)[1][0].shape == (8, 3)
