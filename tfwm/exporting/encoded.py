"""PNG and JPEG files to pixels and back inside a graph, for signatures that take bytes."""

from __future__ import annotations

import tensorflow as tf

from tfwm.data.reading.decode import JPEG_MAGIC, PNG_MAGIC
from tfwm.exporting.orientation import read_said, turned, turned_size

MAX_PIXELS = 64_000_000
LUMA = (19595, 38470, 7471)  # 0.299, 0.587 and 0.114 of 65,536


def decode_images(files: tf.Tensor, max_pixels: int = MAX_PIXELS, *, channels: int = 3) -> tf.Tensor:
    """Decodes the files of one request, inside a graph.

    Everything is checked from the headers before a pixel is decoded; what does not fit is
    INVALID_ARGUMENT. Like `tfwm.data.decode_image`: transparent pixels are laid on white (to the
    level), the EXIF orientation is applied, and an animation is refused.

    Args:
      files: string `[n]`, PNG or JPEG, all of one height and width once they are turned upright.
      max_pixels: the largest width x height of one image.
      channels: 3, grey files are repeated; or 1, colour files become luma as in `tfwm.data.with_channels`.

    Returns:
      float32 `[n, height, width, channels]` in [0, 1].
    """
    sizes = tf.map_fn(_size, files, fn_output_signature=tf.TensorSpec([2], tf.int64))
    with tf.control_dependencies(_size_checks(sizes, max_pixels)):
        pixels = tf.map_fn(_decode, files, fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8))
    return tf.cast(_luma(pixels) if channels == 1 else pixels, tf.float32) / 255.0


def encode_images(images: tf.Tensor) -> tf.Tensor:
    """PNG files, string `[n]`, of float images `[n, height, width, 1 or 3]`, rounded to 8 bits."""
    pixels = tf.cast(tf.round(tf.clip_by_value(images, 0.0, 1.0) * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def _luma(pixels: tf.Tensor) -> tf.Tensor:
    """ITU-R 601 in Pillow's whole numbers; the decoder's own grey misses it by a level on PNG files."""
    sums = tf.reduce_sum(tf.cast(pixels, tf.int32) * LUMA, axis=-1, keepdims=True)
    return tf.bitwise.right_shift(sums + (1 << 15), 16)


def _size_checks(sizes: tf.Tensor, max_pixels: int) -> list[tf.Operation]:
    """Assertions that the heights and widths `[n, 2]` are there, are equal, and make no larger an image."""
    some = tf.debugging.assert_positive(tf.shape(sizes)[:1], "`image_bytes` must hold at least one file")
    with tf.control_dependencies([some]):
        equal = tf.debugging.assert_equal(
            sizes, sizes[:1], "`image_bytes` must hold images of one size; send one request for each size"
        )
    # Either side alone could overflow the product, so both are held down first.
    sides = tf.debugging.assert_less_equal(sizes, tf.constant(max_pixels, tf.int64), _too_large(max_pixels))
    area = tf.debugging.assert_less_equal(
        tf.reduce_prod(sizes, 1), tf.constant(max_pixels, tf.int64), _too_large(max_pixels)
    )
    return [some, equal, sides, area]


def _too_large(max_pixels: int) -> str:
    return f"`image_bytes` must hold images of at most {max_pixels} pixels; send smaller ones"


def _size(file: tf.Tensor) -> tf.Tensor:
    """Height and width of the upright picture, as the file's header and its EXIF give them, int64 `[2]`."""
    is_png = _is_png(file)
    is_jpeg = tf.equal(tf.strings.substr(file, 0, len(JPEG_MAGIC)), JPEG_MAGIC)
    with tf.control_dependencies(
        [tf.debugging.Assert(is_png | is_jpeg, ["`image_bytes` must be PNG or JPEG files, not names or base64 text"])]
    ):
        file = tf.identity(file)
    size = tf.cond(is_png, lambda: _png_size(file), lambda: tf.cast(tf.io.extract_jpeg_shape(file)[:2], tf.int64))
    said = read_said(file, is_png)
    still = tf.debugging.assert_less_equal(said.frames, 1, "`image_bytes` must hold single pictures, no animation")
    with tf.control_dependencies([still]):
        return turned_size(size, said.orientation)


def _is_png(file: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.strings.substr(file, 0, len(PNG_MAGIC)), PNG_MAGIC)


def _png_size(file: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies(
        [tf.debugging.assert_greater_equal(tf.strings.length(file), 24, "`image_bytes` holds a truncated PNG")]
    ):
        sides = tf.strings.substr(file, 16, 8)
    width_height = tf.io.decode_raw(sides, tf.int32, little_endian=False)
    return tf.cast(tf.ensure_shape(width_height, [2])[::-1], tf.int64)


def _decode(file: tf.Tensor) -> tf.Tensor:
    """The upright picture, uint8 `[height, width, 3]`."""
    is_png = _is_png(file)
    said = read_said(file, is_png)
    # The default inverse DCT is off by up to 3 of 255 levels; this one gives Pillow's pixels. The
    # operation takes PNG files as well.
    colours = tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE")
    # Asked for four channels, the decoder leaves the colours of few bits as they are: only the alpha is taken.
    pixels = tf.cond(
        said.transparent, lambda: _on_white(colours, tf.io.decode_png(file, channels=4)[..., 3:]), lambda: colours
    )
    return tf.ensure_shape(turned(pixels, said.orientation), [None, None, 3])


def _on_white(colours: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """uint8 `[height, width, 3]` before a white ground, with an alpha `[height, width, 1]`; rounded."""
    colours, alpha = tf.cast(colours, tf.int32), tf.cast(alpha, tf.int32)
    return tf.cast((colours * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)
