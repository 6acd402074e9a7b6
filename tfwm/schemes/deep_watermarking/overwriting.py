"""The network that overwrites marks in training: an H of many drawings, so that R reads the owner's below any of them.

It is H of a multiple-watermark training (section 3.4.5) of its own, with an R and a D that nobody needs afterwards.

Paper: section 4.5. Deviation: it stands between H and R in the adversarial stage too, where R would forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream import draws
from tfwm.schemes.deep_watermarking.networks import carriers
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings

_NUMBER = 8  # what the number of a drawing is drawn for
S = DeepWatermarkingSettings


@dataclass(frozen=True)
class Overwriter:
    """Hides a drawing in each picture, whatever is hidden there already.

    Args:
      embedder: a trained H.
      marks: float `[marks, size, size, c]`.
    """

    embedder: keras.Model
    marks: tf.Tensor

    def __call__(self, images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Pictures with another mark over theirs.

        Args:
          images: `[n, size, size, c]` in [0, 1].
          seeds: int64 `[n, 2]`; which drawing an image gets depends on its own seed only.
        """
        numbers = draws.integers(seeds, _NUMBER, ()) % self.marks.shape[0]
        carried = carriers(None, tf.gather(self.marks, numbers), self.marks.shape[1], tf.shape(images)[0])
        return tf.cast(self.embedder(tf.concat([images, carried], axis=-1), training=False), tf.float32)


def overwriter_settings(settings: DeepWatermarkingSettings) -> DeepWatermarkingSettings:
    """As the owner's, with drawings for marks, no code, and nothing between H and R.

    Args:
      settings: the owner's; `overwriting` says how many drawings.
    """
    first, *others = (f"drawing:{number}" for number in range(settings.overwriting))
    return replace(
        DeepWatermarkingSettings(), **{name: getattr(settings, name) for name in _SHARED},
        logo=first, logos=tuple(others), mark_channels=settings.mark_depth, max_blank_nc=1.0, proxy_form="conditioned",
        clean_outputs=False, controls=1, alpha=0.5,
    )  # fmt: skip


_SHARED = (
    "image_size", "channels", "embedder_filters", "embedder_downs", "embedder_normalization", "residual_scale",
    "extractor_channels", "extractor_blocks", "extractor_decoder_normalization", "discriminator_filters",
    "classifier_filters", "proxy_filters", "proxy_downs", "extracting_weight", "pixel_weight", "perceptual_weight",
    "adversarial_weight", "reconstruction_weight", "clean_weight", "consistency_weight", "adversarial_form",
    "ramp_start", "ramp_end", "ramp_floor", "clean_stride", "initial", "extractor_patience", "validation",
    "vgg_weights",
)  # fmt: skip
