"""Pictures that hold an input and its target side by side, and pairs made of them."""

from __future__ import annotations

import numpy as np

from tfwm.data.reading.decode import InvalidImageError
from tfwm.types import ImagePairs


def split_pair(image: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Cuts a picture into its left half, the input, and its right half, the target.

    Args:
      image: `[height, width, channels]`.
      name: what the picture is called in messages.

    Returns:
      Two views of `[height, width / 2, channels]`.

    Raises:
      InvalidImageError: the width is odd, so it cannot be two pictures of one size.
    """
    half, odd = divmod(image.shape[1], 2)
    if odd:
        raise InvalidImageError(name, f"an odd width of {image.shape[1]} pixels, so not [input | target]")
    return image[:, :half], image[:, half:]


def stack_pairs(halves: list[tuple[np.ndarray, np.ndarray]], names: tuple[str, ...]) -> ImagePairs:
    """Makes ImagePairs of single pairs.

    Args:
      halves: (input, target) pictures, uint8 `[height, width, channels]` each, at least one pair.
      names: one for each pair, for messages.

    Raises:
      ValueError: they do not share one size; the message names the first that differs.
    """
    first = [side.shape for side in halves[0]]
    for name, sides in zip(names, halves):
        if [side.shape for side in sides] != first:
            raise ValueError(
                f"All pairs must share one size, got {[list(side.shape) for side in sides]} in `{name}` and "
                f"{[list(side) for side in first]} in `{names[0]}`. Resize them, or keep one size in a file or folder."
            )
    return ImagePairs(np.stack([left for left, _ in halves]), np.stack([right for _, right in halves]))
