"""Training of classifiers on labelled images: hosts, marked hosts, and the copies that thieves train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.digests import training_digest
from tfwm.networks.copying import flat_weights
from tfwm.training.hints import HintedLabels, Hints
from tfwm.training.loop import DatasetAt, fit, stream_of
from tfwm.training.margin import Margin
from tfwm.training.objectives import Batch, Labels
from tfwm.training.run import Run
from tfwm.training.schedule import Schedule
from tfwm.training.supervised import KeySamples, SupervisedTrainer
from tfwm.types import LabelledImages

_SAMPLE = 64  # images that a classifier is asked for, to learn what it answers with


def answers_with(model: keras.Model, images: np.ndarray) -> str:
    """Finds out what a classifier answers with, by asking it for a few images.

    Args:
      model: from `[n, h, w, c]` in [0, 1] to `[n, classes]`.
      images: uint8 `[n, h, w, c]`, at least one.

    Returns:
      `probabilities` where answers are not negative and add up to 1, else `logits`.
    """
    answers = model(images[:_SAMPLE].astype(np.float32) / 255.0, training=False).numpy()
    return "probabilities" if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1.0, atol=1e-3) else "logits"


def labelled_stream(
    data: LabelledImages, key: LabelledImages | None, *, batch_size: int, key_batch: int, seed: int,
    hints: np.ndarray | None = None,
) -> DatasetAt:  # fmt: skip
    """The training stream of ordinary images and, beside them, key samples, for `fit`.

    Args:
      data: ordinary images.
      key: key samples, of which each batch has some; None for a training without any.
      batch_size: how many ordinary images the global batch has.
      key_batch: how many key samples it has besides.
      seed: of the orders and of the examples' own seeds.
      hints: a second class for each ordinary image, int64 `[n]`; None for none.

    Returns:
      What gives dicts of `images`, `labels` and `seed`, with a key `key_images`, `key_labels` and `key_seed`, and
      `hints` where there are any.
    """

    also = {} if hints is None else {"hints": hints}
    ordinary = stream_of({"images": data.images, "labels": data.labels, **also}, batch_size=batch_size, seed=seed)
    if key is None:
        return ordinary
    secret = stream_of({"images": key.images, "labels": key.labels}, batch_size=key_batch, seed=seed + 1)

    def together(plain: Batch, samples: Batch) -> Batch:
        return {**plain, **{f"key_{name}": values for name, values in samples.items()}}

    return lambda start, steps: tf.data.Dataset.zip((ordinary(start, steps), secret(start, steps))).map(together)


def fit_classifier(
    network: keras.Model, data: LabelledImages, schedule: Schedule, run: Run, *, stage: str, settings: dict[str, Any],
    augment: str = "none", training: bool = True, key: LabelledImages | None = None, key_batch: int = 20,
    margin: Margin | None = None, hints: Hints | None = None, callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains a classifier in place, resuming after a kill; call it inside `run.scope()`.

    Args:
      network: what is trained; its trainable variables change.
      data: ordinary images.
      schedule: used as it is; the scale of steps in `run` is the caller's business.
      run: where and on what the training runs.
      stage: name of checkpoints and TensorBoard logs.
      settings: JSON values that decide the result; other settings do not resume its checkpoints.
      augment: of ordinary images, one of `AUGMENTATIONS`.
      training: False leaves batch statistics and dropout as they are at inference.
      key: key samples, of which each batch has some; None for a training without any.
      key_batch: how many key samples a batch has.
      margin: of the key samples; None shows them only as they are.
      hints: what the images teach beside their classes; None for nothing.
      callbacks: called before the checkpoint of each epoch is written.

    Returns:
      One dict of scalars for each epoch: `loss`, `accuracy` and, with a key, `key_accuracy`.
    """
    outputs = answers_with(network, data.images)
    mark = None if key is None else KeySamples(margin, augment)
    task = Labels(outputs, augment, margin) if hints is None else HintedLabels(outputs, augment, margin, hints.share)
    trainer = SupervisedTrainer(network, task, mark, training=training)
    trainer.compile(schedule.optimizer(), jit_compile=run.jit)
    arrays = [data.images, data.labels, flat_weights(network), *([] if key is None else [key.images, key.labels])]
    arrays += [] if hints is None else [hints.classes]
    decided = {
        **settings,
        "augment": augment,
        "key_batch": key_batch,
        **({"margin": to_dict(margin)} if margin else {}),
        **({"hint": hints.share} if hints else {}),
    }
    digest = training_digest(decided, run, *arrays)
    classes = None if hints is None else hints.classes
    stream = labelled_stream(
        data, key, batch_size=schedule.batch_size, key_batch=key_batch, seed=run.seed, hints=classes
    )
    return fit(trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=callbacks)
