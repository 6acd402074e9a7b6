"""The two ways to get an encoder: alone, or along with the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.digests import training_digest
from tfwm.keys import derive
from tfwm.networks.copying import flat_weights
from tfwm.schemes.key_samples.losses import Objective
from tfwm.schemes.key_samples.networks import DISCRIMINATORS
from tfwm.schemes.key_samples.settings import EncoderSettings
from tfwm.schemes.key_samples.trainer import EncoderTrainer, JointTrainer
from tfwm.schemes.key_samples.training import host_to_train
from tfwm.suspects import as_float
from tfwm.training import Run, fit, stream_of
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

History = list[dict[str, Any]]
Build = Callable[[int], keras.Model]
"""From a seed to a new encoder."""


def train_encoder(
    settings: EncoderSettings, build: Build, covers: np.ndarray, logo: np.ndarray, run: Run, secret: bytes
) -> tuple[keras.Model, History]:
    """An encoder that no host and no label has a part in; resumes after a kill.

    Args:
      settings: of the scheme.
      build: of the encoder, from a seed; called in the run's scope.
      covers: uint8 `[n, h, w, c]`.
      logo: uint8 `[h, w, c]`.
      run: where and how.
      secret: names the checkpoints.

    Returns:
      The encoder, and one dict of scalars an epoch.
    """
    schedule = settings.encoder.scaled(run.steps_scale)
    digest = training_digest(settings.to_dict(), run, covers, logo, _mine(secret))
    with run.scope():
        encoder = build(run.seed)
        trainer = EncoderTrainer(
            encoder, _discriminator(settings, run), as_float(logo)[None], Objective.of(settings),
            rounds=settings.encoder_rounds,
        )  # fmt: skip
        trainer.compile(schedule.optimizer(), run.jit, discriminator_optimizer=schedule.optimizer())
        stream = stream_of(
            {"key_images": covers}, batch_size=settings.encoder_rounds * schedule.batch_size, seed=run.seed
        )
        lines = fit(trainer, stream, schedule, run, stage="encoder", digest=digest)
    return encoder, [{"stage": "encoder", **line} for line in lines]


def train_jointly(
    settings: EncoderSettings, build: Build, host: keras.Model, data: LabelledImages, key: LabelledImages,
    logo: np.ndarray, run: Run, secret: bytes,
) -> tuple[keras.Model, keras.Model, History]:  # fmt: skip
    """Host and encoder at once, by Algorithm 1 of Li et al. 2019; resumes after a kill.

    Args:
      settings: of the scheme.
      build: of the encoder, from a seed; called in the run's scope.
      host: not changed.
      data: the owner's.
      key: the covers from which the samples are made, with the secret labels.
      logo: uint8 `[h, w, c]`.
      run: where and how.
      secret: names the checkpoints.

    Returns:
      The trained host, the encoder, and one dict of scalars an epoch.
    """
    digest = training_digest(
        settings.to_dict(), run, data.images, data.labels, key.images, key.labels, logo, _mine(secret),
        flat_weights(host),
    )  # fmt: skip
    with run.scope():
        model, encoder = host_to_train(settings, host, run), build(run.seed)
        trainer = JointTrainer(
            model, encoder, _discriminator(settings, run), as_float(logo)[None], Objective.of(settings),
            outputs=settings.outputs, augment=settings.augment, rounds=settings.encoder_rounds,
            host_rounds=settings.host_rounds, margin=settings.margin,
        )  # fmt: skip
        schedule = settings.host.scaled(run.steps_scale)
        # Over the steps that there are, `encoder_rounds` a batch, whatever the length of an encoder's own stage.
        adams = replace(
            settings.encoder, epochs=schedule.epochs,
            steps_per_epoch=settings.encoder_rounds * schedule.steps_per_epoch,
        )  # fmt: skip
        # The host's rate falls with its own steps, `host_rounds` a batch.
        descent = replace(schedule, steps_per_epoch=settings.host_rounds * schedule.steps_per_epoch).optimizer()
        trainer.compile(
            adams.optimizer(), run.jit, discriminator_optimizer=adams.optimizer(), host_optimizer=descent
        )  # fmt: skip
        stream = labelled_stream(
            data, key, batch_size=settings.host_rounds * settings.host.batch_size,
            key_batch=settings.encoder_rounds * settings.key_batch, seed=run.seed,
        )  # fmt: skip
        lines = fit(trainer, stream, schedule, run, stage="joint", digest=digest)
    return model, encoder, [{"stage": "joint", **line} for line in lines]


def _discriminator(settings: EncoderSettings, run: Run) -> keras.Model:
    """A new one, as the settings name it."""
    shape = (settings.image_size, settings.image_size, settings.channels)
    return DISCRIMINATORS[settings.discriminator](shape, seed=run.seed + 1)


def _mine(secret: bytes) -> np.ndarray:
    """Part of the checkpoints' digest, so that those of another secret are no start for this one."""
    return np.frombuffer(derive(secret, "key_samples/checkpoints", 8), np.uint8)
