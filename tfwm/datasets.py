"""What hosts learn from: pairs of pictures, or pictures with labels, held as uint8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ImagePairs:
    """Aligned images, for instance rainy inputs and clean targets.

    Args:
      inputs: `[n, height, width, channels]` uint8, what the host receives.
      targets: `[n, height, width, channels]` uint8, what the host should return.
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        for name, images in (("inputs", self.inputs), ("targets", self.targets)):
            _check_images(name, images)
        if self.inputs.shape[:3] != self.targets.shape[:3]:
            raise ValueError(
                f"`inputs` and `targets` must be aligned, got {list(self.inputs.shape)} and "
                f"{list(self.targets.shape)}. Every input needs its own target of the same size."
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, part: slice) -> ImagePairs:
        return ImagePairs(self.inputs[part], self.targets[part])


@dataclass(frozen=True)
class LabelledImages:
    """Images and the class of each.

    Args:
      images: `[n, height, width, channels]` uint8.
      labels: `[n]` whole numbers from 0 to `classes - 1`; kept as int64.
      classes: how many there are, at least 2.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: int

    def __post_init__(self) -> None:
        _check_images("images", self.images)
        labels = np.asarray(self.labels)
        if labels.dtype.kind not in "iu" or labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"`labels` must be whole numbers [{len(self.images)}], one an image, got {labels.dtype} "
                f"{list(labels.shape)}. Take the argmax of one-hot labels."
            )
        if self.classes < 2 or (labels.size and not 0 <= labels.min() <= labels.max() < self.classes):
            span = f"{labels.min()} to {labels.max()}" if labels.size else "none"
            raise ValueError(
                f"`labels` must lie in [0, {self.classes - 1}] for {self.classes} classes, at least 2, got {span}. "
                "Number the classes from 0, or set `classes`."
            )
        object.__setattr__(self, "labels", labels.astype(np.int64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice | np.ndarray) -> LabelledImages:
        return LabelledImages(self.images[part], self.labels[part], self.classes)


def _check_images(name: str, images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(
            f"`{name}` must be uint8 [n, height, width, channels], got {images.dtype} "
            f"{list(images.shape)}. Convert float images with tfwm.data.to_uint8 first."
        )
