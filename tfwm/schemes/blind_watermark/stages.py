"""Training from start to key, labels last or as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from tensorflow import keras

from tfwm.evidence.labels import answered_labels
from tfwm.schemes.blind_watermark.networks import encoder
from tfwm.schemes.key_samples.drawing import chosen_covers, key_labels
from tfwm.schemes.key_samples.encoding import encoded
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.schemes.key_samples.marking import finished, load_logo, train_host
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

if TYPE_CHECKING:
    from tfwm.schemes.blind_watermark.scheme import BlindWatermark

_ANOTHER = 7919  # between the seeds of the owner's host and of his controls


def train(settings: BlindWatermark, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
    """See `KeySampleScheme.train`."""
    covers, logo = chosen_covers(secret, data.images, settings.samples), load_logo(settings)
    arrays, networks = {"covers": covers, "logo": logo}, {}
    if settings.labels == "last":
        networks["encoder"], history = train_encoder(settings, builder(settings), covers, logo, run, secret)
        samples = encoded(networks["encoder"], covers, logo)
        model, lines = train_host(settings, host, data, samples, secret, run)
        history += lines
    else:
        model, networks["encoder"], history = train_jointly(
            settings, builder(settings), host, data, covers, logo, run, secret
        )  # fmt: skip
        samples = encoded(networks["encoder"], covers, logo)
        arrays["control_hits"] = _control_hits(settings, host, data, samples, secret, run)
    return finished(settings, model, samples, secret, run, history, arrays=arrays, networks=networks)


def builder(settings: BlindWatermark) -> Callable[[int], keras.Model]:
    """Makes the encoder from a seed."""

    def build(seed: int) -> keras.Model:
        shape = (settings.image_size, settings.image_size, settings.channels)
        return encoder(
            shape, kind=settings.body, filters=settings.encoder_filters, downs=settings.downs, seed=seed
        )  # fmt: skip

    return build


def _control_hits(
    settings: BlindWatermark, host: keras.Model, data: LabelledImages, samples: np.ndarray, secret: bytes, run: Run
) -> np.ndarray:
    """How many samples each of some hosts answers with its label, that were trained without the key; int64 `[m]`.

    Where the marking goes on from the host's weights, the host itself is the first of them: it learnt for as long as
    it did, and the samples were made against its very weights.
    """
    labels, fresh = key_labels(secret, len(samples), settings.classes), replace(settings, from_scratch=True)
    controls = [] if settings.from_scratch else [host]
    for index in range(settings.controls):
        machine = replace(run.child(f"control_{index}"), seed=run.seed + _ANOTHER * (index + 1))
        controls.append(train_host(fresh, host, data, None, secret, machine, stage="control")[0])
    answers = [KerasSuspect("control", control)(as_float(samples)) for control in controls]
    return np.array([np.sum(answered_labels(a, len(samples), settings.classes) == labels) for a in answers], np.int64)
