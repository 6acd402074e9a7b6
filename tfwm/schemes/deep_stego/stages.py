"""Training from start to key: stego-model, discriminator and host in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tensorflow import keras

from tfwm.schemes.deep_stego.networks import stego_model
from tfwm.schemes.key_samples.drawing import chosen_covers
from tfwm.schemes.key_samples.encoding import encoded
from tfwm.schemes.key_samples.joint import train_jointly
from tfwm.schemes.key_samples.marking import finished, load_logo
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel

if TYPE_CHECKING:
    from tfwm.schemes.deep_stego.scheme import DeepStego


def train(settings: DeepStego, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
    """See `KeySampleScheme.train`."""
    covers, logo = chosen_covers(secret, data.images, settings.samples), load_logo(settings)
    model, encoder, history = train_jointly(settings, builder(settings), host, data, covers, logo, run, secret)
    samples = encoded(encoder, covers, logo)
    arrays, networks = {"covers": covers, "logo": logo}, {"encoder": encoder}
    return finished(settings, model, samples, secret, run, history, arrays=arrays, networks=networks)


def builder(settings: DeepStego) -> Callable[[int], keras.Model]:
    """Makes the stego-model from a seed."""

    def build(seed: int) -> keras.Model:
        shape = (settings.image_size, settings.image_size, settings.channels)
        return stego_model(shape, filters=settings.encoder_filters, blocks=settings.blocks, seed=seed)

    return build


def alone(settings: DeepStego) -> DeepStego:
    """The settings with an encoder stage as long as the host's: what somebody has who trains no host beside it."""
    host = settings.host
    schedule = replace(
        settings.encoder, epochs=host.epochs, steps_per_epoch=host.steps_per_epoch, batch_size=settings.key_batch
    )
    return replace(settings, encoder=schedule)
