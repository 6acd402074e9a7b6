"""What a PNG or JPEG file says of its picture, read inside a graph: how it is turned, whether one sees through it."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

UPRIGHT = 1
_PAD = 16  # zeros behind the end, so that nothing is read beyond it
_MOST_PARTS = 20_000  # of a file; what comes later is not looked at
_TAG, _SHORT, _LONG = 0x0112, 3, 4
_JPEG_EXIF, _PNG_EXIF, _PNG_FRAMES, _PNG_SEEN_THROUGH = b"Exif\0\0", b"eXIf", b"acTL", b"tRNS"
_COLOUR_TYPE, _WITH_ALPHA = 25, 4  # where a PNG's header has it, and the bit in it
_SOI, _APP1, _SOS, _EOI = 2, 0xE1, 0xDA, 0xD9


class Said(NamedTuple):
    """What a file says beside its pixels.

    Args:
      orientation: EXIF's, int32 from 1 (upright) to 8.
      frames: int32, more than 1 of an animation.
      transparent: bool, whether some pixels may be.
    """

    orientation: tf.Tensor
    frames: tf.Tensor
    transparent: tf.Tensor


def read_said(file: tf.Tensor, is_png: tf.Tensor) -> Said:
    """What a PNG or JPEG file says; damaged EXIF is passed over, as unknown values are.

    Args:
      file: string, a whole file.
      is_png: bool.
    """
    raw = tf.concat([tf.io.decode_raw(file, tf.uint8), tf.zeros([_PAD], tf.uint8)], 0)
    tiff, frames, transparent = tf.cond(is_png, lambda: _png(raw), lambda: _jpeg(raw))
    orientation = tf.cond(tiff > 0, lambda: _orientation(raw, tiff), lambda: UPRIGHT)
    return Said(tf.where((orientation >= 1) & (orientation <= 8), orientation, UPRIGHT), frames, transparent)


def turned_size(size: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Height and width `[2]` of the picture once it is turned."""
    return tf.where(orientation >= 5, size[::-1], size)


def turned(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """The picture as it is meant to be seen.

    Args:
      pixels: `[height, width, channels]`.
      orientation: from 1 to 8.
    """
    pixels = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    pixels = tf.cond(_among(orientation, 2, 3, 6, 7), lambda: pixels[:, ::-1], lambda: pixels)
    return tf.cond(_among(orientation, 3, 4, 7, 8), lambda: pixels[::-1], lambda: pixels)


def _among(value: tf.Tensor, *others: int) -> tf.Tensor:
    return tf.reduce_any(tf.equal(value, others))


def _jpeg(raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Where EXIF's TIFF header stands, 0 where there is none; a single frame, nothing transparent."""

    def is_segment(place: tf.Tensor, tiff: tf.Tensor) -> tf.Tensor:
        marker = _number(raw, place + 1, 1)
        return (tiff == 0) & (_number(raw, place, 1) == 0xFF) & (marker != _SOS) & (marker != _EOI)

    def step(place: tf.Tensor, tiff: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker = _number(raw, place + 1, 1)
        is_exif = (marker == _APP1) & _says(raw, place + 4, _JPEG_EXIF)
        # 0xFF may be repeated before a marker.
        after = tf.where(marker == 0xFF, place + 1, place + 2 + _number(raw, place + 2, 2))
        return after, tf.where(is_exif, place + 4 + len(_JPEG_EXIF), tiff)

    start = (tf.constant(_SOI), tf.constant(0))
    _, tiff = tf.while_loop(is_segment, step, start, maximum_iterations=_MOST_PARTS)
    return tiff, tf.constant(1), tf.constant(False)


def _png(raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Where EXIF's TIFF header stands, 0 where there is none; how many frames, and whether one may see through it."""
    end = tf.size(raw) - _PAD - 12

    def step(place: tf.Tensor, tiff: tf.Tensor, frames: tf.Tensor, through: tf.Tensor) -> tuple[tf.Tensor, ...]:
        tiff = tf.where(_says(raw, place + 4, _PNG_EXIF), place + 8, tiff)
        frames = tf.where(_says(raw, place + 4, _PNG_FRAMES), _number(raw, place + 8, 4), frames)
        through |= _says(raw, place + 4, _PNG_SEEN_THROUGH)
        # A length that cannot be leads to the end of the file.
        length = _number(raw, place, 4)
        after = tf.where((length < 0) | (length > end - place), end + 1, place + length + 12)
        return after, tiff, frames, through

    has_alpha = (_number(raw, tf.constant(_COLOUR_TYPE), 1) & _WITH_ALPHA) > 0
    start = (tf.constant(8), tf.constant(0), tf.constant(1), has_alpha)
    _, tiff, frames, through = tf.while_loop(
        lambda place, *_: place <= end, step, start, maximum_iterations=_MOST_PARTS
    )
    return tiff, frames, through


def _orientation(raw: tf.Tensor, tiff: tf.Tensor) -> tf.Tensor:
    """The orientation in a TIFF header's first directory; 1 where it has none."""
    little = _says(raw, tiff, b"II")
    directory = tiff + _number(raw, tiff + 4, 4, little)
    entries = directory + 2 + 12 * tf.range(_number(raw, directory, 2, little))
    entries = tf.boolean_mask(entries, (entries > tiff) & (entries <= tf.size(raw) - _PAD - 12))

    def column(offset: int, width: int) -> tf.Tensor:
        return tf.map_fn(lambda entry: _number(raw, entry + offset, width, little), entries)

    def value() -> tf.Tensor:
        kind = column(2, 2)
        values = tf.where(kind == _LONG, column(8, 4), column(8, 2))
        is_it = (column(0, 2) == _TAG) & (column(4, 4) == 1) & ((kind == _SHORT) | (kind == _LONG))
        return tf.concat([tf.boolean_mask(values, is_it)[-1:], [UPRIGHT]], 0)[0]

    return tf.cond(tf.size(entries) > 0, value, lambda: UPRIGHT)


def _number(raw: tf.Tensor, place: tf.Tensor, width: int, little: tf.Tensor | bool = False) -> tf.Tensor:
    """The whole number of `width` bytes at a place, int32; what lies behind the end of the file is zero."""
    place = tf.clip_by_value(place, 0, tf.size(raw) - _PAD)
    part = tf.cast(tf.ensure_shape(raw[place : place + width], [width]), tf.int32)
    weights = tf.constant([1 << 8 * (width - 1 - i) for i in range(width)], tf.int64)
    part = tf.where(little, part[::-1], part)
    return tf.cast(tf.reduce_sum(tf.cast(part, tf.int64) * weights), tf.int32)


def _says(raw: tf.Tensor, place: tf.Tensor, word: bytes) -> tf.Tensor:
    place = tf.clip_by_value(place, 0, tf.size(raw) - _PAD)
    return tf.reduce_all(tf.equal(tf.ensure_shape(raw[place : place + len(word)], [len(word)]), list(word)))
