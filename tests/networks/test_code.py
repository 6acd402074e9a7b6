"""The user's own code in a file of a network: only where he names it, and as he named it."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.networks import load_network, users_code
from tfwm.networks.copying import copy_of, untrained

MODULE = """
import tensorflow as tf
from tensorflow import keras

class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs

def halved(inputs):
    return inputs / 2

@keras.saving.register_keras_serializable("users of code")
class Registered(keras.layers.Layer):
    def call(self, inputs):
        return inputs + 1
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's in the working folder, gone from the process again."""
    (tmp_path / "layers_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield "layers_of_mine"
    _forget()


def _forget() -> None:
    sys.modules.pop("layers_of_mine", None)
    keras.saving.get_custom_objects().pop("users of code>Registered", None)


def _network_file(path: Path) -> Path:
    """A file that names all of the module, which the process then forgets."""
    with users_code(["layers_of_mine"]):
        mine = sys.modules["layers_of_mine"]
        image = keras.Input((4, 4, 3))
        x = keras.layers.Activation(mine.halved)(mine.Registered()(mine.Doubling()(image)))
        keras.Model(image, x).save(path)
    _forget()
    return path


@pytest.mark.parametrize("named", ["layers_of_mine", "layers_of_mine.py", "{tmp}/layers_of_mine.py"])
def test_layers_and_functions_of_a_module_that_the_user_names(module: str, named: str, tmp_path: Path) -> None:
    path = _network_file(tmp_path / "mine.keras")
    with pytest.raises(
        ValueError, match=r"names the class `layers_of_mine.Doubling` \(called `doubling\w*`\).*--import lay"
    ):
        load_network(path)
    assert module not in sys.modules  # nothing runs unasked
    with users_code([named.format(tmp=tmp_path)]):
        network = load_network(path)
        for again in (network, copy_of(network), untrained(network, seed=0)):
            np.testing.assert_array_equal(again(np.ones((1, 4, 4, 3))), np.full((1, 4, 4, 3), 1.5))


def test_classes_of_a_script_are_known_by_their_names(module: str, tmp_path: Path) -> None:
    """What was trained in a script was `__main__` then, which is another module now."""
    path = _network_file(tmp_path / "mine.keras")
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["config.json"] = members["config.json"].replace(b'"layers_of_mine"', b'"__main__"')
    with zipfile.ZipFile(tmp_path / "script.keras", "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    with pytest.raises(ValueError, match="`--import MODULE`"):
        load_network(tmp_path / "script.keras")
    with users_code([module]):
        assert load_network(tmp_path / "script.keras")(np.ones((1, 4, 4, 3))).numpy().max() == 1.5


@pytest.mark.parametrize(
    "named, reason",
    [
        ("gone_for_ever", "No module named 'gone_for_ever'"),
        ("gone.py", "no file gone.py"),
        ("broken.py", "ZeroDivisionError"),
        ("json.py", "another module is called json"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told(module: str, tmp_path: Path, named: str, reason: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "json.py").write_text("")
    before = list(sys.path)
    with (
        pytest.raises(ValueError, match=rf"the module `{named}` cannot be imported \(.*{reason}.*Name one"),
        users_code([named]),
    ):
        raise AssertionError("the block must not run")
    assert sys.path == before
    assert "broken" not in sys.modules


def test_lambdas_run_where_the_user_trusts_them(tmp_path: Path) -> None:
    image, factor = keras.Input((4, 4, 3)), 3.0
    keras.Model(image, keras.layers.Lambda(lambda x: tf.abs(x) * factor)(image)).save(tmp_path / "mine.keras")
    message = r"a layer `Lambda` \(called `lambda\w*`\), which runs Python code out of the file.*with `--trust-lambda`"
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / "mine.keras")
    with users_code(lambdas=True):
        network = load_network(tmp_path / "mine.keras")
        np.testing.assert_array_equal(copy_of(network)(np.ones((1, 4, 4, 3))), np.full((1, 4, 4, 3), 3.0))
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / "mine.keras")


def test_a_file_of_keras_3_is_told_by_its_version(tmp_path: Path) -> None:
    layers = [{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 4, 4, 3]}}]
    config = {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"layers": layers}}
    with zipfile.ZipFile(tmp_path / "three.keras", "w") as new:
        new.writestr("metadata.json", json.dumps({"keras_version": "3.4.1", "date_saved": "2026-01-01"}))
        new.writestr("config.json", json.dumps(config))
        new.writestr("model.weights.h5", b"")
    with pytest.raises(ValueError, match=r"three.keras` was written by Keras 3\.4\.1, and this is Keras 2\.15\. Build"):
        load_network(tmp_path / "three.keras")


def test_the_way_out_of_keras_3_works(tmp_path: Path) -> None:
    image = keras.Input((4, 4, 3))
    model, other = (keras.Model(image, keras.layers.Conv2D(2, 3)(image)) for _ in range(2))
    np.savez(tmp_path / "w.npz", *model.get_weights())
    stored = np.load(tmp_path / "w.npz")
    other.set_weights([stored[name] for name in stored.files])
    np.testing.assert_array_equal(other(np.ones((1, 4, 4, 3))), model(np.ones((1, 4, 4, 3))))
