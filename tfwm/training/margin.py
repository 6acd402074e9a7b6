"""The margin of key samples: what else carries a sample's label, beside the sample itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from tfwm.config import check_range, check_whole
from tfwm.data.stream.draws import integers
from tfwm.data.stream.neighbours import copies_of, neighbours

_ORDINARY = 71  # a purpose that nothing else draws for


@dataclass(frozen=True)
class Margin:
    """How far around each key sample its label reaches: the host is shown changed copies with the same label.

    Whoever serves a stolen classifier can move, turn, shrink or soften every request at no cost, or answer with the
    mean over several such versions. A label that the host learnt for a single point is gone by then; one that it
    learnt for the neighbourhood stays. Half of the ordinary images are changed alike, with their own classes: else the
    host would take the changes for the sign of a key sample, and be wrong about every ordinary picture with one.

    Args:
      copies: changed copies of each key sample in a batch, drawn afresh in every step, beside the sample as it is; 0
        shows samples only as they are, and the other fields do not count.
      shift: the largest move each way in pixels.
      turn: the largest turn either way in degrees, up to 180.
      zoom: the largest change of size, 0 to 0.5.
      soften: how far a copy may go towards itself at half size and back, 0 to 1.
      light: the largest change of brightness, and of contrast, 0 to 0.5.
      noise: the largest standard deviation of white noise, in grey levels of 255, 0 to 64.

    Raises:
      ValueError: a value out of its range.

    Paper: Kim et al. 2023, "Margin-based neural network watermarking", shows that samples with a margin outlast
    extraction and tuning; there the neighbourhood is a small ball, in which the worst point is sought by ascent.
    """

    copies: int = 0
    shift: int = 4
    turn: float = 10.0
    zoom: float = 0.1
    soften: float = 1.0
    light: float = 0.1
    noise: float = 8.0

    def __post_init__(self) -> None:
        check_whole("copies", self.copies, 0, 64, "Use 3, or 0 for none.")
        check_whole("shift", self.shift, 0, 64, "It is in pixels: use 4 where the host's own pictures are moved so.")
        check_range("turn", self.turn, 0.0, 180.0, "It is in degrees: use 10.")
        for name, most in (("zoom", 0.5), ("soften", 1.0), ("light", 0.5), ("noise", 64.0)):
            check_range(name, getattr(self, name), 0.0, most, "Use 0 to leave this change out.")

    def check_size(self, size: int) -> None:
        """Refuses pictures that are too small to be moved so far.

        Args:
          size: height and width of the pictures in pixels.

        Raises:
          ValueError: `shift` is not below the size.
        """
        if self.copies and self.shift >= size:
            raise ValueError(f"`margin.shift` must be below the pictures' {size} pixels, got {self.shift}. Use 1 to 4.")

    def shown(
        self, images: tf.Tensor, labels: tf.Tensor, seeds: tf.Tensor, *, mirror: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Key samples as they are and, behind them, `copies` changed versions of each, with their labels.

        Args:
          images: float `[n, height, width, channels]` in [0, 1], of a static size.
          labels: `[n]`.
          seeds: int64 `[n, 2]`, one a sample; what a copy becomes is a function of its sample's seed alone.
          mirror: half of the copies are mirrored from left to right; for tasks whose classes a mirror leaves alone.

        Returns:
          Images `[(1 + copies) * n, ...]` and labels of that length.
        """
        if not self.copies:
            return images, labels
        many, their_seeds = tf.tile(images, [self.copies, 1, 1, 1]), copies_of(seeds, self.copies)
        near = neighbours(many, their_seeds, mirror=mirror, **self._changes())
        return tf.concat([images, near], 0), tf.tile(labels, [self.copies + 1])

    def among_ordinary(self, images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Ordinary images, of which half are changed as copies of key samples are, but for mirrors.

        Args:
          images: float `[n, height, width, channels]` in [0, 1], of a static size.
          seeds: int64 `[n, 2]`, one an image.

        Returns:
          Images of the same type and shape; as they came where there are no copies.
        """
        if not self.copies:
            return images
        near = neighbours(images, copies_of(seeds, 1), mirror=False, **self._changes())
        return tf.where(integers(seeds, _ORDINARY, (1, 1, 1)) < 0, near, images)

    def _changes(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "copies"}
