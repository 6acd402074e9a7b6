"""Training from start to key: embedding, the updated S, the visualizer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data import decode_image, sample_logo, with_channels
from tfwm.data.batches import batches
from tfwm.data.readers import cover
from tfwm.keys import OwnerKey, derive
from tfwm.networks.copying import copy_of
from tfwm.schemes.trigger_image import images, losses
from tfwm.schemes.trigger_image.networks import visualizer
from tfwm.schemes.trigger_image.trainer import EmbeddingTrainer, MarkLoss, VisualizerTrainer
from tfwm.schemes.trigger_image.verification import answers_to
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, fit, training_digest
from tfwm.types import ImagePairs, MarkedModel

if TYPE_CHECKING:
    from tfwm.schemes.trigger_image.scheme import TriggerImage

CLEAN_ANSWERS = 64


def train(settings: TriggerImage, host: keras.Model, data: ImagePairs, run: Run, secret: bytes) -> MarkedModel:
    """See `TriggerImage.train`."""
    check_fit(host, data, settings.image_size, settings.channels)
    asked = images.triggers(settings, secret)
    codes = images.owner_codes(settings, secret) if settings.coded else None
    wanted = tf.constant(images.verification_images(settings, asked, codes))
    model, history = embed(
        settings, host, data, run, asked, lambda answers: losses.squared_distance(answers, _like(wanted, answers)),
        secret,
    )  # fmt: skip
    updated = answers_to(KerasSuspect("marked", model), asked)
    arrays = {"probes": asked, "updated": updated.astype(np.float16), "logo": load_logo(settings)}
    networks = {}
    if settings.visualizer:
        networks["extractor"], lines = _draw(settings, model, arrays, run, secret)
        history += lines
    return MarkedModel(model, OwnerKey(settings.name, settings.to_dict(), secret, arrays, networks), tuple(history))


def _like(wanted: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """`wanted` as often as `answers` holds copies of each trigger, one after the other."""
    return tf.repeat(wanted, tf.shape(answers)[0] // tf.shape(wanted)[0], axis=0)


def embed(
    settings: Any, host: keras.Model, data: ImagePairs, run: Run, asked: np.ndarray, mark_loss: MarkLoss, secret: bytes
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """A copy of the host, fine-tuned by eq. 4, and its history; the baselines embed by it too.

    Args:
      settings: has `strength`, `sigma`, `batch_statistics`, `copies`, `embedding`, `stop_at` and `to_dict()`.
      host: not changed.
      data: the owner's pairs.
      run: where and how.
      asked: uint8 triggers `[t, H, W, c]`.
      mark_loss: of the answers to them.
      secret: names the checkpoints: those of another key are no start for this one.
    """
    schedule = settings.embedding.scaled(run.steps_scale)
    arrays = {"inputs": data.inputs, "targets": data.targets}
    start = np.concatenate([np.ravel(value).astype(np.float32) for value in host.get_weights()])
    mine = np.frombuffer(derive(secret, "trigger_image/checkpoints", 8), np.uint8)
    digest = training_digest(settings.to_dict(), run, data.inputs, data.targets, start, mine)
    with run.scope():
        model = copy_of(host)
        model.trainable = True
        trainer = EmbeddingTrainer(
            model, as_float(asked), mark_loss, strength=settings.strength, sigma=settings.sigma,
            mixed=settings.batch_statistics == "mixed", copies=settings.copies,
        )  # fmt: skip
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)

        def dataset(first: int, steps: int) -> tf.data.Dataset:
            return batches(arrays, batch_size=schedule.batch_size, seed=run.seed, start_step=first, steps=steps)

        # ||M(K) - S||^2 of one trigger at which d of eq. 8 is `stop_at`.
        small = len(asked) * (settings.stop_at * asked[0].size) ** 2
        lines = fit(trainer, dataset, schedule, run, stage="embedding", digest=digest,
                    enough=lambda line: line["mark"] <= small)  # fmt: skip
    return model, [{"stage": "embedding", **line} for line in lines]


def _draw(
    settings: TriggerImage, model: keras.Model, arrays: dict[str, np.ndarray], run: Run, secret: bytes
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """The visualizer, trained on S and on answers to other random images."""
    # Not the decoys of a verification, nor the next draws of their stream.
    strangers = images.decoys(settings, derive(secret, "trigger_image/strangers", 32), CLEAN_ANSWERS)
    clean = answers_to(KerasSuspect("marked", model), strangers)
    updated = arrays["updated"].astype(np.float32)
    answers = updated[np.arange(len(clean)) % len(updated)]
    schedule = settings.drawing.scaled(run.steps_scale)
    stream = {"answers": answers, "clean": clean}
    digest = training_digest(settings.to_dict(), run, answers, clean, arrays["logo"])
    with run.scope():
        network = visualizer(settings.side, settings.channels, filters=settings.visualizer_filters, seed=run.seed)
        picture = cover(arrays["logo"], network.output_shape[1:3])
        trainer = VisualizerTrainer(
            network, as_float(picture)[None], noise=settings.visualizer_noise,
            clean_weight=settings.visualizer_clean_weight,
        )  # fmt: skip
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)

        def dataset(first: int, steps: int) -> tf.data.Dataset:
            return batches(stream, batch_size=schedule.batch_size, seed=run.seed, start_step=first, steps=steps)

        lines = fit(trainer, dataset, schedule, run, stage="visualizer", digest=digest)
    return network, [{"stage": "visualizer", **line} for line in lines]


def load_logo(settings: TriggerImage) -> np.ndarray:
    """The copyright image as uint8 `[P, P, c]`."""
    from tfwm.schemes.trigger_image.networks import PICTURE_SIDE

    picture = sample_logo(PICTURE_SIDE)
    if settings.logo:
        picture = decode_image(Path(settings.logo).read_bytes(), settings.logo)
    return with_channels(cover(picture, (PICTURE_SIDE, PICTURE_SIDE)), settings.channels)


def check_fit(host: keras.Model, data: ImagePairs, size: int, channels: int) -> None:
    """Refuses data and hosts that the settings do not describe."""
    if {data.inputs.shape[1:], data.targets.shape[1:]} != {(size, size, channels)}:
        raise ValueError(
            f"`data` must hold {size} x {size} images with {channels} channels, got inputs {list(data.inputs.shape)} "
            f"and targets {list(data.targets.shape)}. tfwm.data.sample_patches cuts patches of a size."
        )
    if host.input_shape[-1] != channels or host.output_shape[-1] != channels:
        raise ValueError(
            f"`host` must map images of {channels} channels to the same, got {host.input_shape} to "
            f"{host.output_shape}. Set `channels` to the host's."
        )
