"""How a classifier is trained: hosts, marked hosts, and what thieves train share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import choose
from tfwm.data.stream.augment import crop_and_flip
from tfwm.data.stream.batches import batches
from tfwm.digests import training_digest
from tfwm.training.loop import DatasetAt, descend, fit, mean_over_batch, scaled
from tfwm.training.metered import Metered
from tfwm.training.run import Run
from tfwm.training.schedule import Schedule
from tfwm.types import LabelledImages

OUTPUTS = {"logits": True, "probabilities": False}
AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "crop_flip": {}, "crop": {"flip": False}, "none": {"pad": 0, "flip": False},
}  # fmt: skip
_SAMPLE = 64


def cross_entropy(answers: tf.Tensor, labels: tf.Tensor, outputs: str = "logits") -> tf.Tensor:
    """-log of the probability that each answer gives its label, `[n]`.

    Args:
      answers: `[n, classes]`.
      labels: `[n]` whole numbers.
      outputs: what the answers are: `logits` or `probabilities`.

    Paper: Li et al. 2019, eq. 13; Li and Guo 2019, eq. 8.
    """
    from_logits = choose("kind of outputs", outputs, OUTPUTS)
    return keras.losses.sparse_categorical_crossentropy(labels, tf.cast(answers, tf.float32), from_logits=from_logits)


def answers_with(model: keras.Model, images: np.ndarray) -> str:
    """Whether a classifier answers with `logits` or `probabilities`, by what it says of some images.

    Args:
      model: `[n, h, w, c]` in [0, 1] to `[n, classes]`.
      images: uint8.
    """
    answers = model(images[:_SAMPLE].astype(np.float32) / 255.0, training=False).numpy()
    return "probabilities" if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1.0, atol=1e-3) else "logits"


def classifier_step(
    network: keras.Model, optimizer: Any, images: tf.Tensor, labels: tf.Tensor, *, outputs: str, training: bool = True
) -> tuple[tf.Tensor, tf.Tensor]:
    """One descent on a batch; the losses and which answers were right, both float `[n]`."""
    with tf.GradientTape() as tape:
        answers = tf.cast(network(images, training=training), tf.float32)
        losses = cross_entropy(answers, labels, outputs)
        objective = scaled(optimizer, mean_over_batch(losses))
    descend(optimizer, tape, objective, network.trainable_variables)
    return losses, tf.cast(tf.argmax(answers, axis=1) == labels, tf.float32)


class ClassifierTrainer(Metered):
    """Images to labels under cross entropy; with key samples, on both at once.

    Args:
      network: `[n, h, w, c]` in [0, 1] to `[n, classes]`.
      outputs: `logits` or `probabilities`.
      augment: one of `AUGMENTATIONS`, for ordinary images; key samples are never changed.
      training: False leaves batch statistics and dropout as they are at inference.
    """

    def __init__(self, network: keras.Model, *, outputs: str = "logits", augment: str = "none", training: bool = True):
        super().__init__(("loss", "accuracy", "key_accuracy"))
        self.network, self._outputs, self._mode = network, outputs, training
        self._augment = choose("augmentation", augment, AUGMENTATIONS)

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.network.trainable_variables)

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"images", "labels", "seed"}`, and `"key_images"`, `"key_labels"` where there are some."""
        return self.classify(batch, batch.get("key_images"), batch.get("key_labels"))

    def classify(
        self, batch: dict[str, tf.Tensor], key_images: tf.Tensor | None, key_labels: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Descends on ordinary images and key samples together."""
        images, labels = crop_and_flip(batch["images"], batch["seed"], **self._augment), batch["labels"]
        count = tf.shape(labels)[0]
        if key_images is not None:
            images, labels = tf.concat([images, key_images], 0), tf.concat([labels, key_labels], 0)
        losses, right = classifier_step(
            self.network, self.optimizer, images, labels, outputs=self._outputs, training=self._mode
        )
        figures = {"loss": losses, "accuracy": right[:count]}
        return self.record(figures if key_images is None else {**figures, "key_accuracy": right[count:]})


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
    trainer = ClassifierTrainer(network, outputs=outputs, augment=augment, training=training)
    trainer.compile(schedule.optimizer(), jit_compile=run.jit)
    start = np.concatenate([np.ravel(value).astype(np.float32) for value in network.get_weights()])
    arrays = [data.images, data.labels, start, *([] if key is None else [key.images, key.labels])]
    digest = training_digest({**settings, "augment": augment, "key_batch": key_batch}, run, *arrays)
    stream = labelled_stream(data, key, schedule, key_batch, run.seed)
    lines = fit(trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=callbacks)
    return lines if key is not None else [{n: v for n, v in line.items() if n != "key_accuracy"} for line in lines]
