"""What a thief's network minimises: one value for each example, averaged by `tfwm.training.mean_over_batch`."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from tfwm.config import choose
from tfwm.networks.vgg import vgg_features
from tfwm.training.objectives import PIXEL_LOSSES

Content = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From (outputs, answers), `[n, h, w, c]` each, to one value per example."""

LOSSES: dict[str, tuple[str, float]] = {
    "l1": ("l1", 0.0),
    "l2": ("l2", 0.0),
    "l1+adversarial": ("l1", 0.005),
    "l2+adversarial": ("l2", 0.0025),
    "perceptual+adversarial": ("perceptual", 0.01),
}
"""Name -> content loss and weight of the adversarial one.

The authors weigh 100 : 1 on images in [-1, 1], where L1 is twice and L2 four times as large as here.

Paper: Zhang et al. 2021, section 4.3 and table 2; the weights from DeblurGAN, whose code the authors use.
"""


def deceiving_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """What the network minimises: mean -log D(output) over the patches, `[n]`."""
    return _per_example(tf.nn.softplus(-fake_logits))


def judging_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """What the discriminator minimises: mean of -log D(answer) and -log(1 - D(output)), `[n]`.

    Args:
      real_logits: of the discriminator for wanted answers, `[n, h, w, 1]`, one a patch.
      fake_logits: for the network's outputs.
    """
    return 0.5 * (_per_example(tf.nn.softplus(-real_logits)) + _per_example(tf.nn.softplus(fake_logits)))


def check_loss(name: str) -> None:
    """Refuses a loss that is not in `LOSSES`.

    Raises:
      ValueError: the message names the closest one.
    """
    choose("loss", name, LOSSES)


def content_loss(name: str, vgg_weights: str = "") -> Content:
    """The part of a loss that compares outputs with answers.

    Args:
      name: one of `LOSSES`.
      vgg_weights: npz file with VGG19's weights, for the perceptual one; empty asks keras.applications.

    Raises:
      ValueError: an unknown name.
    """
    kind, _ = choose("loss", name, LOSSES)
    if kind == "perceptual":
        features = vgg_features(vgg_weights)
        return lambda outputs, answers: _per_example(tf.square(features(outputs) - features(answers)))
    return PIXEL_LOSSES[kind]


def _per_example(values: tf.Tensor) -> tf.Tensor:
    """The mean of all values of each example, float32 `[n]`."""
    return tf.reduce_mean(tf.cast(values, tf.float32), axis=list(range(1, len(values.shape))))
