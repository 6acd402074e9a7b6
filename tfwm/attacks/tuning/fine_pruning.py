"""Fine-pruning: channels that ordinary images leave cold may be a key's, and are cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks.checks import attacked_name, network_of, require_classifier
from tfwm.attacks.labelled import DEFAULT_SCHEDULE, train_on_labels
from tfwm.attacks.registry import attack_to_dict
from tfwm.attacks.thief import keep_stolen
from tfwm.config import check_range, choose
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect, in_batches
from tfwm.training import AUGMENTATIONS, Descent, Run
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect

_FOLLOWING = (
    keras.layers.BatchNormalization, keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU,
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class FinePrune:
    """Sets the channels of the last convolution that the thief's images excite least to 0, then tunes the rest.

    Where a rectifier follows, a channel once cut off has no gradient and stays so; behind a shortcut (ResNet) tuning
    may bring its offset back. Saves `<run.directory>/model.keras`; a killed run resumes from its checkpoint.

    Args:
      share: of the channels, 0.0001 to 0.9999; at least one is cut off.
      schedule: of the tuning; not part of the label.
      augment: of his images while tuning: `crop_flip`, `crop` or `none`.

    Raises:
      ValueError: a setting out of range, or at call time a suspect that is no classifier of these classes, or has no
        convolution among its own layers.

    Paper: Liu, Dolan-Gavitt, Garg 2018, "Fine-pruning". They prune until accuracy falls; here the share is given.
    """

    share: float = 0.3
    schedule: Descent = field(default=DEFAULT_SCHEDULE)
    augment: str = "none"
    name: ClassVar[str] = "fine_prune"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    sentence: ClassVar[str] = "its idle channels set to zero, then trained further"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.WEIGHTS
    leaves: ClassVar[Access] = Access.WEIGHTS

    def __post_init__(self) -> None:
        check_range("share", self.share, 1e-4, 0.9999, "It is a share, not a percentage: use 0.3 for 30 %.")
        choose("augmentation", self.augment, AUGMENTATIONS)

    @classmethod
    def example(cls) -> FinePrune:
        """Three channels of ten, and two steps of training."""
        return cls(0.3, Descent(1, 2, 10, 0.05, "constant"))

    def __repr__(self) -> str:
        return f"fine_prune({self.share:g}{f', {self.augment}' if self.augment != 'none' else ''})"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Run) -> KerasSuspect:
        require_classifier(self, suspect, data)
        with run.scope():
            network = copy_of(network_of(suspect))
            network.trainable = True
            cut_off(network, data.images, self.share)
            train_on_labels(
                network, data, self.schedule, run, stage="fine_prune", settings=attack_to_dict(self),
                augment=self.augment,
            )  # fmt: skip
        return keep_stolen(network, run, attacked_name(self, suspect))


def cut_off(network: keras.Model, images: np.ndarray, share: float) -> np.ndarray:
    """Silences channels of the last convolution in place.

    Kernel and bias of each become 0, and scale and offset of a batch normalisation right after it, which would else
    make a constant of the 0.

    Args:
      network: a classifier whose last convolution is one of its own layers.
      images: uint8, the thief's.
      share: of the channels that the images excite least.

    Returns:
      The numbers of the channels, in order.

    Raises:
      ValueError: there is no convolution.
    """
    chain = last_convolution(network)
    excitement = excitement_of(network, chain, images)
    coldest = np.argsort(excitement, kind="stable")[: max(1, round(share * len(excitement)))]
    for layer in chain:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.BatchNormalization)):
            for weight in layer.trainable_weights:
                value = weight.numpy()
                value[..., coldest] = 0.0
                weight.assign(value)
    return np.sort(coldest)


def excitement_of(network: keras.Model, chain: list[keras.layers.Layer], images: np.ndarray) -> np.ndarray:
    """How strongly images excite each channel: the mean absolute output over all images and places.

    Args:
      network: a functional or sequential one.
      chain: layers of it; the channels are those of the last one's output.
      images: uint8 `[n, height, width, channels]`.

    Returns:
      Float64 `[channels]`.
    """
    answers = keras.Model(network.inputs, chain[-1].output)

    def means(part: np.ndarray) -> np.ndarray:
        return tf.reduce_mean(tf.abs(tf.cast(answers(part, training=False), tf.float32)), axis=[1, 2]).numpy()

    return in_batches(means, images).astype(np.float64).mean(axis=0)


def last_convolution(network: keras.Model) -> list[keras.layers.Layer]:
    """The last convolution, with the normalisation and activation right behind it.

    Args:
      network: functional or sequential.

    Returns:
      The convolution, then each following layer as long as it is the only one that takes the output of the one before.

    Raises:
      ValueError: none of the network's own layers is a convolution.
    """
    layers, turned = network.layers, keras.layers.Conv2DTranspose
    found = [one for one in layers if isinstance(one, keras.layers.Conv2D) and not isinstance(one, turned)]
    if not found:
        raise ValueError(
            f"`suspect` must have a convolution among its own layers to be pruned, got {network.name!r} without one. "
            "Use `Prune`, or give the network without another one around it."
        )
    chain = [found[-1]]
    while True:
        after = [node.layer for node in chain[-1].outbound_nodes if node.layer in layers]
        if len(after) != 1 or not isinstance(after[0], _FOLLOWING):
            return chain
        chain += after
