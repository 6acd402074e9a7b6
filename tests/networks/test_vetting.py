"""A stranger's `.keras` file: what it could do to whoever loads it, and that it does not."""

from __future__ import annotations

import copy
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.hostile.parsers import member, network_file, network_of
from tfwm.networks import load_network

Change = Callable[[dict[str, Any]], None]


def saved(path: Path, change: Change) -> Path:
    """A network whose configuration was changed by hand."""
    config = json.loads(member("config.json"))
    change(config)
    path.write_bytes(network_of({"config.json": json.dumps(config).encode()}))
    return path


def layer_of(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(layer for layer in config["config"]["layers"] if layer["class_name"] == name)


def instead_of_flatten(**layer: Any) -> Change:
    """Another layer in place of `Flatten`, with its name and its inputs."""

    def change(config: dict[str, Any]) -> None:
        old = layer_of(config, "Flatten")
        settings = {"name": old["name"], "trainable": True, "dtype": "float32", **layer.pop("config", {})}
        old.update({"registered_name": None, **layer, "config": settings})

    return change


def operation(function: str, *arguments: Any) -> Change:
    """A TensorFlow function in place of `Flatten`; its arguments stand in the file."""

    def change(config: dict[str, Any]) -> None:
        old = layer_of(config, "Flatten")
        old.update(module="keras.src.layers.core.tf_op_layer", class_name="TFOpLambda", registered_name="TFOpLambda")
        old["config"] = {"name": old["name"], "trainable": True, "dtype": "float32", "function": function}
        (x, _, _, _) = old["inbound_nodes"][0][0]
        old["inbound_nodes"] = [[x, 0, 0, {}]] if not arguments else [[arguments[0], -1, -1, {"x": [x, 0, 0]}]]

    return change


def activation(**function: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        layer_of(config, "Conv2D")["config"]["activation"] = {"class_name": "function", **function}

    return change


def initializer(**value: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        layer_of(config, "Conv2D")["config"]["bias_initializer"] = value

    return change


STRANGE: dict[str, Change] = {
    "a lambda": instead_of_flatten(
        module="keras.layers", class_name="Lambda", config={"function": ["4wEAAAA=", None, None]}
    ),
    "a lambda by its own module": instead_of_flatten(
        module="keras.src.layers.core.lambda_layer", class_name="Lambda", config={"function": "x"}
    ),
    "a lambda without a module": instead_of_flatten(class_name="Lambda", module=None, config={"function": "x"}),
    "a lambda as a value": initializer(class_name="__lambda__", config={"value": ["4wEAAAA=", None, None]}),
    "a function of another module": activation(module="os", config="system", registered_name="system"),
    "a function of Python": activation(module="builtins", config="eval", registered_name="eval"),
    "a download": activation(module="keras.utils", config="get_file", registered_name="get_file"),
    "a reader of activations": activation(module="keras.activations", config="deserialize", registered_name=None),
    "a class of another module": initializer(module="subprocess", class_name="Popen", config={}, registered_name=None),
    "a module that is not loaded": initializer(module="antigravity", class_name="X", config={}, registered_name=None),
    "a path of modules": initializer(module="os.path", class_name="join", config={}, registered_name="join"),
    "a name that is no text": initializer(module="keras.initializers", class_name=["Zeros"], config={}),
    "a type": initializer(class_name="__typespec__", spec_name="Popen", module="subprocess", config=[]),
    "an object as a constant": initializer(class_name="__numpy__", config={"value": ["x"], "dtype": "object"}),
    "a long text as a constant": initializer(class_name="__numpy__", config={"value": ["x"], "dtype": "S999999999"}),
    "a vocabulary": instead_of_flatten(
        module="keras.layers", class_name="StringLookup", config={"vocabulary": "/etc/passwd"}
    ),
    "another model": instead_of_flatten(module="keras.layers", class_name="TFSMLayer", config={"filepath": "/tmp/x"}),
    "a file that is written": operation("io.write_file"),
    "a file that is read": operation("io.read_file"),
    "any operation": operation("raw_ops.WriteFile"),
    "an old name": operation("compat.v1.io.write_file"),
    "a Python function": operation("numpy_function"),
    "a method": instead_of_flatten(
        module="keras.src.layers.core.tf_op_layer", class_name="InstanceMethod", config={"method_name": "x"}
    ),
    "no configuration": lambda config: config.update(config=None),
    "another object": lambda config: config.update(
        module="keras.initializers", class_name="Zeros", config={}, registered_name=None
    ),
}


@pytest.mark.parametrize("name", list(STRANGE))
def test_what_does_more_than_compute_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"strange.keras"):
        load_network(saved(tmp_path / "strange.keras", copy.deepcopy(STRANGE[name])))
    assert "antigravity" not in sys.modules


def test_the_unchanged_network_is_loaded(tmp_path: Path) -> None:
    network = load_network(saved(tmp_path / "plain.keras", lambda config: None))
    assert network.output_shape == (None, 3)


def test_keras_alone_would_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The danger is real: to load such a file in Keras's safe mode imports a module of the file's choice."""
    module = "chosen_by_a_stranger"
    (tmp_path / f"{module}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    path = saved(tmp_path / "strange.keras", lambda config: config.update(module=module, class_name="X"))
    with pytest.raises(ValueError, match="names the class `chosen_by_a_stranger.X`"):
        load_network(path)
    assert module not in sys.modules
    with pytest.raises(TypeError, match="Could not"):
        keras.models.load_model(path, compile=False)
    assert sys.modules.pop(module).__file__ == str(tmp_path / f"{module}.py")


def test_ordinary_networks_of_users_are_loaded(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    x = tf.transpose(tf.nn.relu(image / 255.0 - 0.5), [0, 2, 1, 3])[:, ::2]
    x = tf.image.resize(tf.concat([x, x], -1), (4, 4))
    x = keras.layers.Conv2D(
        2, 1, activation=keras.activations.swish, kernel_regularizer=keras.regularizers.L2(1e-4),
        kernel_constraint=keras.constraints.MaxNorm(), dtype=keras.mixed_precision.Policy("mixed_float16"),
    )(x)  # fmt: skip
    x = keras.layers.Bidirectional(keras.layers.LSTM(3))(keras.layers.Reshape((16, 2))(x))
    x = keras.layers.Dropout(0.5)(keras.layers.MultiHeadAttention(2, 2)(x[:, None], x[:, None]))
    model = keras.Model(image, keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4, tf.nn.gelu)])(x))
    model.compile(keras.optimizers.Adam(), loss=lambda wanted, answers: tf.reduce_mean(answers))
    model.save(tmp_path / "users.keras")
    picture = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    np.testing.assert_allclose(load_network(tmp_path / "users.keras")(picture), model(picture), atol=1e-6)


def test_a_layer_of_ones_own_is_known_where_it_is_registered(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("users")
    class Doubling(keras.layers.Layer):
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return 2 * inputs

    image = keras.Input((2,))
    keras.Model(image, Doubling()(image)).save(tmp_path / "own.keras")
    np.testing.assert_array_equal(load_network(tmp_path / "own.keras")(np.ones((1, 2))), [[2, 2]])
    del keras.saving.get_custom_objects()["users>Doubling"]
    with pytest.raises(
        ValueError,
        match=r"test_vetting.Doubling` \(called `doubling.*, which is no layer that .*--import tests.networks",
    ):
        load_network(tmp_path / "own.keras")


def archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def _members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(network_file())) as old:
        return {name: old.read(name) for name in old.namelist()}


def test_archives_that_keras_does_not_write_are_refused(tmp_path: Path) -> None:
    pickled = {**_members(), "model.weights.npz": b""}
    del pickled["model.weights.h5"]
    with pytest.raises(ValueError, match=r"must hold config.json, metadata.json and model.weights.h5, each once"):
        load_network(archive(tmp_path / "pickle.keras", pickled))
    with pytest.raises(ValueError, match=r"each once, got \['\.\./up', 'config.json'"):
        load_network(archive(tmp_path / "assets.keras", {**_members(), "../up": b""}))
    with pytest.raises(ValueError, match="is compressed inside"):
        load_network(archive(tmp_path / "packed.keras", _members(), zipfile.ZIP_DEFLATED))
    large = {**_members(), "config.json": b" " * (2**22 + 1)}
    with pytest.raises(ValueError, match="4194305 bytes of configuration, more than 4194304"):
        load_network(archive(tmp_path / "large.keras", large))
    deep = {**_members(), "config.json": b'{"a":' * 100_000}
    with pytest.raises(ValueError, match=r"cannot be read as a Keras model \(RecursionError"):
        load_network(archive(tmp_path / "deep.keras", deep))


def weights(write: Callable[[h5py.File], None]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def _shared(file: h5py.File) -> None:
    file["a"] = np.ones(3)
    file["b"] = file["a"]


WEIGHTS: dict[str, tuple[Callable[[h5py.File], Any], str]] = {
    "packed": (lambda f: f.create_dataset("a", (10**9,), "f4", chunks=True, compression="gzip"), "another form"),
    "unwritten": (lambda f: f.create_dataset("a", (10**12,), "f4"), "another form"),
    "elsewhere": (lambda f: f.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)]), "another form"),
    "linked file": (lambda f: f.update(a=h5py.ExternalLink("/etc/hosts", "/x")), "in another file or place"),
    "linked": (lambda f: f.update(a=h5py.SoftLink("/a")), "in another file or place"),
    "virtual": (lambda f: f.create_virtual_dataset("a", h5py.VirtualLayout((9,), "f4")), "another form"),
    "twice": (_shared, "in two places"),
    "texts": (lambda f: f.create_dataset("a", data=[b"x"], dtype=h5py.string_dtype()), "another form"),
    "deep": (lambda f: f.create_group("/".join("a" * 99)), "more than 64 groups within each other"),
}


@pytest.mark.parametrize("name", list(WEIGHTS))
def test_weights_that_do_not_lie_in_the_file_are_refused(name: str, tmp_path: Path) -> None:
    write, message = WEIGHTS[name]
    (tmp_path / "a.keras").write_bytes(network_of({"model.weights.h5": weights(write)}))
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / "a.keras")


def test_a_configuration_cannot_ask_for_gigabytes(tmp_path: Path) -> None:
    def widened(config: dict[str, Any]) -> None:
        layer_of(config, "Dense")["config"]["units"] = 10**10

    with pytest.raises(ValueError, match=r"describes more weights than the \d+ bytes that it holds"):
        load_network(saved(tmp_path / "a.keras", widened))
