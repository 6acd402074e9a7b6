"""What a batch draws, codes and marks, and H on it: what all trainers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf
from tensorflow import keras

from tfwm.data.stream import draws
from tfwm.schemes.deep_watermarking.distortions import distort
from tfwm.schemes.deep_watermarking.networks import carriers
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings

# What is drawn for what; distortions.py has 1 to 5, and overwriting.py 8.
_UNMARKED, _NUMBER, _OVERWRITTEN = 6, 7, 9


class Marker:
    """Draws codes and applies H: the part that all three trainers share.

    Args:
      settings: of the scheme.
      embedder: H.
      mark: `[size, size, c]` float, the owner's logo; of several `[marks, size, size, c]`.
      overwriter: from pictures and seeds to pictures with another mark over theirs; None for none.
    """

    def __init__(
        self, settings: DeepWatermarkingSettings, embedder: keras.Model, mark: tf.Tensor,
        overwriter: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    ):  # fmt: skip
        self.settings, self.embedder, self.mark = settings, embedder, tf.constant(mark)
        self.overwriter = overwriter

    def seen(self, marked: tf.Tensor, batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What R sees of marked images in training: distorted, and of half of the pairs overwritten first.

        Args:
          marked: `[n, size, size, c]`.
          batch: has `outputs` and `seed`.
        """
        marked = tf.cast(marked, tf.float32)
        if self.overwriter is not None:
            over = self.overwriter(marked, batch["seed"])
            marked += self.chosen(batch["seed"], _OVERWRITTEN) * (over - marked)
        return distort(marked, batch["outputs"], batch["seed"], self.settings.distortions)

    def clean(self, batch: Mapping[str, tf.Tensor]) -> list[tf.Tensor]:
        """Sets of images, of equal size, that hold no mark of the owner's: A, B, and B that somebody else marked.

        Args:
          batch: has `inputs`, `outputs` and `seed`.
        """
        stride = self.settings.clean_stride
        sets = [batch["inputs"][::stride], batch["outputs"][stride // 2 :: stride]]
        if self.overwriter is not None:
            sets.append(self.overwriter(batch["outputs"][::stride], batch["seed"][::stride]))
        return sets

    def numbers(self, seeds: tf.Tensor) -> tf.Tensor | None:
        """Which of several marks each image carries, int64 `[n]` from 0, two neighbours the same; None for one mark."""
        if len(self.mark.shape) == 3:
            return None
        drawn = draws.integers(seeds[::2], _NUMBER, ()) % self.mark.shape[0]
        return tf.repeat(drawn, 2)

    def marks(self, numbers: tf.Tensor | None) -> tf.Tensor:
        """The mark of all images `[size, size, c]`, or of each `[n, size, size, c]`.

        Args:
          numbers: of `numbers`.
        """
        return self.mark if numbers is None else tf.gather(self.mark, numbers)

    def labels(self, numbers: tf.Tensor | None, count: tf.Tensor) -> tf.Tensor:
        """What C should say of marked images: 1, or the number of the mark from 1; int64 `[count, 1]`.

        Args:
          numbers: of `numbers`.
          count: of the images.
        """
        return tf.ones((count, 1), tf.int64) if numbers is None else 1 + numbers[:, None]

    def pictures(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What H is given: the host's outputs, or its inputs where H is the host itself; `[n, size, size, c]`.

        Args:
          batch: has `inputs` and `outputs`.
        """
        return batch[self.settings.marked_from]

    def codes(self, seeds: tf.Tensor) -> tf.Tensor | None:
        """Fresh codes of -1 and 1, `[n, k * k]`; neighbours 2i and 2i + 1 share one, for eq. 10."""
        if not self.settings.coded:
            return None
        count = self.settings.cells**2
        return tf.repeat(draws.signs(seeds[::2], 0, (count,)), 2, axis=0)

    def chosen(self, seeds: tf.Tensor, purpose: int = _UNMARKED) -> tf.Tensor:
        """1 for about half of the pairs and 0 for the others, `[n, 1, 1, 1]`, whatever replica they are on.

        Args:
          seeds: int64 `[n, 2]`.
          purpose: what it is drawn for.
        """
        return tf.repeat(0.5 + 0.5 * draws.signs(seeds[::2], purpose, (1, 1, 1)), 2, axis=0)

    def embed(
        self, images: tf.Tensor, codes: tf.Tensor | None, training: bool, numbers: tf.Tensor | None = None
    ) -> tf.Tensor:
        """b' = H(b, mark).

        Args:
          images: `[n, size, size, c]` in [0, 1], of `pictures`.
          codes: `[n, k * k]` of -1 and 1, or None.
          training: whether H uses the batch's statistics.
          numbers: of `numbers`.
        """
        carried = carriers(codes, self.marks(numbers), self.settings.image_size, tf.shape(images)[0])
        return self.embedder(tf.concat([images, carried], axis=-1), training=training)

    def condition(
        self, images: tf.Tensor, codes: tf.Tensor | None, numbers: tf.Tensor | None = None
    ) -> tf.Tensor:  # fmt: skip
        """What tells the proxy which mark to imitate: the code map, or ones, and of several marks the mark itself.

        Args:
          images: `[n, size, size, c]`, as many as the proxy will see.
          codes: `[n, k * k]` of -1 and 1, or None.
          numbers: of `numbers`.

        Returns:
          `[n, size, size, told]`.
        """
        if codes is None and numbers is None:
            return tf.ones_like(images[..., :1])
        mark = None if numbers is None else self.marks(numbers)
        return carriers(codes, mark, self.settings.image_size, tf.shape(images)[0])

    def asked(self, inputs: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """What the proxy sees: the input, and the condition unless it is the paper's plain network.

        Args:
          inputs: `[n, size, size, c]`, the host's.
          condition: of `condition`, or zeros for an unmarked answer.
        """
        return inputs if self.settings.proxy_form == "plain" else tf.concat([inputs, condition], axis=-1)
