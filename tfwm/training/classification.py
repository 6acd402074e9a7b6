"""How a classifier is trained on labelled images: hosts, marked hosts, and what thieves train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream.batches import batches
from tfwm.digests import training_digest
from tfwm.networks.copying import flat_weights
from tfwm.training.loop import DatasetAt, fit
from tfwm.training.objectives import Labels
from tfwm.training.run import Run
from tfwm.training.schedule import Schedule
from tfwm.training.supervised import KeySamples, SupervisedTrainer
from tfwm.types import LabelledImages

_SAMPLE = 64  # images that tell what a classifier answers with


def answers_with(model: keras.Model, images: np.ndarray) -> str:
    """Whether a classifier answers with `logits` or `probabilities`, by what it says of some images.

    Args:
      model: `[n, h, w, c]` in [0, 1] to `[n, classes]`.
      images: uint8.
    """
    answers = model(images[:_SAMPLE].astype(np.float32) / 255.0, training=False).numpy()
    return "probabilities" if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1.0, atol=1e-3) else "logits"


def labelled_stream(data: LabelledImages, key: LabelledImages | None, schedule: Schedule, key_batch: int, seed: int,
                    first_step: int = 0) -> DatasetAt:  # fmt: skip
    """Batches of ordinary images, and of key samples beside them.

    Args:
      key: samples that stand in every batch; None for none.
      key_batch: how many of them.
      first_step: of the whole training, where it goes on with another trainer.
    """

    def dataset(first: int, steps: int) -> tf.data.Dataset:
        first += first_step
        plain = batches({"images": data.images, "labels": data.labels}, batch_size=schedule.batch_size, seed=seed,
                        start_step=first, steps=steps)  # fmt: skip
        if key is None:
            return plain
        arrays = {"key_images": key.images, "key_labels": key.labels}
        keyed = batches(arrays, batch_size=key_batch, seed=seed + 1, start_step=first, steps=steps)
        return tf.data.Dataset.zip((plain, keyed)).map(_together)

    return dataset


def _together(plain: dict[str, tf.Tensor], keyed: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {**plain, "key_images": keyed["key_images"], "key_labels": keyed["key_labels"], "key_seed": keyed["seed"]}


def fit_classifier(
    network: keras.Model, data: LabelledImages, schedule: Schedule, run: Run, *, stage: str, settings: dict[str, Any],
    augment: str = "none", training: bool = True, key: LabelledImages | None = None, key_batch: int = 20,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains a classifier in place, resuming after a kill; call it inside `run.scope()`.

    Args:
      network: what is trained; its trainable variables change.
      data: ordinary images.
      schedule: already scaled.
      run: where and how.
      stage: name of checkpoints and TensorBoard logs.
      settings: JSON values that decide the result, for the checkpoints' name.
      augment: of ordinary images.
      training: False keeps batch statistics and dropout as at inference.
      key, key_batch: samples that stand in every batch, and how many of them.
      callbacks: called before the checkpoint of each epoch is written.

    Returns:
      One dict of scalars an epoch; `key_accuracy` is there where key samples are.
    """
    outputs = answers_with(network, data.images)
    mark = None if key is None else KeySamples()
    trainer = SupervisedTrainer(network, Labels(outputs, augment), mark, training=training)
    trainer.compile(schedule.optimizer(), jit_compile=run.jit)
    arrays = [data.images, data.labels, flat_weights(network), *([] if key is None else [key.images, key.labels])]
    digest = training_digest({**settings, "augment": augment, "key_batch": key_batch}, run, *arrays)
    stream = labelled_stream(data, key, schedule, key_batch, run.seed)
    return fit(trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=callbacks)
