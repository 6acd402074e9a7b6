"""Algorithm 1, step by step: what splits the batch, what stays while another learns, and where labels do not go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.schemes.key_samples.toy import KEY_BATCH, SAMPLES, encoder_trainer, joint_trainer, logo, pictures
from tfwm.schemes.key_samples import trainer as module
from tfwm.schemes.key_samples.losses import Objective
from tfwm.schemes.key_samples.networks import encoded
from tfwm.training import Labels
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

BATCH = 6


def _covers(count: int = KEY_BATCH) -> tf.Tensor:
    return tf.constant(pictures(count).images.astype(np.float32) / 255)


def _batches(count: int, labels: np.ndarray, *, images: int = BATCH, keys: int = KEY_BATCH) -> list[dict[str, Any]]:
    key = LabelledImages(pictures(SAMPLES, seed=1).images, labels, 4)
    return list(labelled_stream(pictures(24), key, batch_size=images, key_batch=keys, seed=2)(0, count))


def _same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_samples_have_eight_bits_and_the_gradient_passes_the_rounding() -> None:
    trainer, covers = encoder_trainer(), _covers()
    samples = trainer.samples(covers, training=False)
    levels = samples.numpy() * 255
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-4)
    assert len(np.unique(np.round(levels))) > 20
    logos = tf.repeat(tf.constant(logo()), KEY_BATCH, axis=0)
    slopes = []
    for made in (lambda: trainer.samples(covers, training=False), lambda: trainer.encoder([covers, logos])):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(made() * covers)
        slopes.append(tape.gradient(loss, trainer.encoder.trainable_variables))
    assert max(float(tf.reduce_max(tf.abs(slope))) for slope in slopes[0]) > 0.1
    for rounded, plain in zip(*slopes, strict=True):
        np.testing.assert_allclose(rounded, plain, rtol=1e-5, atol=1e-6)


def test_what_is_sent_is_what_was_trained() -> None:
    trainer, covers = encoder_trainer(), pictures(KEY_BATCH).images
    sent = encoded(trainer.encoder, covers, np.round(logo()[0] * 255).astype(np.uint8))
    assert sent.dtype == np.uint8
    seen = np.round(trainer.samples(_covers(), training=False).numpy() * 255)
    # One level at most, where a float lies on the edge between two.
    assert np.abs(seen - sent).max() <= 1
    assert (seen == sent).mean() > 0.999


def test_two_rounds_are_two_steps_on_the_halves() -> None:
    covers = _covers(2 * KEY_BATCH)
    once, twice = encoder_trainer(rounds=2), encoder_trainer()
    figures = once.train_step({"key_images": covers})
    for half in (covers[:KEY_BATCH], covers[KEY_BATCH:]):
        twice.reset_metrics()
        last = twice.train_step({"key_images": half})
    for network in ("encoder", "discriminator"):
        for weight, same in zip(getattr(once, network).get_weights(), getattr(twice, network).get_weights()):
            np.testing.assert_allclose(weight, same, atol=1e-6)
    assert int(once.optimizer.iterations) == int(once.discriminator_optimizer.iterations) == 2
    assert {name: float(value) for name, value in figures.items()} == pytest.approx(
        {name: float(value) for name, value in last.items()}, rel=1e-4
    )


def test_the_discriminator_goes_first_and_figures_are_of_the_samples() -> None:
    trainer, covers = encoder_trainer(rate=0.0), _covers()
    samples = trainer.samples(covers, training=True)
    real, made = (trainer.discriminator(images) for images in (covers, samples))
    figures = {name: float(value) for name, value in trainer.train_step({"key_images": covers}).items()}
    squares = np.square(covers - samples).mean(axis=(1, 2, 3))
    assert figures["psnr"] == pytest.approx(np.mean(-10 * np.log10(squares)), rel=1e-4)
    judged = np.log1p(np.exp(-real)) + np.log1p(np.exp(made))
    assert figures["discriminator"] == pytest.approx(judged.mean(), rel=1e-4)
    assert figures["loss"] == pytest.approx(float(np.mean(Objective(3, 5, 0.1)(covers, samples, made))), rel=1e-4)
    # With a rate: the encoder meets a discriminator that has just learnt.
    fresh = encoder_trainer(objective=Objective(1e-9, 0, 1.0), rate=0.5)
    before = float(tf.reduce_mean(tf.nn.softplus(-fresh.discriminator(fresh.samples(covers, training=True)))))
    assert float(fresh.train_step({"key_images": covers})["loss"]) > before + 0.01


@pytest.mark.parametrize("host_weight", [0.0, 0.5])
def test_the_host_stays_as_it_is_while_the_encoder_learns(host_weight: float) -> None:
    trainer, (batch,) = joint_trainer(host_weight), _batches(1, np.arange(SAMPLES) % 4)
    before, start = trainer.network.get_weights(), trainer.encoder.get_weights()

    def towards(samples: tf.Tensor) -> tf.Tensor:
        return Labels().losses(trainer.network(samples, training=False), batch["key_labels"])

    trainer.improved(batch["key_images"], [towards])
    for weight, same in zip(trainer.network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)
    assert int(trainer.host_optimizer.iterations) == 0
    assert any(not np.array_equal(a, b) for a, b in zip(trainer.encoder.get_weights(), start))


def test_the_encoder_stays_as_it_is_while_the_host_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, (batch,) = joint_trainer(), _batches(1, np.arange(SAMPLES) % 4)
    monkeypatch.setattr(trainer, "improved", lambda *_: dict.fromkeys(("loss", "discriminator", "psnr"), 0.0))
    others = [network.get_weights() for network in (trainer.encoder, trainer.discriminator)]
    before = trainer.network.get_weights()
    trainer.train_step(batch)
    for network, weights in zip((trainer.encoder, trainer.discriminator), others):
        for weight, same in zip(network.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(weight, same)
    assert any(not np.array_equal(a, b) for a, b in zip(trainer.network.get_weights(), before))


def test_rounds_of_encoder_and_host_split_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[Any, Any]] = []
    original = module.learn

    def watched(network: Any, optimizer: Any, task: Any, question: Any, mark: Any, secret: Any):
        steps.append((question, secret))
        return original(network, optimizer, task, question, mark, secret)

    monkeypatch.setattr(module, "learn", watched)
    monkeypatch.setattr("tfwm.training.objectives.crop_and_flip", lambda images, seeds, **_: images)
    trainer = joint_trainer(0.5, rounds=2, host_rounds=2)
    (batch,) = _batches(1, np.arange(SAMPLES) % 4, images=2 * BATCH, keys=2 * KEY_BATCH)
    trainer.train_step(batch)
    assert len(steps) == int(trainer.host_optimizer.iterations) == 2
    assert int(trainer.optimizer.iterations) == 2
    samples = trainer.samples(batch["key_images"][KEY_BATCH:], training=False).numpy()
    for number, ((images, labels), (keys, key_labels)) in enumerate(steps):
        mine = slice(number * BATCH, (number + 1) * BATCH)
        np.testing.assert_array_equal(images, batch["images"][mine])
        np.testing.assert_array_equal(labels, batch["labels"][mine])
        # Of the last round, as the encoder makes them after it, and with their own labels.
        np.testing.assert_allclose(keys, samples, atol=1e-6)
        np.testing.assert_array_equal(key_labels, batch["key_labels"][KEY_BATCH:])


def _step_by_step(trainer: Any, batches: list[dict[str, Any]]) -> Any:
    step = tf.function(trainer.train_step)
    for batch in batches:
        step(batch)
    return trainer


@pytest.mark.parametrize("host_weight", [0.0, 0.5])
def test_labels_reach_the_encoder_only_through_the_hosts_loss(host_weight: float) -> None:
    """What deep_stego says of its own: to the last bit, samples are the same whatever their labels."""
    labels = np.arange(SAMPLES) % 4
    first = _step_by_step(joint_trainer(host_weight), _batches(4, labels))
    other = _step_by_step(joint_trainer(host_weight), _batches(4, (labels + 1) % 4))
    assert not _same(first.network, other.network)
    blind = host_weight == 0
    assert _same(first.encoder, other.encoder) == blind
    assert _same(first.discriminator, other.discriminator) == blind
