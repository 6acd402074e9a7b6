"""HiDDeN: its losses by hand, its networks, and the encoder for one message."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import coarse_pairs
from tfwm.keys import InvalidKeyError, OwnerKey, new_secret
from tfwm.schemes.hidden import Hidden
from tfwm.schemes.hidden.networks import build, decoder, encoded, message_maps, residual_network, textures
from tfwm.schemes.hidden.trainer import HiddenTrainer, image_loss, message_loss
from tfwm.training import Run, Schedule

SMALL = replace(
    Hidden.tiny(), encoder_filters=4, decoder_filters=4, discriminator_filters=2, probes=8,
    training=Schedule(2, 2, 8, 1e-3, "constant", 0.9),
)  # fmt: skip
PUBLISHED = replace(SMALL, block=1, residual_scale=0.0)


def pictures(count: int = 4) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random((count, 16, 16, 3), np.float32))


def messages(count: int = 4, bits: int = 14) -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).choice(np.array([-1.0, 1.0], np.float32), (count, bits)))


def test_losses_by_hand() -> None:
    decoded = tf.constant([[1.0, 0.0], [0.5, 0.5]])
    # The first message is read exactly; of the second each bit is off by a half.
    np.testing.assert_allclose(message_loss(decoded, tf.constant([[1.0, -1.0], [1.0, -1.0]])), [0.0, 0.25])
    # A tenth in [0, 1] is a fifth in [-1, 1], squared 0.04.
    np.testing.assert_allclose(image_loss(tf.fill([1, 2, 2, 3], 0.6), tf.fill([1, 2, 2, 3], 0.5)), [0.04], rtol=1e-5)


def test_a_message_is_the_same_everywhere_or_a_texture_of_each_block() -> None:
    told = messages()
    flat = message_maps(told, PUBLISHED).numpy()
    assert flat.shape == (4, 16, 16, 14)
    np.testing.assert_array_equal(flat[:, 3, 5], told)
    blocks = message_maps(told, SMALL).numpy()
    np.testing.assert_array_equal(blocks[:, :4, :4], blocks[:, 8:12, 4:8])
    np.testing.assert_allclose(blocks[2, :4, :4], told.numpy()[2] * textures(4, 14).numpy(), atol=1e-6)
    flat_textures = textures(4, 14).numpy().reshape(16, 14)
    np.testing.assert_allclose(flat_textures.T @ flat_textures, 16 * np.eye(14), atol=1e-4)
    np.testing.assert_allclose(flat_textures.sum(axis=0), 0.0, atol=1e-5)  # none is a change of brightness


def test_textures_are_waves_of_middling_periods() -> None:
    # Of the 63 waves of 8 x 8 pixels 16 are slower than the slowest of 30, and 17 faster than the fastest.
    spectra = [np.abs(np.fft.fft2(texture, (16, 16))) for texture in np.moveaxis(textures(8, 30).numpy(), -1, 0)]
    cycles = np.add.outer(np.minimum(np.arange(16), 16 - np.arange(16)), np.minimum(np.arange(16), 16 - np.arange(16)))
    rates = [float((cycles * one**2).sum() / (one**2).sum()) for one in spectra]
    whole = [np.abs(np.fft.fft2(texture, (16, 16))) for texture in np.moveaxis(textures(8, 63).numpy(), -1, 0)]
    everything = sorted(float((cycles * one**2).sum() / (one**2).sum()) for one in whole)
    assert everything[5] < min(rates) < max(rates) < everything[-6]


@pytest.mark.parametrize("settings", [SMALL, PUBLISHED], ids=["residual", "published"])
def test_the_encoder_for_one_message_draws_what_the_encoder_draws(settings: Hidden) -> None:
    built, told, images = build(settings, 0), messages(1), pictures()
    for layer in built.encoder.layers:  # means and variances that a training would have left
        if "batch_normalization" in layer.name:
            layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    maps = message_maps(tf.repeat(told, 4, axis=0), settings)
    expected = encoded(images, built.encoder([images, maps], training=False), settings.residual_scale)
    network = residual_network(built.encoder, told.numpy()[0], settings)
    np.testing.assert_allclose(images + network(images), expected, atol=1e-5)
    assert not any(np.array_equal(np.ravel(weight), told[0]) for weight in network.get_weights())


def test_published_networks_have_the_published_layers() -> None:
    settings = Hidden.paper()
    built = build(replace(settings, image_size=16), 0)
    kernels = [weight.shape for weight in built.encoder.trainable_variables if len(weight.shape) == 4]
    assert kernels == [(3, 3, 3, 64), *[(3, 3, 64, 64)] * 3, (3, 3, 67, 64), (3, 3, 30, 64), (1, 1, 64, 3)]
    kernels = [weight.shape[-1] for weight in built.decoder.trainable_variables if len(weight.shape) == 4]
    assert kernels == [64] * 7 + [30]
    assert built.decoder.output_shape == (None, 30)


def test_a_step_trains_all_three_networks() -> None:
    settings = replace(SMALL, noise="combined")
    trainer = HiddenTrainer(settings, build(settings, 0))
    trainer.compile(**{name: settings.training.optimizer() for name in trainer.trained})
    before = {name: [each.numpy() for each in variables] for name, variables in trainer.trained.items()}
    batch = {"outputs": pictures(8), "seed": tf.constant([[0, number] for number in range(8)], tf.int64)}
    figures = trainer.train_step(batch)
    assert all(np.isfinite(value) for value in figures.values())
    for name, variables in trainer.trained.items():
        moved = [np.abs(each.numpy() - old).max() > 0 for each, old in zip(variables, before[name], strict=True)]
        assert np.mean(moved) > 0.9, name


@pytest.mark.trains
def test_the_ramp_weighs_fidelity_later() -> None:
    settings = replace(SMALL, ramp_start=2, ramp_end=4, image_weight=3.0)
    trainer = HiddenTrainer(settings, build(settings, 0))
    trainer.compile(**{name: settings.training.optimizer() for name in trainer.trained})
    weights = []
    for step in range(6):
        trainer.optimizer.iterations.assign(step)
        weights.append(float(trainer.image_weight()))
    assert weights == pytest.approx([0.0, 0.0, 0.0, 1.5, 3.0, 3.0])


@pytest.mark.trains
def test_a_killed_training_goes_on_and_a_finished_one_is_not_repeated(tmp_path, capsys) -> None:
    pairs, secret = coarse_pairs(40, 16), new_secret(2)
    first = SMALL.train(None, pairs, Run(tmp_path, quiet=True), secret=secret)
    again = replace(SMALL, alpha=0.01).train(None, pairs, Run(tmp_path, quiet=True), secret=secret)
    for one, other in zip(first.key.networks["extractor"].get_weights(), again.key.networks["extractor"].get_weights()):
        np.testing.assert_array_equal(one, other)
    assert "the mark did not take" in capsys.readouterr().err  # after four steps


def test_weights_of_other_settings_are_refused() -> None:
    wide = replace(SMALL, decoder_filters=5)
    key = OwnerKey("hidden", SMALL.to_dict(), new_secret(0), {}, {"extractor": decoder(wide)})
    with pytest.raises(InvalidKeyError, match="other weights than its settings describe"):
        SMALL.soft_bits(pictures().numpy(), key)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": "jpg"}, "no noise"), ({"block": 3}, "`block` must divide 16"), ({"kept": 0.0}, "`kept` must"),
        ({"bits": 16}, "`bits` must be fewer than the pixels of a block, 16, got 16"),
        ({"encoder_blocks": 0}, "`encoder_blocks` must"), ({"blur": 0.0}, "`blur` must"),
        ({"image_size": 12, "block": 4, "noise": "combined"}, "`image_size` must be a multiple of 8"),
    ],
)  # fmt: skip
def test_settings_out_of_range(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)
