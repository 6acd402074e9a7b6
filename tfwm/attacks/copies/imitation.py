"""How a thief trains a network on pairs of images; surrogates, fine-tuning and distillation share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks.copies.losses import LOSSES, Content, content_loss, deceiving_loss, judging_loss
from tfwm.attacks.thief import thief_seed
from tfwm.config import check_range
from tfwm.data.stream.augment import turn_and_enlarge
from tfwm.data.stream.draws import noisy
from tfwm.networks import patch_discriminator
from tfwm.training import NetworkTrainer, Run, Schedule, descend, fit, mean_over_batch, scaled, stream_of

DISCRIMINATOR_FILTERS = 32
AUGMENTATIONS: Mapping[str, Mapping[str, Any]] = {
    "none": {"turn": False},
    "turns": {"turn": True},
    "crops": {"turn": False, "smallest": 0.5},
    "turns_crops": {"turn": True, "smallest": 0.5},
}
"""What happens to an input and its answer alike, by name: mirrors and quarter turns, parts that are enlarged."""


class Imitator(NetworkTrainer):
    """Trains `network` to give the wanted answers, against a discriminator where there is one.

    Args:
      network: `[n, h, w, c]` in [0, 1] to answers of the same kind; its trainable variables are trained.
      content: the loss that pulls towards the answers.
      discriminator: tells answers from outputs; None trains with `content` alone.
      adversarial_weight: of the discriminator's opinion in the network's loss.
      training: False leaves batch statistics and dropout as they are at inference.
      sigma: of fresh noise on the inputs at every step, in grey levels of 255.
      teacher: gives the wanted answers, to the very inputs that the network gets; None takes the batch's.
      augment: one of `AUGMENTATIONS`, of inputs and answers alike; a teacher answers the changed inputs.
    """

    def __init__(
        self, network: keras.Model, content: Content, *, discriminator: keras.Model | None = None,
        adversarial_weight: float = 0.0, training: bool = True, sigma: float = 0.0, teacher: keras.Model | None = None,
        augment: str = "none",
    ):  # fmt: skip
        super().__init__(network, ("loss", "content") + (("adversarial", "discriminator") if discriminator else ()))
        self.discriminator: Any = discriminator
        self._content, self._weight, self._mode = content, adversarial_weight, training
        self._sigma: float = sigma
        self._augment: Mapping[str, Any] = AUGMENTATIONS[augment]
        # In a function, out of sight of Keras: the teacher is no part of the checkpoint.
        self._answer: Any = None if teacher is None else (lambda images: teacher(images, training=False))

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """The network under `optimizer` and, where there is one, the discriminator under `discriminator_optimizer`."""
        if self.discriminator is None:
            return super().trained
        return {**super().trained, "discriminator_optimizer": self.discriminator.trainable_variables}

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"inputs", "answers"}`, without answers where there is a teacher, and `"seed"` for noise."""
        batch = self._augmented(batch)
        inputs = noisy(batch["inputs"], batch["seed"], self._sigma) if self._sigma else batch["inputs"]
        answers = tf.cast(self._answer(inputs), tf.float32) if self._answer else batch["answers"]
        with tf.GradientTape() as tape:
            outputs = tf.cast(self.network(inputs, training=self._mode), tf.float32)
            parts = self._parts(outputs, answers)
            objective = scaled(self.optimizer, mean_over_batch(parts["loss"]))
        descend(self.optimizer, tape, objective, self.network.trainable_variables)
        if self.discriminator is not None:
            parts["discriminator"] = self._judge(answers, tf.stop_gradient(outputs))
        return self.record(parts)

    def _augmented(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The batch with its pictures changed alike."""
        if self._augment == AUGMENTATIONS["none"]:
            return batch
        names = [name for name in ("inputs", "answers") if name in batch]
        changed = turn_and_enlarge(tf.concat([batch[name] for name in names], -1), batch["seed"], **self._augment)
        return {**batch, **dict(zip(names, tf.split(changed, [batch[name].shape[-1] for name in names], -1)))}

    def _parts(self, outputs: tf.Tensor, answers: tf.Tensor) -> dict[str, tf.Tensor]:
        """The network's loss and what it is made of, `[n]` each."""
        content = self._content(outputs, answers)
        if self.discriminator is None:
            return {"loss": content, "content": content}
        adversarial = deceiving_loss(self.discriminator(outputs, training=True))
        return {"loss": content + self._weight * adversarial, "content": content, "adversarial": adversarial}

    def _judge(self, answers: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """One step of the discriminator; its loss, `[n]`."""
        with tf.GradientTape() as tape:
            real, fake = self.discriminator(answers, training=True), self.discriminator(outputs, training=True)
            per_example = judging_loss(real, fake)
            objective = scaled(self.discriminator_optimizer, mean_over_batch(per_example))
        descend(self.discriminator_optimizer, tape, objective, self.discriminator.trainable_variables)
        return per_example


def imitator(
    network: keras.Model, loss: str, *, seed: int, width: int = DISCRIMINATOR_FILTERS, vgg_weights: str = "",
    training: bool = True, sigma: float = 0.0, teacher: keras.Model | None = None, augment: str = "none",
) -> Imitator:  # fmt: skip
    """An uncompiled trainer with the discriminator that `loss` asks for.

    Args:
      network: what is trained.
      loss: one of `losses.LOSSES`.
      seed: of the discriminator's initial weights.
      width: filters of the discriminator's first layer.
      vgg_weights: npz file for a perceptual loss, see `content_loss`.
      training, sigma, teacher, augment: see `Imitator`.
    """
    _, weight = LOSSES[loss]
    channels = network.output_shape[-1]
    # Three layers, as in the authors' code for surrogates; the four of D in tfwm.networks are the owner's.
    judge = patch_discriminator((None, None, channels), filters=width, layers=3, seed=seed) if weight else None
    content = content_loss(loss, vgg_weights)
    return Imitator(
        network, content, discriminator=judge, adversarial_weight=weight, training=training, sigma=sigma,
        teacher=teacher, augment=augment,
    )  # fmt: skip


def train_imitator(
    trainer: Imitator, arrays: Mapping[str, np.ndarray], schedule: Schedule, run: Run, *, stage: str, digest: str,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:  # fmt: skip
    """Compiles and fits with the thief's own order of images, resuming after a kill; call it inside `run.scope()`.

    Args:
      trainer: from `imitator`.
      arrays: uint8 `[n, h, w, c]`: `inputs` and, unless the trainer has a teacher, aligned `answers`.
      schedule: already scaled.
      run: the thief's machine.
      stage: name of checkpoints and TensorBoard logs.
      digest: of everything that the result depends on.
      callbacks: called before the checkpoint of each epoch is written.
    """
    optimizers = {name: schedule.optimizer() for name in trainer.trained}
    trainer.compile(**optimizers, jit_compile=run.jit)
    stream = stream_of(arrays, batch_size=schedule.batch_size, seed=thief_seed(run.seed))
    fit(trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=callbacks)


def check_noise(sigma: float) -> None:
    """Refuses what is no standard deviation of noise on the inputs, in grey levels from 0 to 255.

    Raises:
      ValueError: out of range, or no number.
    """
    check_range("sigma", sigma, 0.0, 255.0, "It is in grey levels of 255: use 25 for a denoiser, 0 for no noise.")


def noise_label(sigma: float) -> str:
    """What the noise on the inputs adds to an attack's label: `, sigma 25`, or nothing where there is none."""
    return f", sigma {sigma:g}" if sigma else ""
