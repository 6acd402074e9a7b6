"""Training from start to key: stego-model, discriminator and host in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tensorflow import keras

from tfwm.schemes.deep_stego.networks import stego_model
from tfwm.schemes.deep_stego.settings import DeepStegoSettings
from tfwm.schemes.key_samples.drawing import chosen_covers
from tfwm.schemes.key_samples.joint import train_jointly
from tfwm.schemes.key_samples.networks import encoded
from tfwm.schemes.key_samples.training import marked_with_key
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

S = TypeVar("S", bound=DeepStegoSettings)


def train_deep_stego(
    settings: DeepStegoSettings, host: keras.Model, data: LabelledImages, run: Run, secret: bytes
) -> MarkedModel:
    """A marked copy of the host, and its key with samples, covers, logo and stego-model; resumes after a kill.

    Args:
      settings: of the scheme.
      host: a classifier; not changed.
      data: the owner's training images.
      run: where and how.
      secret: 32 bytes.
    """
    covers, logo = chosen_covers(secret, data.images, settings.samples), settings.logo_pixels()
    model, encoder, history = train_jointly(settings, stego_builder(settings), host, data, covers, logo, run, secret)
    samples = encoded(encoder, covers, logo)
    arrays, networks = {"covers": covers, "logo": logo}, {"encoder": encoder}
    return marked_with_key(settings, model, samples, secret, history, arrays=arrays, networks=networks)


def stego_builder(settings: DeepStegoSettings) -> Callable[[int], keras.Model]:
    """A function that makes the settings' stego-model from a seed."""

    def build(seed: int) -> keras.Model:
        return stego_model(settings.shape, filters=settings.encoder_filters, blocks=settings.blocks, seed=seed)

    return build


def without_host(settings: S) -> S:
    """The settings for a stego-model that is trained alone, in as many steps as beside a host.

    A stranger who rebuilds the owner's stego-model trains it like this.
    """
    host = settings.host
    schedule = replace(
        settings.encoder, epochs=host.epochs, steps_per_epoch=host.steps_per_epoch, batch_size=settings.key_batch
    )
    return replace(settings, encoder=schedule)
