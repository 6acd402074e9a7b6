"""Pictures as cameras and painting programs write them: what a server decodes is what the library reads."""

from __future__ import annotations

import io
import os
import struct
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage import data

from tfwm.data.reading.decode import InvalidImageError, decode_image
from tfwm.data.reading.readers import with_channels
from tfwm.exporting.encoded import decode_images

PIXELS = data.astronaut()[:20, 100:126]
COLOUR = Image.fromarray(PIXELS)
GREY = COLOUR.convert("L")
ALPHA = Image.fromarray(np.tile(np.linspace(0, 255, 26).astype(np.uint8), (20, 1)))
ORIENTATION = 0x0112
DECODE = {
    channels: tf.function(
        lambda files, channels=channels: decode_images(files, channels=channels),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    for channels in (1, 3)
}


def encoded(picture: Image.Image, kind: str, orientation: int | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    picture.save(buffer, kind, exif=exif, **options)
    return buffer.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def of_few_bits(bits: int, *, palette: bool, transparent: bool) -> bytes:
    """A PNG of 1 to 8 bits a pixel, which Pillow does not write."""
    rows = b""
    for row in PIXELS[..., 0] >> (8 - bits):
        digits = "".join(format(int(value), f"0{bits}b") for value in row)
        digits += "0" * (-len(digits) % 8)
        rows += b"\0" + int(digits, 2).to_bytes(len(digits) // 8, "big")
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 26, 20, bits, 3 * palette, 0, 0, 0))
    if palette:
        file += chunk(b"PLTE", bytes(np.random.default_rng(0).integers(0, 256, 3 * 2**bits).tolist()))
    if transparent:
        file += chunk(b"tRNS", bytes([100, 200]) if palette else struct.pack(">H", 1))
    return file + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def with_alpha(picture: Image.Image) -> Image.Image:
    picture = picture.copy()
    picture.putalpha(ALPHA)
    return picture


FILES = {
    **{f"JPEG turned {turn}": encoded(COLOUR, "JPEG", turn, quality=90) for turn in range(10)},
    **{f"PNG turned {turn}": encoded(COLOUR, "PNG", turn) for turn in (1, 3, 6, 8)},
    "a long number in EXIF": encoded(COLOUR, "JPEG", 6).replace(
        b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00", b"\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x06"
    ),
    "RGBA": encoded(with_alpha(COLOUR), "PNG"),
    "RGBA turned": encoded(with_alpha(COLOUR), "PNG", 6),
    "grey with alpha": encoded(with_alpha(GREY), "PNG"),
    "one colour transparent": encoded(COLOUR, "PNG", transparency=tuple(int(value) for value in PIXELS[5, 5])),
    "one grey transparent": encoded(GREY, "PNG", transparency=int(PIXELS[5, 5, 0])),
    "palette": encoded(COLOUR.quantize(32), "PNG"),
    "palette, one colour transparent": encoded(COLOUR.quantize(32), "PNG", transparency=3),
    "16 bits": encoded(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257 + 77), "PNG"),
    "grey JPEG": encoded(GREY, "JPEG", 6),
    "CMYK": encoded(COLOUR.convert("CMYK"), "JPEG", 8),
    "progressive": encoded(COLOUR, "JPEG", 5, progressive=True),
    **{
        f"{bits} bits{' of a palette' * palette}{', transparent' * transparent}": of_few_bits(
            bits, palette=palette, transparent=transparent
        )
        for bits in (1, 2, 4, 8) for palette in (False, True) for transparent in (False, True)
    },
}  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FILES)
def test_a_server_sees_what_the_library_reads(name: str, channels: int) -> None:
    expected = with_channels(decode_image(FILES[name], name), channels)
    found = np.rint(DECODE[channels](tf.constant([FILES[name]])).numpy()[0] * 255)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1


def test_pictures_of_one_size_may_be_turned_in_different_ways() -> None:
    upright = np.ascontiguousarray(PIXELS)
    lying = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    files = [encoded(COLOUR, "PNG"), encoded(lying, "PNG", 6)]
    np.testing.assert_array_equal(np.rint(DECODE[3](tf.constant(files)).numpy() * 255), [upright, upright])
    with pytest.raises(tf.errors.InvalidArgumentError, match="images of one size"):
        DECODE[3](tf.constant([encoded(COLOUR, "PNG"), encoded(COLOUR, "PNG", 6)]))


def test_an_animation_is_refused_as_the_library_does() -> None:
    file = encoded(COLOUR, "PNG", save_all=True, append_images=[GREY.convert("RGB")])
    with pytest.raises(InvalidImageError, match="animated"):
        decode_image(file, "animation")
    with pytest.raises(tf.errors.InvalidArgumentError, match="`image_bytes` must hold single pictures, no animation"):
        DECODE[3](tf.constant([file]))


def test_damaged_exif_is_passed_over() -> None:
    """Or read as the library reads it; never another error than of the argument."""
    draws = np.random.default_rng(0)
    whole = encoded(COLOUR, "JPEG", 6)
    place = whole.index(b"Exif")
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[place + int(draws.integers(6, 32))] = int(draws.integers(0, 256))
        found = DECODE[3](tf.constant([bytes(damaged)])).numpy()[0]
        assert found.shape in ((20, 26, 3), (26, 20, 3))
    for cut in range(4, 40, 3):
        file = whole[: place + cut]
        with pytest.raises(tf.errors.InvalidArgumentError):
            DECODE[3](tf.constant([file]))
