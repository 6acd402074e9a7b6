"""From host and data to the model with the barrier behind it, and its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.networks.deployed import clip01
from tfwm.networks.resampling import AddResampled, Resample
from tfwm.schemes.coded_outputs.settings import CodedOutputsSettings
from tfwm.types import ImagePairs


@dataclass(frozen=True)
class Prepared:
    """What a method has made before there is a message.

    Args:
      residual: from a message, float32 `[bits]` of -1 and 1, to a layer or network that gives the residual of pictures
        `[n, s, s, c]`; called outside any strategy scope.
      arrays: for the key, by name.
      networks: for the key, by name.
      history: figures of each epoch.
    """

    residual: Callable[[np.ndarray], Callable[[tf.Tensor], tf.Tensor]]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    networks: Mapping[str, keras.Model] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()


def split(settings: CodedOutputsSettings, data: ImagePairs) -> tuple[ImagePairs, ImagePairs]:
    """Pairs to prepare the mark on, and pairs of which the key keeps the inputs as its probe images.

    Args:
      settings: of the scheme.
      data: the owner's.

    Raises:
      ValueError: pairs of another size, or too few.
    """
    size, probes = settings.image_size, min(settings.probes, len(data) // 4)
    if {data.inputs.shape[1:], data.targets.shape[1:]} != {(size, size, settings.channels)}:
        raise ValueError(
            f"`data` must hold {size} x {size} images with {settings.channels} channels, got inputs "
            f"{list(data.inputs.shape)} and targets {list(data.targets.shape)}. "
            "tfwm.data.sample_patches cuts patches of a size."
        )
    if probes < 2 or len(data) - probes < settings.batch_size:
        raise ValueError(
            f"`data` must hold at least {max(8, settings.batch_size * 4 // 3 + 2)} pairs, got {len(data)}."
        )
    return data[: len(data) - probes], data[len(data) - probes :]


def with_barrier(
    host: keras.Model | None, residual: Callable[[tf.Tensor], tf.Tensor], settings: CodedOutputsSettings
) -> keras.Model:
    """The deployed network: the host, then the residual of a resampled copy, added at full resolution.

    Args:
      host: any-size image -> image network; None for the barrier alone, which marks a data set, or stands behind a
        traditional algorithm.
      residual: of pictures `[n, s, s, c]`.
      settings: of the scheme.
    """
    picture = keras.Input((None, None, settings.channels), name="image")
    output = clip01(host(picture)) if host is not None else picture
    added = residual(Resample(settings.image_size, name="view")(output))
    return keras.Model(picture, AddResampled(name="output")([output, added]), name="network")
