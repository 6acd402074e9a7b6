"""Hosts of all makes through the command: layers of the user's own, a subclass, a fixed batch or size."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.canary import CANARY
from tests.commands.conftest import runner
from tfwm.keys import OwnerKey
from tfwm.networks import load_network, users_code

pytestmark = pytest.mark.trains

MODULE = '''
from tensorflow import keras

class Scaled(keras.layers.Layer):
    """One factor a channel."""
    def build(self, shape):
        self.factor = self.add_weight("factor", (shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.factor

@keras.saving.register_keras_serializable("people")
class Own(keras.Model):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.inner, self.scaled = keras.layers.Conv2D(3, 3, padding="same"), Scaled()

    def call(self, inputs):
        return inputs + 0.1 * self.scaled(self.inner(inputs))
'''


@pytest.fixture
def run(capsys):
    """As of conftest, without a model of its own."""
    return runner(OwnerKey("none", {}, CANARY), capsys)


def _forget() -> None:
    sys.modules.pop("layers_of_people", None)
    keras.saving.get_custom_objects().pop("people>Own", None)


@pytest.fixture
def module(tmp_path: Path):
    (tmp_path / "layers_of_people.py").write_text(MODULE)
    yield tmp_path / "layers_of_people.py"
    _forget()


def _words(tmp_path: Path, host: str) -> tuple[object, ...]:
    return ("protect", "--preset", "tiny", "--host", tmp_path / host, "--patches", 24, "--epochs-scale", 0.05,
            "--out", tmp_path / "out")  # fmt: skip


def test_a_subclass_with_a_layer_of_its_own_is_marked_exported_and_attacked(module: Path, tmp_path: Path, run) -> None:
    with users_code([str(module)]):
        own = sys.modules["layers_of_people"].Own()
        own(np.zeros((1, 24, 24, 3), np.float32))
        own.save(tmp_path / "own.keras")
    _forget()
    error = run(*_words(tmp_path, "own.keras"), code=2)["error"]
    assert "Own`, which is no layer that this process knows" in error
    assert "--import" in error
    made = run(*_words(tmp_path, "own.keras"), "--import", module)
    for name in ("marked", "host"):
        _forget()
        assert "--import" in run("export", "--model", made[name], "--public", "--out", tmp_path / "x", code=2)["error"]
        exported = ("export", "--model", made[name], "--public", "--out", tmp_path / f"served-{name}")
        assert "serving_default" in run(*exported, "--import", module)["signatures"]
    attack = (
        "attack",
        "prune",
        "--suspect",
        made["marked"],
        "--patches",
        8,
        "--size",
        32,
        "--out",
        tmp_path / "stolen",
    )
    run(*attack, "--import", module)
    assert (tmp_path / "stolen/model.keras").is_file()


def test_a_host_of_one_picture_and_of_a_size_of_its_own_decides_the_schemes_size(tmp_path: Path, run) -> None:
    side = 48  # the preset has 32
    image = keras.Input((side, side, 3), batch_size=1)
    keras.Model(image, image + 0.1 * keras.layers.Conv2D(3, 3, padding="same")(image)).save(tmp_path / "host.keras")
    made = run(*_words(tmp_path, "host.keras"))
    assert OwnerKey.load(made["key"]).settings["image_size"] == side
    assert load_network(made["host"]).input_shape == (None, side, side, 3)
    assert (
        "serving_default" in run("export", "--model", made["marked"], "--public", "--out", tmp_path / "s")["signatures"]
    )


def test_a_size_that_the_scheme_cannot_work_at_is_told_as_the_hosts(tmp_path: Path, run) -> None:
    image = keras.Input((50, 50, 3))
    keras.Model(image, image + 0.1 * keras.layers.Conv2D(3, 3, padding="same")(image)).save(tmp_path / "host.keras")
    error = run(*_words(tmp_path, "host.keras"), code=2)["error"]
    assert error.startswith("`--host` takes pictures of 50 x 50 pixels: `image_size` must be a multiple of")


def test_a_host_whose_layers_hold_the_number_of_pictures_is_refused(tmp_path: Path, run) -> None:
    import tensorflow as tf

    image = keras.Input((32, 32, 3), batch_size=1)
    keras.Model(image, tf.reshape(image, [1, 32, 32, 3])).save(tmp_path / "host.keras")
    error = run(*_words(tmp_path, "host.keras"), code=2)["error"]
    assert "`--host` must take any number of pictures, got one that takes 1 at a time. Build it with" in error


def test_hosts_that_cannot_be_marked_are_told_what_to_do(tmp_path: Path, run) -> None:
    classifier = ("--scheme", "deep_stego")
    image = keras.Input((32, 32, 3))
    x = keras.layers.Flatten()(image)
    keras.Model(image, keras.layers.Dense(1, "sigmoid")(x)).save(tmp_path / "one.keras")
    error = run(*_words(tmp_path, "one.keras"), *classifier, code=2)["error"]
    assert "must give a score for each" in error
    remedy = error.split("`")[-2]
    names = {"keras": keras, "model": load_network(tmp_path / "one.keras")}
    first, second = remedy.split("; ")
    exec(first, names)
    eval(second, names).save(tmp_path / "two.keras")
    assert load_network(tmp_path / "two.keras").output_shape == (None, 2)
    keras.Sequential([keras.layers.Conv2D(3, 3, padding="same")]).save(tmp_path / "never.keras")
    assert "never called has no shapes" in run(*_words(tmp_path, "never.keras"), code=2)["error"]
    assert not (tmp_path / "out").exists()


def test_a_classifier_of_the_range_of_bytes_is_told_before_it_is_marked(tmp_path: Path, run) -> None:
    levels = np.arange(80) % 4
    pictures = np.broadcast_to((32 + 64 * levels)[:, None, None, None], (80, 16, 16, 3)).astype(np.uint8)
    np.savez(tmp_path / "set.npz", x_train=pictures, y_train=levels, x_test=pictures[:8], y_test=levels[:8])
    image, dense = keras.Input((16, 16, 3)), keras.layers.Dense(4)
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    keras.Model(image, dense(pooled)).save(tmp_path / "host.keras")
    host = load_network(tmp_path / "host.keras")
    centres = (32 + 64 * np.arange(4)) / 255
    host.set_weights([np.float32([2 * centres] * 3) / 3, np.float32(-(centres**2))])
    host.save(tmp_path / "host.keras")
    words = (*_words(tmp_path, "host.keras"), "--scheme", "deep_stego", "--data", tmp_path / "set.npz")
    error = run(*words, code=2)["error"]
    assert (
        "of the same in [0, 255]. Save it with a layer for that: `keras.Sequential([keras.layers.Rescaling(255" in error
    )
