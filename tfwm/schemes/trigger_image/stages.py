"""Training from start to key: embedding, the updated S, the visualizer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data import decode_image, sample_logo, with_channels
from tfwm.data.reading.readers import cover
from tfwm.data.stream.batches import batches
from tfwm.digests import training_digest
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.networks import visualizer
from tfwm.schemes.trigger_image.trainer import VisualizerTrainer
from tfwm.schemes.triggers.training import embed, repeated
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, fit, squared_distance
from tfwm.types import ImagePairs, MarkedModel

if TYPE_CHECKING:
    from tfwm.schemes.trigger_image.scheme import TriggerImage

CLEAN_ANSWERS = 64


def train(settings: TriggerImage, host: keras.Model, data: ImagePairs, run: Run, secret: bytes) -> MarkedModel:
    """See `TriggerImage.train`."""
    asked, logo = images.triggers(settings, secret), load_logo(settings)
    codes = images.owner_codes(settings, secret) if settings.coded else None
    wanted = tf.constant(images.verification_images(settings, asked, codes))
    model, history = embed(
        settings, host, data, run, asked, lambda answers: squared_distance(answers, repeated(wanted, answers)),
        secret,
    )  # fmt: skip
    marked = KerasSuspect("marked", model)
    updated = answers_to(marked, asked)
    arrays = {"probes": asked, "updated": updated.astype(np.float16), "logo": logo}
    networks = {}
    if settings.visualizer:
        networks["extractor"], lines = _draw(settings, model, arrays, run, secret)
        history += lines
    key = OwnerKey(settings.name, settings.to_dict(), secret, arrays, networks)
    if not settings.verify(marked, key).marked and not run.quiet:
        print(
            "  warning: the mark did not take: the marked model itself does not verify. Give more epochs, a larger "
            "`strength`, or a host with more filters.", file=sys.stderr,
        )  # fmt: skip
    return MarkedModel(model, key, tuple(history))


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
        if not Path(settings.logo).is_file():
            raise FileNotFoundError(f"`logo` {settings.logo} is not there. Give a PNG or JPEG file, or leave it out.")
        picture = decode_image(Path(settings.logo).read_bytes(), settings.logo)
    return with_channels(cover(picture, (PICTURE_SIDE, PICTURE_SIDE)), settings.channels)
