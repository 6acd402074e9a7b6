"""From key samples to a marked classifier and its key."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow import keras

from tfwm.data import decode_image, sample_logo, with_channels
from tfwm.data.reading.readers import cover
from tfwm.evidence import statistics
from tfwm.keys import OwnerKey
from tfwm.networks.copying import copy_of, untrained
from tfwm.schemes.key_samples.drawing import key_labels
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, answers_with, fit_classifier
from tfwm.types import LabelledImages, MarkedModel

if TYPE_CHECKING:
    from tfwm.schemes.key_samples.scheme import KeySampleScheme


def check_fit(settings: KeySampleScheme, host: keras.Model, data: LabelledImages) -> None:
    """Refuses data and hosts that the settings do not describe."""
    shape = (settings.image_size, settings.image_size, settings.channels)
    if data.images.shape[1:] != shape or data.classes != settings.classes:
        raise ValueError(
            f"`data` must hold {shape[0]} x {shape[1]} pictures with {shape[2]} channels of {settings.classes} "
            f"classes, got {list(data.images.shape[1:])} and {data.classes} classes. Set `image_size`, `channels` and "
            "`classes` to the data's."
        )
    taken, given = host.input_shape, host.output_shape
    fits = isinstance(taken, tuple) and len(taken) == 4 and all(a in (None, b) for a, b in zip(taken[1:], shape))
    if not fits or not isinstance(given, tuple) or given[1:] != (settings.classes,):
        raise ValueError(
            f"`host` must map pictures {list(shape)} to {settings.classes} scores, got {taken} to {given}. Give a "
            "classifier of this task."
        )
    batch = getattr(settings, "host_rounds", 1) * settings.host.batch_size
    least = max(settings.samples, batch)
    if len(data) < least:
        raise ValueError(
            f"`data` must hold at least {least} images for {settings.samples} samples and batches of {batch}, got "
            f"{len(data)}. Use fewer `samples`."
        )
    answers = answers_with(host, data.images)
    if answers != settings.outputs:
        raise ValueError(
            f"`outputs` must say what the host answers with, got {settings.outputs!r} for a host whose answers are "
            f"{answers}. Set outputs={answers!r}, or leave softmax out of the host."
        )


def host_to_train(settings: KeySampleScheme, host: keras.Model, run: Run) -> keras.Model:
    """The copy that learns: untrained, or with the host's weights; call it inside `run.scope()`."""
    model = untrained(host, seed=run.seed) if settings.from_scratch else copy_of(host)
    model.trainable = True
    return model


def train_host(
    settings: KeySampleScheme, host: keras.Model, data: LabelledImages, samples: np.ndarray | None, secret: bytes,
    run: Run, *, stage: str = "host",
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """The host, trained on its data with samples that do not change, and the history.

    Args:
      samples: uint8 `[n, h, w, c]`; None trains without any: a control.
      secret: decides the labels.
    """
    key = None
    if samples is not None:
        key = LabelledImages(samples, key_labels(secret, len(samples), settings.classes), settings.classes)
    with run.scope():
        model = host_to_train(settings, host, run)
        lines = fit_classifier(
            model, data, settings.host.scaled(run.steps_scale), run, stage=stage, settings=settings.to_dict(),
            augment=settings.augment, key=key, key_batch=settings.key_batch,
        )  # fmt: skip
    return model, [{"stage": stage, **line} for line in lines]


def finished(
    settings: KeySampleScheme, model: keras.Model, samples: np.ndarray, secret: bytes, run: Run,
    history: Sequence[Mapping[str, Any]], *, arrays: Mapping[str, np.ndarray] | None = None,
    networks: Mapping[str, keras.Model] | None = None,
) -> MarkedModel:  # fmt: skip
    """The marked model and its key; says so where the owner could not claim it."""
    held = {"probes": samples, **(arrays or {})}
    key = OwnerKey(settings.name, settings.to_dict(), secret, held, networks or {})
    shortcoming = "" if run.quiet else _shortcoming(settings, model, key)
    if shortcoming:
        print(f"  warning: {shortcoming}", file=sys.stderr)
    return MarkedModel(model, key, tuple(history))


def _shortcoming(settings: KeySampleScheme, model: keras.Model, key: OwnerKey) -> str:
    """Why the owner could not claim even this model; empty where he could."""
    chance, _ = settings.chance(key)
    smallest = statistics.smallest_p_value(len(key.arrays["probes"]), chance)
    # Known when the controls have answered; hours of training are not thrown away for it.
    if smallest > settings.alpha:
        return (
            f"independent models may answer {chance:.0%} of the key samples with their labels, so that no suspect can "
            f"reach alpha {settings.alpha:g} (p = {smallest:.1e} at best). Give more `samples` or `controls`, or a "
            "smaller `host_weight`."
        )
    verdict = settings.verify(KerasSuspect("marked", model), key)
    if verdict.marked and verdict.score >= settings.accuracy_threshold:
        return ""
    return (
        f"the host learnt {verdict.details['hits']:.0f} of {verdict.n} key samples ({verdict.score:.0%}; "
        f"p = {verdict.p_value:.1e}). Give more epochs, fewer `samples`, or a host with more channels."
    )


def load_logo(settings: KeySampleScheme) -> np.ndarray:
    """The logo as uint8 `[size, size, channels]`; what is transparent in it is white.

    Raises:
      FileNotFoundError: there is no such file.
      InvalidImageError: it is no picture.
    """
    side = settings.image_size
    if not settings.logo:
        return with_channels(sample_logo(max(side, 8)), settings.channels)[:side, :side]
    if not Path(settings.logo).is_file():
        raise FileNotFoundError(f"`logo` {settings.logo} is not there. Give a PNG or JPEG file, or leave it out.")
    picture = decode_image(Path(settings.logo).read_bytes(), settings.logo)
    return with_channels(cover(picture, (side, side)), settings.channels)
