"""Training from start to key: embedding, the updated S, the visualizer."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.logos import read_logo
from tfwm.data.reading.readers import cover
from tfwm.digests import training_digest
from tfwm.evidence.binding import Draws
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive_generator
from tfwm.networks.copying import copy_of
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.lessons import Lessons
from tfwm.schemes.trigger_image.neighbourhoods import kernels
from tfwm.schemes.trigger_image.networks import PICTURE_SIDE, visualizer
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.schemes.trigger_image.trainer import VisualizerTrainer
from tfwm.schemes.trigger_image.verification import trigger_verdict
from tfwm.schemes.triggers.drawing import new_draws
from tfwm.schemes.triggers.training import embed, repeated, teach
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, check_run, fit, squared_distance, stream_of
from tfwm.types import ImagePairs, MarkedModel

CLEAN_ANSWERS = 64


def train_trigger_image(
    settings: TriggerImageSettings, host: keras.Model, data: ImagePairs, run: Run, secret: bytes
) -> MarkedModel:
    """A copy of the host that answers the triggers as it shall, and its key; resumes after a kill.

    Args:
      settings: of the scheme.
      host: image -> image of the same size; not changed.
      data: the pairs that the host was trained on.
      run: where and how.
      secret: 32 bytes.

    Raises:
      ValueError: data or a host that do not fit the settings, or batches that replicas cannot share.
    """
    check_run(run, settings)
    draws = new_draws(settings.name, secret, settings.pieces)
    logo = read_logo(settings.logo, PICTURE_SIDE, settings.channels)
    model, history = _marked_host(settings, host, data, run, draws, secret)
    marked = KerasSuspect("marked", model)
    updated = answers_to(marked, images.triggers(settings, draws))
    arrays = {"updated": updated.astype(np.float16), "logo": logo}
    networks = {}
    if settings.visualizer:
        networks["extractor"], lines = _draw(settings, model, arrays, run, secret)
        history += lines
    key = OwnerKey(settings.name, settings.to_dict(), secret, arrays, networks)
    if not trigger_verdict(settings, marked, key, None).marked:
        print(
            "  warning: the mark did not take: the marked model itself does not verify. Give more epochs, a larger "
            "`strength`, or a host with more filters.", file=sys.stderr,
        )  # fmt: skip
    return MarkedModel(model, key, tuple(history))


def _marked_host(
    settings: TriggerImageSettings, host: keras.Model, data: ImagePairs, run: Run, draws: Draws, secret: bytes
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """The host after the embedding, and the history."""
    codes = images.owner_codes(settings, draws) if settings.coded else None
    if settings.carrier == "neighbourhoods" and codes is not None:
        added = kernels(codes[0, 0], settings.reach, settings.amount)
        shape = (settings.image_size, settings.image_size, settings.channels)
        return teach(settings, host, data, run, lambda: Lessons(copy_of(host), added, shape,
                     strength=settings.strength), secret, math.prod(shape))  # fmt: skip
    asked = images.triggers(settings, draws)
    wanted = tf.constant(images.verification_images(settings, asked, codes))
    return embed(
        settings, host, data, run, asked, lambda answers: squared_distance(answers, repeated(wanted, answers)), secret
    )


def _draw(
    settings: TriggerImageSettings, model: keras.Model, arrays: dict[str, np.ndarray], run: Run, secret: bytes
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """The visualizer, trained on S and on answers to other random images, and the history."""
    # Not the decoys of a verification, nor the next draws of their stream.
    strangers = images.random_images(settings, derive_generator(secret, "trigger_image/strangers"), CLEAN_ANSWERS)
    clean = answers_to(KerasSuspect("marked", model), strangers)
    updated = arrays["updated"].astype(np.float32)
    answers = updated[np.arange(len(clean)) % len(updated)]
    schedule = settings.drawing.scaled(run.steps_scale)
    digest = training_digest(settings.to_dict(), run, answers, clean, arrays["logo"])
    with run.scope():
        network = visualizer(settings.side, settings.channels, filters=settings.visualizer_filters, seed=run.seed)
        picture = cover(arrays["logo"], network.output_shape[1:3])
        trainer = VisualizerTrainer(
            network, as_float(picture)[None], noise=settings.visualizer_noise,
            clean_weight=settings.visualizer_clean_weight,
        )  # fmt: skip
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)
        stream = stream_of({"answers": answers, "clean": clean}, batch_size=schedule.batch_size, seed=run.seed)
        lines = fit(trainer, stream, schedule, run, stage="visualizer", digest=digest)
    return network, [{"stage": "visualizer", **line} for line in lines]
