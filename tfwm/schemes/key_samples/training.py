"""What a host is trained with: checks, the copy that learns, and key samples in every batch."""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from tfwm.networks.copying import copy_of, untrained
from tfwm.schemes.key_samples.settings import KeySampleSettings
from tfwm.training import Hints, Run, answers_with, fit_classifier
from tfwm.types import LabelledImages


def check_classifier(settings: KeySampleSettings, host: keras.Model, data: LabelledImages) -> None:
    """Refuses data and hosts that the settings do not describe.

    Args:
      settings: of the scheme.
      host: is asked about some of the data's images.
      data: the owner's.

    Raises:
      ValueError: pictures of another size, other classes, too few images, or a host of another task.
    """
    shape = settings.shape
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
    least = max(settings.samples, settings.ordinary_batch)
    if len(data) < least:
        raise ValueError(
            f"`data` must hold at least {least} images for {settings.samples} samples and batches of "
            f"{settings.ordinary_batch}, got {len(data)}. Use fewer `samples`."
        )
    answers = answers_with(host, data.images)
    if answers != settings.outputs:
        raise ValueError(
            f"`outputs` must say what the host answers with, got {settings.outputs!r} for a host whose answers are "
            f"{answers}. Set outputs={answers!r}, or leave softmax out of the host."
        )


def host_to_train(settings: KeySampleSettings, host: keras.Model, run: Run) -> keras.Model:
    """The copy that learns: untrained, or with the host's weights; call it inside `run.scope()`.

    Args:
      settings: `from_scratch` counts.
      host: not changed.
      run: its seed draws new weights.
    """
    model = untrained(host, seed=run.seed) if settings.from_scratch else copy_of(host)
    model.trainable = True
    return model


def train_with_samples(
    settings: KeySampleSettings, host: keras.Model, data: LabelledImages, key: LabelledImages | None, run: Run, *,
    stage: str = "host", hints: Hints | None = None,
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """The host, trained on its data with samples that do not change, and the history.

    Args:
      settings: of the scheme.
      host: not changed.
      data: the owner's.
      key: the key samples with their secret labels; None trains without any: a control.
      run: where and how.
      stage: name of checkpoints and of the history's lines.
      hints: of the data at labels of the key; None for none.
    """
    with run.scope():
        model = host_to_train(settings, host, run)
        lines = fit_classifier(
            model, data, settings.host.scaled(run.steps_scale), run, stage=stage, settings=settings.to_dict(),
            augment=settings.augment, key=key, key_batch=settings.key_batch,
            margin=settings.margin, hints=hints,
        )  # fmt: skip
    return model, [{"stage": stage, **line} for line in lines]
