"""A host of the owner's is measured before it is marked; one that does not work is refused, with its range."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import smoothing_host
from tfwm.data import make_pairs, photographs, sample_patches
from tfwm.kinds import kind_called
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs, LabelledImages

CLASSIFIERS, RESTORERS = kind_called(CLASSIFICATION), kind_called(RESTORATION)


def _bright_and_dark(count: int = 60, classes: int = 2) -> LabelledImages:
    """The class of a picture is how bright it is."""
    labels = np.arange(count) % classes
    levels = (255 * (labels + 0.5) / classes).astype(np.uint8)
    return LabelledImages(np.broadcast_to(levels[:, None, None, None], (count, 8, 8, 3)).copy(), labels, classes)


def _tells_bright_from_dark(scale: float = 1.0, offset: float = 0.0) -> keras.Model:
    """Right on pictures x that were given as scale * x + offset: the scores are -m and m for m = x - 1/2."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / scale, -offset / scale)(image)
    dense = keras.layers.Dense(2)
    network = keras.Model(image, dense(keras.layers.GlobalAveragePooling2D()(x)))
    dense.set_weights([np.float32([[-1, 1]] * 3) / 3, np.float32([0.5, -0.5])])
    return network


def test_a_classifier_that_works_is_told() -> None:
    found = CLASSIFIERS.measured(_tells_bright_from_dark(), _bright_and_dark(), "--host")
    assert found == "the host is right on 100.0% of 60 training images"


@pytest.mark.parametrize("scale, offset, name", [(255.0, 0.0, "[0, 255]"), (2.0, -1.0, "[-1, 1]")])
def test_a_classifier_of_another_range_is_told_the_range_and_the_layer(scale: float, offset: float, name: str) -> None:
    host = _tells_bright_from_dark(scale, offset)
    with pytest.raises(ValueError, match="is right on 50.0% of 60 pictures in") as caught:
        CLASSIFIERS.measured(host, _bright_and_dark(), "--host")
    assert f"on 100.0% of the same in {name}." in str(caught.value)
    remedy = f"keras.Sequential([keras.layers.Rescaling({scale:g}, {offset:g}), model])"
    assert remedy in str(caught.value)
    mended = eval(remedy, {"keras": keras, "model": host})
    mended.build((None, 8, 8, 3))
    assert CLASSIFIERS.measured(mended, _bright_and_dark(), "--host").startswith("the host is right on 100.0%")


def test_a_classifier_that_is_right_on_some_is_told_where_it_is_right_on_more() -> None:
    """A quarter of four classes and all of three: no guessing, and yet the wrong range."""
    data = _bright_and_dark(80, 4)
    image = keras.Input((8, 8, 3))
    dense = keras.layers.Dense(4)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    host = keras.Model(image, dense(x))
    # Of the scores 2 c m - c^2 the largest is that whose centre c is nearest to the mean m.
    centres = (np.arange(4) + 0.5) / 4
    dense.set_weights([np.float32([2 * centres] * 3) / 3, np.float32(-(centres**2))])
    with pytest.raises(ValueError, match=r"is right on 25.0% of 80 pictures in .*on 100.0% of the same in \[0, 255\]"):
        CLASSIFIERS.measured(host, data, "host_path")


def test_a_classifier_that_guesses_is_refused() -> None:
    image = keras.Input((8, 8, 3))
    host = keras.Model(
        image, keras.layers.Dense(2, "softmax", bias_initializer="ones")(keras.layers.Flatten()(0 * image))
    )
    with pytest.raises(
        ValueError, match=r"`--host` is right on 50.0% of 60 training pictures in \[0, 1\].* told from guessing"
    ):
        CLASSIFIERS.measured(host, _bright_and_dark(), "--host")
    # Of six pictures all may be hit by guessing: nothing can be said.
    assert "50.0% of 6" in CLASSIFIERS.measured(host, _bright_and_dark(6), "--host")


@pytest.fixture(scope="module")
def pairs() -> ImagePairs:
    patches = sample_patches(list(photographs("owner").values()), 16, 16, seed=0)
    return make_pairs("derain", patches, seed=0)


def test_a_restorer_that_works_is_told(pairs: ImagePairs) -> None:
    found = RESTORERS.measured(smoothing_host(), pairs, "--host")
    assert found.startswith("the host reaches ")
    assert found.endswith(" dB on 16 training pictures")


def test_a_restorer_of_another_range_is_told_the_range_and_the_layers(pairs: ImagePairs) -> None:
    """It darkens pictures in [0, 255] a little and holds them to that range: those in [0, 1] are black to it."""
    image = keras.Input((None, None, 3))
    host = keras.Model(image, keras.layers.ReLU(255.0)(keras.layers.Rescaling(1.0, -5.0)(image)))
    with pytest.raises(ValueError, match=r"`--host` reaches .* dB on 16 pictures in \[0, 1\]") as caught:
        RESTORERS.measured(host, pairs, "--host")
    assert "of the same in [0, 255]. Save it with a layer" in str(caught.value)
    mended = eval(str(caught.value).split("`")[3], {"keras": keras, "model": host})
    mended.build((None, None, None, 3))
    assert RESTORERS.measured(mended, pairs, "--host").startswith("the host reaches ")


@pytest.mark.parametrize("gain", [0.9, 1.1, -1.0])
def test_a_restorer_of_another_task_is_none_of_another_range(pairs: ImagePairs, gain: float) -> None:
    """It darkens, brightens or inverts, all of which look better about zero than in [0, 1]."""
    image = keras.Input((None, None, 3))
    host = keras.Model(image, keras.layers.Rescaling(gain, float(gain < 0))(image))
    assert RESTORERS.measured(host, pairs, "--host").startswith("the host reaches ")


def test_a_restorer_of_flat_pictures_is_refused(pairs: ImagePairs) -> None:
    image = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="with flat ones. Train it first"):
        RESTORERS.measured(keras.Model(image, 0 * image + 0.5), pairs, "--host")
