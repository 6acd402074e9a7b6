from __future__ import annotations

import pickle
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import encoded, photograph, png
from tfwm.data.reading.decode import InvalidImageError, decode_image, encode_png, to_float, to_uint8

COLOUR = photograph()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png_of(width: int, height: int) -> bytes:
    """A PNG whose header declares a size; its pixel data is one black row."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 + min(width, 1000)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _sixteen_bit() -> bytes:
    # Big-endian values 0x1234 and 0xFFFF: their high bytes are 18 and 255.
    header = struct.pack(">IIBBBBB", 2, 1, 16, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\x12\x34\xff\xff")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def test_png_round_trip_keeps_every_pixel():
    for channels in (1, 3):
        image = photograph(channels=channels)
        np.testing.assert_array_equal(decode_image(encode_png(image), "a.png"), image)


def test_jpeg_is_close_and_grey_jpeg_has_one_channel():
    flat = Image.new("RGB", (16, 16), (200, 100, 50))
    assert np.abs(decode_image(encoded(flat, "JPEG"), "a.jpg").astype(int) - [200, 100, 50]).max() <= 3
    assert decode_image(encoded(flat.convert("L"), "JPEG"), "a.jpg").shape == (16, 16, 1)


def test_one_pixel_is_an_image():
    np.testing.assert_array_equal(decode_image(encoded(Image.new("RGB", (1, 1), (1, 2, 3))), "a"), [[[1, 2, 3]]])


def test_transparency_is_laid_on_white():
    half = Image.new("RGBA", (1, 1), (0, 100, 255, 51))  # alpha 0.2: 0.2 * value + 0.8 * 255
    assert np.abs(decode_image(encoded(half), "a")[0, 0].astype(int) - [204, 224, 255]).max() <= 1
    assert decode_image(encoded(Image.new("LA", (2, 2), (0, 0))), "a").tolist() == [[[255], [255]]] * 2


def test_palette_with_a_transparent_entry():
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putdata([0, 1])
    assert decode_image(encoded(picture), "a").tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert decode_image(encoded(picture, transparency=0), "a").tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_sixteen_bits_keep_the_high_byte():
    assert decode_image(_sixteen_bit(), "a").tolist() == [[[0x12], [0xFF]]]


def test_one_bit_and_cmyk():
    assert decode_image(encoded(Image.new("1", (1, 1), 1)), "a").tolist() == [[[255]]]
    red = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(decode_image(red, "a")[4, 4].astype(int) - [255, 0, 0]).max() <= 6


# Row 0 of the stored picture is its top; the values say where each stored pixel must go.
@pytest.mark.parametrize(
    "orientation, upright",
    [
        (1, [[10, 20, 30], [40, 50, 60]]),
        (2, [[30, 20, 10], [60, 50, 40]]),
        (3, [[60, 50, 40], [30, 20, 10]]),
        (4, [[40, 50, 60], [10, 20, 30]]),
        (5, [[10, 40], [20, 50], [30, 60]]),
        (6, [[40, 10], [50, 20], [60, 30]]),
        (7, [[60, 30], [50, 20], [40, 10]]),
        (8, [[30, 60], [20, 50], [10, 40]]),
    ],
)
def test_exif_orientation_is_applied(orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.array([[10, 20, 30], [40, 50, 60]], np.uint8))
    assert decode_image(encoded(stored, exif=exif), "a")[..., 0].tolist() == upright


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "empty"),
        (b"GIF89a" + b"\0" * 50, "neither PNG nor JPEG"),
        (b"hello", "neither PNG nor JPEG"),
        (b"\x89PNG\r\n\x1a\n", "header gives no size"),
        (b"\xff\xd8\xff\xe0", "header gives no size"),
        (png(COLOUR)[:-600], "truncated"),
        (encoded(Image.fromarray(COLOUR), "JPEG")[:-100], "truncated"),
        (_png_of(0, 5), "header gives no size"),
        (encoded(Image.new("L", (4, 4)), save_all=True, append_images=[Image.new("L", (4, 4), 9)]), "animated"),
    ],
)
def test_bad_bytes_are_refused_with_the_reason(data, reason):
    with pytest.raises(InvalidImageError, match=reason) as caught:
        decode_image(data, "folder/a.png")
    assert caught.value.name == "folder/a.png"
    assert reason in caught.value.reason


def test_a_bomb_is_refused_from_its_header(monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoding was started")

    monkeypatch.setattr(Image, "open", never)
    with pytest.raises(InvalidImageError, match=r"50000 x 50000 pixels are more than the limit of 64000000"):
        decode_image(_png_of(50_000, 50_000), "bomb.png")
    with pytest.raises(InvalidImageError, match=r"32 x 24 pixels are more than the limit of 767"):
        decode_image(encoded(Image.fromarray(COLOUR), "JPEG"), "a.jpg", max_pixels=767)


def test_a_second_header_does_not_smuggle_a_bomb_in():
    small, large = _png_of(1, 1), _png_of(4000, 4000)
    ihdr = slice(8, 33)
    with pytest.raises(InvalidImageError):
        decode_image(small[:33] + large[ihdr] + small[33:], "a.png", max_pixels=100)


def test_the_error_survives_a_process_boundary():
    error = pickle.loads(pickle.dumps(InvalidImageError("a.png", "empty")))
    assert (error.name, error.reason, str(error)) == ("a.png", "empty", "`a.png` is not a usable image: empty.")


def test_of_a_jpeg_with_further_pictures_the_first_is_taken():
    first, second = Image.new("RGB", (16, 8), (200, 0, 0)), Image.new("RGB", (4, 4))
    image = decode_image(encoded(first, "MPO", save_all=True, append_images=[second]), "phone.jpg")
    assert image.shape == (8, 16, 3)
    assert image[..., 0].min() > 190


def test_float_conversions():
    values = np.array([-0.5, 0.0, 0.5, 1.0, 1.5], np.float32)
    assert to_uint8(values).tolist() == [0, 0, 128, 255, 255]  # 127.5 rounds to the even 128
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_uint8(to_float(every)), every)
    assert to_float(every).dtype == np.float32
    assert to_float(every).max() == 1.0


def test_float_conversions_refuse_what_they_cannot_mean():
    with pytest.raises(ValueError, match=r"must be float in"):
        to_uint8(np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match=r"finite"):
        to_uint8(np.array([np.nan], np.float32))
    with pytest.raises(ValueError, match=r"must be uint8"):
        to_float(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"Convert float images"):
        encode_png(np.zeros((2, 2, 3), np.float32))


VALID = [
    png(COLOUR),
    _sixteen_bit(),
    encoded(Image.fromarray(COLOUR), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    encoded(Image.fromarray(COLOUR), "JPEG", progressive=True),
    encoded(Image.fromarray(COLOUR).convert("P")),
    encoded(Image.fromarray(COLOUR).convert("CMYK"), "JPEG"),
]
MUTATION = st.tuples(st.sampled_from("scidx"), st.floats(0, 1), st.binary(min_size=1, max_size=9))
MUTATIONS = st.lists(MUTATION, max_size=6)


def _mutated(data: bytes, mutations: list[tuple[str, float, bytes]]) -> bytes:
    for kind, share, content in mutations:
        # Squaring moves most changes to the headers, where decoders go wrong.
        place = int(share**2 * len(data))
        if kind == "c":
            data = data[:place]
        else:
            end = place + (0 if kind == "i" else len(content))
            data = data[:place] + (b"" if kind == "d" else content) + data[end:]
    return data


def _only_invalid_image_error(data: bytes) -> None:
    try:
        image = decode_image(data, "fuzz", max_pixels=10_000)
    except InvalidImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] in (1, 3)
    assert image.size <= 30_000


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(VALID), MUTATIONS)
def test_mutated_files_raise_nothing_else(data, mutations):
    _only_invalid_image_error(_mutated(data, mutations))


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(st.sampled_from(VALID), MUTATIONS)
def test_many_more_mutated_files(data, mutations):
    _only_invalid_image_error(_mutated(data, mutations))
