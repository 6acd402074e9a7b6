import re

import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.components import smoke
from tfwm.exporting import export


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


def test_shapes_are_the_models_own_where_it_has_one(tmp_path):
    assert smoke.served_shapes(export(_model(32, 48, 1), tmp_path / "fixed", public=True)) == [(32, 48, 1)]
    assert smoke.served_shapes(export(_model(32, None), tmp_path / "half", public=True)) == [(32, 64, 3), (32, 80, 3)]


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


def test_no_model_at_all_is_told(tmp_path):
    (found,) = smoke.problems(tmp_path)
    assert "holds no saved_model.pb" in found


def test_the_servers_digest_is_of_its_sources():
    assert len(smoke.server_digest()) == 16
    assert smoke.server_digest() == smoke.server_digest()
