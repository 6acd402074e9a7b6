"""Fine-tuning a host on its own data and on secret images at once (Quan et al. 2020, eq. 4 to 7).

What `trigger_image` and the paper's two baselines have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.digests import training_digest
from tfwm.keys import derive
from tfwm.networks.copying import copy_of, flat_weights
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.suspects import as_float
from tfwm.training import Mark, Pixels, Run, SupervisedTrainer, Triggers, fit, stream_of
from tfwm.types import ImagePairs

MarkLoss = Callable[[tf.Tensor], tf.Tensor]
"""From the host's answers to the triggers to one loss per trigger."""


def check_restorer(settings: TriggerSettings, host: keras.Model, data: ImagePairs) -> None:
    """Refuses data and hosts that the settings do not describe.

    Args:
      settings: say which size and channels the pictures have.
      host: shall map such pictures to pictures of their size.
      data: the owner's pairs, `[n, image_size, image_size, channels]`.

    Raises:
      ValueError: they do not fit.
    """
    size, channels = settings.image_size, settings.channels
    if {data.inputs.shape[1:], data.targets.shape[1:]} != {(size, size, channels)}:
        raise ValueError(
            f"`data` must hold {size} x {size} images with {channels} channels, got inputs {list(data.inputs.shape)} "
            f"and targets {list(data.targets.shape)}. tfwm.data.sample_patches cuts patches of a size."
        )
    shapes = (host.input_shape, host.output_shape)
    images = all(isinstance(shape, tuple) and len(shape) == 4 and shape[-1] == channels for shape in shapes)
    if not images or tuple(host.compute_output_shape((1, size, size, channels)))[1:3] != (size, size):
        raise ValueError(
            f"`host` must map images of {channels} channels to images of the same size, got {shapes[0]} to "
            f"{shapes[1]}. Set `channels` to the host's; enlarge pictures before a super-resolution network, not in it."
        )


def embed(
    settings: TriggerSettings, host: keras.Model, data: ImagePairs, run: Run, asked: np.ndarray, mark_loss: MarkLoss,
    secret: bytes, values: int = 0,
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """Fine-tunes a copy of the host on its own task and on secret images at once (eq. 4); resumes after a kill.

    Args:
      settings: of the scheme, which may have fields of its own besides.
      host: not changed.
      data: the owner's pairs.
      run: where and how.
      asked: uint8 triggers `[t, H, W, c]`.
      mark_loss: from the answers to the triggers, float32 `[t * copies, H, W, c]`, to one loss for each.
      secret: names the checkpoints: those of another key are no start for this one.
      values: over how many the mark's loss is a sum; 0 stands for all pixels of the triggers.

    Returns:
      The fine-tuned copy, and one dict of scalars an epoch.

    Raises:
      ValueError: data or a host that do not fit the settings.
    """

    def mark() -> Mark:
        _check_mixed(settings, data, asked, tf.distribute.get_strategy().num_replicas_in_sync)
        return Triggers(
            as_float(asked), mark_loss, strength=settings.strength, copies=settings.copies, flatness=settings.flatness
        )

    return teach(settings, host, data, run, mark, secret, values or asked.size)


def teach(
    settings: TriggerSettings, host: keras.Model, data: ImagePairs, run: Run, mark: Callable[[], Mark], secret: bytes,
    values: int,
) -> tuple[keras.Model, list[dict[str, Any]]]:  # fmt: skip
    """Fine-tunes a copy of the host on its own task and on a mark at once; resumes after a kill.

    Args:
      settings: of the scheme.
      host: not changed.
      data: the owner's pairs.
      run: where and how.
      mark: makes it; called in the run's scope.
      secret: names the checkpoints.
      values: over how many the mark's loss is a sum.

    Returns:
      The fine-tuned copy, and one dict of scalars an epoch.

    Raises:
      ValueError: data or a host that do not fit the settings.
    """
    check_restorer(settings, host, data)
    schedule = settings.embedding.scaled(run.steps_scale)
    start = flat_weights(host)
    mine = np.frombuffer(derive(secret, "embedding/checkpoints", 8), np.uint8)
    digest = training_digest(to_dict(settings), run, data.inputs, data.targets, start, mine)
    with run.scope():
        learnt = mark()
        model = copy_of(host)
        model.trainable = True
        task = Pixels("half_squares", settings.sigma)
        trainer = SupervisedTrainer(model, task, learnt, training=settings.batch_statistics == "mixed")
        trainer.compile(schedule.optimizer(), jit_compile=run.jit)
        arrays = {"inputs": data.inputs, "targets": data.targets}
        stream = stream_of(arrays, batch_size=schedule.batch_size, seed=run.seed)
        lines = fit(trainer, stream, schedule, run, stage="embedding", digest=digest,
                    enough=lambda line: line["mark"] <= settings.stop_at**2 * values)  # fmt: skip
    return model, [{"stage": "embedding", **line} for line in lines]


def _check_mixed(settings: TriggerSettings, data: ImagePairs, asked: np.ndarray, replicas: int) -> None:
    if settings.batch_statistics == "mixed" and (replicas > 1 or asked.shape[1:] != data.inputs.shape[1:]):
        raise ValueError(
            f"`batch_statistics` of mixed needs one replica and triggers of the patches' size, got {replicas} "
            f"replicas, triggers {list(asked.shape[1:])} and patches {list(data.inputs.shape[1:])}. Use fixed ones."
        )


def repeated(wanted: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """What is wanted of each trigger, as often as it stands in the batch.

    Args:
      wanted: `[t, ...]`, one a trigger.
      answers: `[t * copies, ...]`, those to the copies of a trigger one after the other.

    Returns:
      `[t * copies, ...]`.
    """
    return tf.repeat(wanted, tf.shape(answers)[0] // tf.shape(wanted)[0], axis=0)
