"""Training from start to key, labels last or as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from tensorflow import keras

from tfwm.evidence.labels import answered_labels
from tfwm.schemes.blind_watermark.networks import encoder
from tfwm.schemes.blind_watermark.settings import BlindWatermarkSettings
from tfwm.schemes.key_samples.drawing import chosen_covers, key_labels
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.schemes.key_samples.networks import encoded
from tfwm.schemes.key_samples.training import marked_with_key, train_with_samples
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

_ANOTHER = 7919  # between the seeds of the owner's host and of his controls


def train_blind_watermark(
    settings: BlindWatermarkSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    """A marked copy of the host, and its key with samples, covers, logo and encoder; resumes after a kill.

    Args:
      settings: of the scheme.
      host: a classifier; not changed.
      data: the owner's training images.
      run: where and how.
      secret: 32 bytes.
    """
    covers, logo = chosen_covers(secret, data.images, settings.samples), settings.logo_pixels()
    arrays, networks = {"covers": covers, "logo": logo}, {}
    if settings.labels == "last":
        networks["encoder"], history = train_encoder(settings, encoder_builder(settings), covers, logo, run, secret)
        samples = encoded(networks["encoder"], covers, logo)
        model, lines = train_with_samples(settings, host, data, samples, secret, run)
        history += lines
    else:
        model, networks["encoder"], history = train_jointly(
            settings, encoder_builder(settings), host, data, covers, logo, run, secret
        )  # fmt: skip
        samples = encoded(networks["encoder"], covers, logo)
        arrays["control_hits"] = control_hits(settings, host, data, samples, secret, run)
    return marked_with_key(settings, model, samples, secret, history, arrays=arrays, networks=networks)


def encoder_builder(settings: BlindWatermarkSettings) -> Callable[[int], keras.Model]:
    """A function that makes the settings' encoder from a seed."""

    def build(seed: int) -> keras.Model:
        return encoder(
            settings.shape, body=settings.body, filters=settings.encoder_filters, downs=settings.downs, seed=seed
        )  # fmt: skip

    return build


def control_hits(
    settings: BlindWatermarkSettings,
    host: keras.Model,
    data: LabelledImages,
    samples: np.ndarray,
    secret: bytes,
    run: Run,
) -> np.ndarray:
    """How many samples each of some hosts answers with its label, that were trained without the key; int64 `[m]`.

    Where the marking goes on from the host's weights, the host itself is the first of them: it learnt for as long as
    it did, and the samples were made against its very weights.

    Args:
      settings: `controls` hosts are trained from scratch.
      host: of the owner.
      data: the owner's training images.
      samples: uint8 `[n, h, w, c]`, the key samples.
      secret: decides their labels.
      run: where and how; each control has a folder of its own below it, and another seed.
    """
    labels, fresh = key_labels(secret, len(samples), settings.classes), replace(settings, from_scratch=True)
    controls = [] if settings.from_scratch else [host]
    for index in range(settings.controls):
        machine = replace(run.child(f"control_{index}"), seed=run.seed + _ANOTHER * (index + 1))
        controls.append(train_with_samples(fresh, host, data, None, secret, machine, stage="control")[0])
    answers = [KerasSuspect("control", control)(as_float(samples)) for control in controls]
    return np.array([np.sum(answered_labels(a, len(samples), settings.classes) == labels) for a in answers], np.int64)
