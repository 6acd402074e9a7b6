"""From an owner's images to a marked classifier and its key: with an encoder, labels last or as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey
from tfwm.schemes.key_samples.controls import check_controls, control_arrays
from tfwm.schemes.key_samples.hints import hints_of
from tfwm.schemes.key_samples.joint import train_encoder, train_jointly
from tfwm.schemes.key_samples.samples import KeySamples, new_samples
from tfwm.schemes.key_samples.settings import EncoderSettings, KeySampleSettings
from tfwm.schemes.key_samples.training import train_with_samples
from tfwm.training import Hints, Run
from tfwm.types import LabelledImages, MarkedModel


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
    model, history = _trained(settings, host, data, asked, run)
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
    model, lines = _trained(settings, host, data, asked, run)
    return marked_with_key(settings, model, asked, logo, secret, history + lines, encoder=encoder)


def _labels_along(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    check_controls(settings)
    logo = settings.logo_pixels()
    covers = labelled(settings, new_samples(settings, data, logo, None, secret))
    model, encoder, history = train_jointly(settings, settings.new_encoder, host, data, covers, logo, run, secret)
    asked = new_samples(settings, data, logo, encoder, secret)
    arrays = control_arrays(settings, host, data, asked, run)
    return marked_with_key(settings, model, asked, logo, secret, history, arrays=arrays, encoder=encoder)


def _trained(
    settings: KeySampleSettings, host: keras.Model, data: LabelledImages, asked: KeySamples, run: Run
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """The host that has learnt the samples, and the history."""
    hints = Hints(settings.hint, hints_of(data, asked)) if settings.hint else None
    return train_with_samples(settings, host, data, labelled(settings, asked), run, hints=hints)


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
