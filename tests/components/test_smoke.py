import re

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.toy_classifier import toy_classifier
from tfwm.components import smoke
from tfwm.exporting import export
from tfwm.suspects import SavedModelSuspect


def _model(height=None, width=None, channels=3):
    image = keras.Input((height, width, channels), name="image")
    return keras.Model(image, keras.layers.Conv2D(channels, 1, kernel_initializer="zeros")(image))


def _save(directory, answer):
    """A SavedModel with `serving_default` only, which answers with `answer(image)`."""
    module = tf.Module()
    specification = [tf.TensorSpec([None, None, None, 3], tf.float32, "image")]
    function = tf.function(lambda image: {"image": answer(image)}, input_signature=specification)
    tf.saved_model.save(module, str(directory), signatures={"serving_default": function})
    return directory


@pytest.mark.parametrize("channels", [1, 3])
def test_an_exported_model_passes(tmp_path, channels):
    assert smoke.problems(export(_model(channels=channels), tmp_path / "model", public=True)) == []


def test_a_grey_model_that_answers_in_colour_is_told(tmp_path):
    image = keras.Input((None, None, 1), name="image")
    model = keras.Model(image, keras.layers.Conv2D(3, 1)(image))
    found = smoke.problems(export(model, tmp_path / "model", public=True))
    assert any(re.search(r"answers \[1, 64, 64, 1\] with \[1, 64, 64, 3\]", sentence) for sentence in found)
    assert any(re.search(r"picture of \[64, 64, 1\] with one of \[64, 64, 3\]", sentence) for sentence in found)


def _with_poolings(count):
    """A U-Net of `count` levels that says that it takes any size, and takes multiples of 2 ** count only."""
    inputs = deep = keras.Input((None, None, 3), name="input_1")
    levels = []
    for _ in range(count):
        levels.append(deep)
        deep = keras.layers.MaxPooling2D(2)(deep)
    for level in reversed(levels):
        deep = keras.layers.Concatenate()([level, keras.layers.UpSampling2D(2)(deep)])
    return keras.Model(inputs, keras.layers.Conv2D(3, 1, activation="sigmoid")(deep))


def test_a_network_for_multiples_only_is_exported_for_every_size(tmp_path):
    model = _with_poolings(4)
    directory = export(model, tmp_path / "model", public=True)
    assert smoke.problems(directory) == []
    suspect = SavedModelSuspect(directory)
    odd = np.random.default_rng(0).random((2, 70, 50, 3), np.float32)
    assert suspect(odd).shape == odd.shape
    # A size that the network takes is answered as before.
    even = odd[:, :64, :48]
    np.testing.assert_allclose(suspect(even), model(even), atol=1e-6)


def test_a_network_that_fails_on_odd_sizes_is_told(tmp_path):
    """As others export it, without tfwm."""

    def answer(image):
        coarse = tf.nn.avg_pool2d(image, 4, 4, "SAME")
        return 0.5 * image + 0.5 * tf.repeat(tf.repeat(coarse, 4, axis=1), 4, axis=2)

    found = smoke.problems(_save(tmp_path / "model", answer))
    assert any(re.search("`serving_default` fails: .*INVALID_ARGUMENT", sentence) for sentence in found)


def test_shapes_are_the_models_own_where_it_has_one(tmp_path):
    assert smoke.served_shapes(export(_model(32, 48, 1), tmp_path / "fixed", public=True)) == [(32, 48, 1)]
    assert smoke.served_shapes(export(_model(32, None), tmp_path / "half", public=True)) == [(32, 64, 3), (32, 45, 3)]


def test_a_missing_signature_is_told(tmp_path):
    found = smoke.problems(_save(tmp_path / "model", lambda image: image))
    assert found
    assert all(sentence.startswith("`serving_bytes` fails: ") for sentence in found)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda image: image[:, :-1], r"`serving_default` answers \[1, 64, 64, 3\] with \[1, 63, 64, 3\]"),
        (lambda image: image / 0.0, "or not with finite numbers"),
        (lambda image: image + 1.0, r"`serving_default` answers outside \[0, 1\]: 1 to 2"),
    ],
)
def test_an_answer_that_is_no_picture_is_told(tmp_path, answer, message):
    found = smoke.problems(_save(tmp_path / "model", answer))
    assert re.search(message, "\n".join(found))


@pytest.mark.parametrize("side", [16, None])
def test_an_exported_classifier_passes(tmp_path, side):
    """Scores below 0 and above 1 are well; a host of one size is asked with pictures of it only."""
    directory = export(toy_classifier(side=side), tmp_path / "model", public=True)
    assert smoke.served_shapes(directory)[0] == ((16, 16, 3) if side else (64, 64, 3))
    assert smoke.problems(directory) == []


def _save_classifier(directory, floats, files):
    """A SavedModel with both signatures of a classifier of five classes, which answer with these functions."""
    module = tf.Module()
    image = tf.TensorSpec([None, 16, 16, 3], tf.float32, "image")
    names = tf.TensorSpec([None], tf.string, "image_bytes")
    serve = tf.function(lambda image: {"scores": floats(image)}, input_signature=[image])
    serve_bytes = tf.function(lambda image_bytes: {"scores": files(image_bytes)}, input_signature=[names])
    signatures = {"serving_default": serve, "serving_bytes": serve_bytes}
    tf.saved_model.save(module, str(directory), signatures=signatures)
    return directory


def test_scores_that_are_none_are_told(tmp_path):
    def infinite(image):
        return tf.ensure_shape(tf.fill([tf.shape(image)[0], 5], 1.0) / 0.0, [None, 5])

    found = smoke.problems(_save_classifier(tmp_path / "model", infinite, lambda files: tf.zeros([2, 5])))
    assert found == [
        "`serving_default` answers [1, 5] scores with [1, 5], or not with finite numbers.",
        "`serving_bytes` answers [1, 5] scores with [2, 5], or not with finite numbers.",
    ]


def test_an_answer_of_no_kind_is_told(tmp_path):
    module = tf.Module()
    specification = [tf.TensorSpec([None, None, None, 3], tf.float32, "image")]
    function = tf.function(lambda image: {"mask": image}, input_signature=specification)
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": function})
    (found,) = smoke.problems(tmp_path / "model")
    assert found.endswith("`serving_default` must answer with `image` or `scores`, got mask.")


def test_no_model_at_all_is_told(tmp_path):
    (found,) = smoke.problems(tmp_path)
    assert "holds no saved_model.pb" in found


def test_the_servers_digest_is_of_its_sources():
    assert len(smoke.server_digest()) == 16
    assert smoke.server_digest() == smoke.server_digest()
