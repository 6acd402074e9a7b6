from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.attacks.toys import patches
from tfwm.attacks.copies.losses import LOSSES, content_loss, deceiving_loss, judging_loss
from tfwm.networks.vgg import vgg_features
from tfwm.suspects import as_float


def test_pixel_losses_by_hand() -> None:
    outputs = tf.constant([[[[0.5], [0.5]]], [[[0.0], [1.0]]]])
    answers = tf.constant([[[[0.7], [0.1]]], [[[0.0], [1.0]]]])
    # (0.2 + 0.4) / 2 = 0.3; (0.04 + 0.16) / 2 = 0.1; the second example is exact.
    np.testing.assert_allclose(content_loss("l1")(outputs, answers), [0.3, 0.0], atol=1e-7)
    np.testing.assert_allclose(content_loss("l2+adversarial")(outputs, answers), [0.1, 0.0], atol=1e-7)


def test_adversarial_losses_by_hand() -> None:
    # A logit ln 3 means D = 0.75: -ln 0.75 = 0.28768, -ln 0.25 = 1.38629; a logit 0 gives ln 2 = 0.69315.
    logits = tf.fill([2, 2, 2, 1], float(np.log(3.0)))
    np.testing.assert_allclose(deceiving_loss(logits), [0.28768, 0.28768], atol=1e-5)
    np.testing.assert_allclose(judging_loss(logits, logits), [0.83699, 0.83699], atol=1e-5)
    np.testing.assert_allclose(judging_loss(logits, tf.zeros_like(logits)), [0.49041, 0.49041], atol=1e-5)


def test_vgg_features_are_those_of_keras(vgg_file) -> None:
    images = as_float(patches(2, seed=7))
    with np.load(vgg_file) as stored:
        weights = dict(stored)
    network = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    inner = keras.Model(network.input, network.get_layer("block2_conv2").output)
    inner.set_weights([weights[f"conv{i}_{kind}"] for i in ("1_1", "1_2", "2_1", "2_2") for kind in ("kernel", "bias")])
    whole = np.kron(images, np.ones((1, 2, 2, 1), np.float32))
    expected = inner(keras.applications.vgg19.preprocess_input(whole * 255)) / 255.0
    np.testing.assert_allclose(vgg_features(vgg_file)(tf.constant(whole)), expected, atol=1e-4)


def test_grey_is_three_equal_channels(vgg_file) -> None:
    grey = as_float(patches(1, seed=7))[..., :1]
    features = vgg_features(vgg_file)
    np.testing.assert_allclose(features(tf.constant(grey)), features(tf.constant(np.repeat(grey, 3, -1))), atol=1e-6)


def test_perceptual_loss_is_zero_for_equal_pictures_only(vgg_file) -> None:
    loss = content_loss("perceptual+adversarial", vgg_file)
    images = tf.constant(as_float(patches(2, seed=7)))
    np.testing.assert_allclose(loss(images, images), 0.0, atol=1e-9)
    assert (loss(images, images[::-1]).numpy() > 1e-6).all()


def test_missing_weights_say_what_to_do(tmp_path, monkeypatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"`vgg_weights` must be an npz file .* got 'nowhere.npz'"):
        vgg_features("nowhere.npz")
    np.savez(tmp_path / "half.npz", conv1_1_kernel=np.zeros((3, 3, 3, 64)))
    with pytest.raises(ValueError, match=r"`vgg_weights` must hold .* lacks conv1_1_bias, conv1_2_bias"):
        vgg_features(str(tmp_path / "half.npz"))

    def no_network(**_):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "VGG19", no_network)
    with pytest.raises(FileNotFoundError, match=r"`vgg_weights` is empty .* Give the path of an npz"):
        vgg_features()


def test_only_adversarial_losses_have_a_weight() -> None:
    for name, (_, weight) in LOSSES.items():
        assert (weight > 0) == ("adversarial" in name)
