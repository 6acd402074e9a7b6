"""From an owner's images to a marked classifier and its key: with an encoder, labels last or as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.evidence.labels import answered_labels
from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.schemes.key_samples.samples import KeySamples, new_samples
from tfwm.schemes.key_samples.settings import EncoderSettings, KeySampleSettings
from tfwm.schemes.key_samples.training import train_with_samples
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

_ANOTHER = 7919  # between the seeds of the owner's host and of his controls


def mark_without_encoder(
    settings: KeySampleSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    """A marked copy of the host whose samples are a function of covers and secret, and its key.

    Args:
      settings: of the scheme.
      host: a classifier; not changed.
      data: the owner's training images, the pool of covers.
      run: where and how.
      secret: 32 bytes.
    """
    logo = settings.logo_pixels()
    asked = new_samples(settings, data, logo, None, secret)
    model, history = train_with_samples(settings, host, data, labelled(settings, asked), run)
    return marked_with_key(settings, model, asked, logo, secret, history)


def mark_with_encoder(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    """A marked copy of the host, and its key with covers, logo and encoder; resumes after a kill.

    Args:
      settings: of the scheme.
      host: a classifier; not changed.
      data: the owner's training images, the pool of covers.
      run: where and how.
      secret: 32 bytes.
    """
    make = _labels_last if settings.labels == "last" else _labels_along
    return make(settings, host, data, run, secret)


def _labels_last(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    logo = settings.logo_pixels()
    encoder, history = train_encoder(settings, settings.new_encoder, data.images, logo, run, secret)
    asked = new_samples(settings, data, logo, encoder, secret)
    model, lines = train_with_samples(settings, host, data, labelled(settings, asked), run)
    return marked_with_key(settings, model, asked, logo, secret, history + lines, encoder=encoder)


def _labels_along(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    logo = settings.logo_pixels()
    covers = labelled(settings, new_samples(settings, data, logo, None, secret))
    model, encoder, history = train_jointly(settings, settings.new_encoder, host, data, covers, logo, run, secret)
    asked = new_samples(settings, data, logo, encoder, secret)
    arrays = {"control_hits": control_hits(settings, host, data, asked, run)}
    return marked_with_key(settings, model, asked, logo, secret, history, arrays=arrays, encoder=encoder)


def control_hits(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, asked: KeySamples, run: Run
) -> np.ndarray:
    """Which samples some hosts answer with their label that were trained without the key; bool `[m, n]`.

    Where the marking goes on from the host's weights, the host itself is the first of them: it learnt for as long as
    it did, and the samples were made against its very weights.

    Args:
      settings: `controls` hosts are trained from scratch.
      host: of the owner.
      data: the owner's training images.
      asked: samples and labels of the key.
      run: where and how; each control has a folder of its own below it, and another seed.
    """
    fresh = replace(settings, from_scratch=True)
    controls = [] if settings.from_scratch else [host]
    for index in range(settings.controls):
        machine = replace(run.child(f"control_{index}"), seed=run.seed + _ANOTHER * (index + 1))
        controls.append(train_with_samples(fresh, host, data, None, machine, stage="control")[0])
    answers = [KerasSuspect("control", control)(as_float(asked.images)) for control in controls]
    return np.stack([answered_labels(a, len(asked.images), settings.classes) == asked.labels for a in answers])


def labelled(settings: KeySampleSettings, asked: KeySamples) -> LabelledImages:
    """Key samples as images with labels.

    Args:
      settings: of the scheme.
      asked: samples and labels.
    """
    return LabelledImages(asked.images, asked.labels, settings.classes)


def marked_with_key(
    settings: KeySampleSettings, model: keras.Model, asked: KeySamples, logo: np.ndarray, secret: bytes,
    history: Sequence[Mapping[str, Any]], *, arrays: Mapping[str, np.ndarray] | None = None,
    encoder: keras.Model | None = None,
) -> MarkedModel:  # fmt: skip
    """The marked model and its key.

    Args:
      settings: of the scheme.
      model: what is deployed.
      asked: the key's samples; their covers are kept, and the samples made again when they are needed.
      logo: uint8 `[h, w, c]`.
      secret: 32 bytes.
      history: of the training.
      arrays: what the key holds beside covers and logo.
      encoder: where the scheme has one.
    """
    kept = {**asked.covers.arrays(), "logo": logo, **(arrays or {})}
    networks = {} if encoder is None else {"encoder": encoder}
    return MarkedModel(model, OwnerKey(settings.name, settings.to_dict(), secret, kept, networks), tuple(history))
