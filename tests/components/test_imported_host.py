import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.toy_classifier import toy_classifier
from tfwm.components.imported_host import import_host
from tfwm.kinds import KINDS
from tfwm.networks.copying import copy_of
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs, LabelledImages

pytestmark = pytest.mark.trains


def restorer():
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(image)
    return keras.Model(image, keras.layers.Conv2D(3, 3, padding="same")(keras.layers.BatchNormalization()(x)))


def pairs():
    return ImagePairs(*2 * [np.zeros((2, 16, 16, 3), np.uint8)])


def labelled(classes=5):
    return LabelledImages(np.zeros((2, 16, 16, 3), np.uint8), np.array([0, 1]), classes)


HOSTS = {RESTORATION: (restorer, pairs), CLASSIFICATION: (toy_classifier, labelled)}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("form", ["keras", "saved model"])
def test_both_forms_give_a_network_that_can_be_copied(tmp_path, kind, form):
    build, data = HOSTS[kind]
    given, path = build(), tmp_path / ("host.keras" if form == "keras" else "host")
    given.save(path)
    host = copy_of(import_host(path, KINDS[kind], data()))
    images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    np.testing.assert_array_equal(host(images), given(images))


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_host_of_another_kind_is_refused(tmp_path, kind):
    other, (_, data) = next(name for name in KINDS if name != kind), HOSTS[kind]
    HOSTS[other][0]().save(tmp_path / "host.keras")
    with pytest.raises(ValueError, match="`host_path` must map images"):
        import_host(tmp_path / "host.keras", KINDS[kind], data())


def test_a_classifier_of_other_classes_is_refused(tmp_path):
    toy_classifier().save(tmp_path / "host")
    with pytest.raises(ValueError, match=r"knows 5 classes, but the data have pictures \[16, 16, 3\] of 7 classes"):
        import_host(tmp_path / "host", KINDS[CLASSIFICATION], labelled(7))


def test_a_classifier_that_guesses_is_refused(tmp_path):
    given = toy_classifier()
    given.save(tmp_path / "host.keras")
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    others = (np.argmax(given(images / np.float32(255)), axis=1) + 1 + np.arange(40) % 4) % 5  # never what it says
    with pytest.raises(
        ValueError, match=r"`host_path` is right on 0\.0% of 40 training pictures .* told from guessing"
    ):
        import_host(tmp_path / "host.keras", KINDS[CLASSIFICATION], LabelledImages(images, others, 5))


def test_a_missing_host_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mine\.keras is not there"):
        import_host(tmp_path / "mine.keras", KINDS[CLASSIFICATION], labelled())


def test_another_format_is_refused(tmp_path):
    (tmp_path / "host.h5").write_bytes(b"")
    with pytest.raises(ValueError, match="must be a .keras file"):
        import_host(tmp_path / "host.h5", KINDS[CLASSIFICATION], labelled())


def _without_description(folder):
    """As `model.export` and `tf.saved_model.save` write it: a graph, and nothing of its layers."""
    image = tf.TensorSpec([None, 16, 16, 3], tf.float32, "image")
    function = tf.function(lambda image: image, input_signature=[image])
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": function})


def _with_code(folder):
    image = keras.Input((16, 16, 3))
    x = keras.layers.Lambda(lambda images: images * 2.0)(image)
    keras.Model(image, keras.layers.Dense(5)(keras.layers.Flatten()(x))).save(folder)


class Halved(keras.layers.Layer):
    """A layer of the user's that nobody else knows."""

    def call(self, inputs):
        return inputs / 2.0


def _with_unknown_layer(folder):
    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.Dense(5)(keras.layers.Flatten()(Halved()(image)))).save(folder)


@pytest.mark.parametrize(
    "write, reason",
    [
        (_without_description, "it does not hold Keras's description of its layers"),
        (_with_code, "it holds Python code, a Lambda layer"),
        (_with_unknown_layer, "Keras does not know all of its layers"),
    ],
)
def test_a_saved_model_that_nobody_could_fine_tune_says_what_to_do(tmp_path, write, reason):
    write(tmp_path / "host")
    with pytest.raises(ValueError, match=f"no scheme can copy or fine-tune: {reason}.*model.save\\('name.keras'\\)"):
        import_host(tmp_path / "host", KINDS[CLASSIFICATION], labelled())
