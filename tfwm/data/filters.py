"""Pictures after compression or in another size: what attacks do to them, and readers of a mark reckon with."""

from __future__ import annotations

import io

import numpy as np

from tfwm.data.reading.decode import to_uint8


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """One picture after real JPEG compression, through Pillow with its default chroma subsampling.

    Args:
      image: float `[h, w, 1 or 3]` in [0, 1].
      quality: 1 to 100.

    Returns:
      float32 `[h, w, 1 or 3]`.

    Raises:
      ValueError: another number of channels.
    """
    from PIL import Image

    grey = image.shape[-1] == 1
    if not grey and image.shape[-1] != 3:
        raise ValueError(f"`image` must have 1 or 3 channels for JPEG, got {image.shape[-1]}. Use another attack.")
    pixels, buffer = to_uint8(image), io.BytesIO()
    Image.fromarray(pixels[..., 0] if grey else pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).reshape(image.shape).astype(np.float32) / np.float32(255.0)


def jpegs(images: np.ndarray, quality: int) -> np.ndarray:
    """Every picture after JPEG compression, in a file of its own.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1].
      quality: 1 to 100.
    """
    return np.stack([jpeg(image, quality) for image in images])


def shrunk(images: np.ndarray, factor: float) -> np.ndarray:
    """Pictures that were made smaller and enlarged again, both bicubic.

    Args:
      images: float `[n, h, w, c]`.
      factor: of each side while they are small, above 0 and below 1.
    """
    size = images.shape[1:3]
    small = (max(1, round(factor * size[0])), max(1, round(factor * size[1])))
    return resized(resized(images, small), size)


def resized(images: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Pictures of another size, bicubic and antialiased.

    Args:
      images: float `[n, h, w, c]`.
      size: the new height and width.
    """
    import tensorflow as tf

    return tf.image.resize(images, size, "bicubic", antialias=True).numpy()
