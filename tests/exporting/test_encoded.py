"""Bytes to pixels in a graph: equal to the library's own decoder, and what is refused before decoding."""

from __future__ import annotations

import io
import os
import struct

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage import data

from tfwm.data.reading.decode import decode_image, encode_png
from tfwm.data.reading.readers import with_channels
from tfwm.exporting.encoded import decode_images, encode_images

PHOTOGRAPH = data.astronaut()[:40, 100:152]


def jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def decoded(*files: bytes, max_pixels: int = 64_000_000, channels: int = 3) -> np.ndarray:
    function = tf.function(lambda content: decode_images(content, max_pixels, channels=channels), autograph=False)
    return function(tf.constant(list(files), tf.string)).numpy()


@pytest.mark.parametrize("encode", [encode_png, jpeg])
def test_equal_to_the_decoder_of_the_library(encode: object) -> None:
    file = encode(PHOTOGRAPH)
    expected = decode_image(file, "a photograph")
    np.testing.assert_allclose(decoded(file, file) * 255, np.stack([expected, expected]), rtol=1e-6)


def test_grey_becomes_three_equal_channels() -> None:
    grey = decoded(encode_png(PHOTOGRAPH[..., :1]))
    assert grey.shape == (1, 40, 52, 3)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])


@pytest.mark.parametrize("encode", [encode_png, jpeg])
def test_colour_becomes_the_grey_of_the_library(encode: object) -> None:
    """To the level: the decoder's own grey of a PNG differs by one here and there."""
    file = encode(PHOTOGRAPH)
    expected = with_channels(decode_image(file, "a photograph"), 1)
    np.testing.assert_array_equal(np.round(decoded(file, channels=1)[0] * 255), expected)


def test_a_grey_file_stays_as_it_is() -> None:
    grey = PHOTOGRAPH[..., 1:2]
    pixels = decoded(encode_png(grey), channels=1)
    np.testing.assert_allclose(pixels[0] * 255, grey, rtol=1e-6)
    (file,) = encode_images(tf.constant(pixels)).numpy()
    np.testing.assert_array_equal(decode_image(file, "answer"), grey)


def test_png_round_trip_is_exact_at_8_bits() -> None:
    images = np.stack([PHOTOGRAPH, PHOTOGRAPH[::-1]]).astype(np.float32) / np.float32(255.0)
    files = encode_images(tf.constant(images)).numpy()
    np.testing.assert_allclose(decoded(*files), images, rtol=1e-6)


def test_values_outside_are_clipped() -> None:
    (file,) = encode_images(tf.constant([[[[-1.0, 0.5, 2.0]]]])).numpy()
    np.testing.assert_array_equal(decode_image(file, "x")[0, 0], [0, 128, 255])


def bomb() -> bytes:
    """A PNG whose header declares 30,000 x 30,000 pixels."""
    file = encode_png(PHOTOGRAPH)
    return file[:16] + struct.pack(">II", 30_000, 30_000) + file[24:]


@pytest.mark.parametrize(
    "files, message",
    [
        ([], "`image_bytes` must hold at least one file"),
        ([b"photo.png"], "`image_bytes` must be PNG or JPEG files"),
        ([b""], "`image_bytes` must be PNG or JPEG files"),
        ([encode_png(PHOTOGRAPH)[:20]], "`image_bytes` holds a truncated PNG"),
        ([bomb()], "at most 64000000 pixels"),
        ([encode_png(PHOTOGRAPH), encode_png(PHOTOGRAPH[:30])], "images of one size"),
        ([encode_png(PHOTOGRAPH)[:-2000]], "(?i)invalid png|png"),
        ([jpeg(PHOTOGRAPH)[:-200]], "(?i)jpeg"),
    ],
)
def test_refused(files: list[bytes], message: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decoded(*files)
