"""Bytes of PNG and JPEG files to pixels and back; whatever is wrong with the bytes, it is an `InvalidImageError`."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image, UnidentifiedImageError

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LENGTHLESS_MARKERS = frozenset(range(0xD0, 0xD8)) | {0x01}
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


class InvalidImageError(ValueError):
    """Bytes that are no usable picture; `name` says which ones and `reason` why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"`{name}` is not a usable image: {reason}.")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.name, self.reason)


def decode_image(data: bytes, name: str, *, max_pixels: int = 64_000_000) -> np.ndarray:
    """Decodes one PNG or JPEG, told by its first bytes, to 8-bit pixels.

    Transparent pixels are laid on white, 16-bit values keep their high byte, palettes and CMYK
    become RGB, and the EXIF orientation is applied.

    Args:
      data: the whole file.
      name: what the file is called in messages.
      max_pixels: the largest width x height; compared with the header, before anything is decoded.

    Returns:
      uint8 `[height, width, 3]`, or `[height, width, 1]` for a grey picture.

    Raises:
      InvalidImageError: empty, another format, truncated, damaged, animated, or too large.
    """
    width, height = _header_size(data, name)
    if width * height > max_pixels:
        raise InvalidImageError(name, f"{width} x {height} pixels are more than the limit of {max_pixels}")
    try:
        return _decode(data, name, (width, height))
    except InvalidImageError:
        raise
    except UnidentifiedImageError as error:  # its message holds nothing but a memory address
        raise InvalidImageError(name, "damaged (Pillow does not recognise it)") from error
    except Exception as error:  # Pillow raises a dozen unrelated types on damaged files
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InvalidImageError(name, f"damaged or truncated ({reason})") from error


def encode_png(image: np.ndarray) -> bytes:
    """The PNG file of one uint8 `[height, width, 1 or 3]` picture; equal pixels give equal bytes."""
    buffer = io.BytesIO()
    as_pillow(image).save(buffer, format="PNG")
    return buffer.getvalue()


def as_pillow(image: np.ndarray) -> Image.Image:
    """A Pillow picture of uint8 `[height, width, 1 or 3]`.

    Raises:
      ValueError: an array of another type or shape.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"`image` must be uint8 [height, width, 1 or 3], got {image.dtype} {list(image.shape)}. "
            "Convert float images with tfwm.data.to_uint8 first."
        )
    return Image.fromarray(image[..., 0] if image.shape[2] == 1 else np.ascontiguousarray(image))


def from_pillow(picture: Image.Image) -> np.ndarray:
    """uint8 `[height, width, 1 or 3]` of a Pillow picture in mode L or RGB."""
    pixels = np.array(picture, dtype=np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Float images in [0, 1] to 8 bits, rounded; what lies outside is clipped.

    Raises:
      ValueError: `images` are not float, or not finite.
    """
    images = np.asarray(images)
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"`images` must be float in [0, 1], got {images.dtype}. uint8 images need no conversion.")
    if not np.isfinite(images).all():
        raise ValueError("`images` must be finite, got NaN or infinity. Check the network that made them.")
    return np.rint(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8)


def to_float(images: np.ndarray) -> np.ndarray:
    """uint8 images to float32 in [0, 1].

    Raises:
      ValueError: `images` are not uint8.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise ValueError(f"`images` must be uint8, got {images.dtype}. Float images need no conversion.")
    return images.astype(np.float32) / np.float32(255.0)


def _header_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height as the header of the file gives them."""
    if not data:
        raise InvalidImageError(name, "empty (0 bytes)")
    if data.startswith(PNG_MAGIC):
        size = struct.unpack(">II", data[16:24]) if data[12:16] == b"IHDR" and len(data) >= 24 else (0, 0)
    elif data.startswith(JPEG_MAGIC):
        size = _jpeg_size(data)
    else:
        raise InvalidImageError(name, "neither PNG nor JPEG by its first bytes")
    if min(size) < 1:
        raise InvalidImageError(name, "damaged or truncated (the header gives no size)")
    return size


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in the first frame header, (0, 0) where there is none before the pixels."""
    place = 2
    while place + 9 <= len(data):
        marker = data[place + 1]
        if data[place] != 0xFF or marker in (0x00, 0xFF):
            place += 1
        elif marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        elif marker in _LENGTHLESS_MARKERS:
            place += 2
        elif marker in (0xDA, 0xD9):
            break
        else:
            place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    return 0, 0


def _decode(data: bytes, name: str, size: tuple[int, int]) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
        # A second header could make Pillow allocate another size than the one that was checked.
        if picture.size != size:
            raise InvalidImageError(name, "damaged (two headers disagree about the size)")
        # Phones append small extra pictures to JPEG files; only a PNG with frames is an animation.
        if picture.format == "PNG" and getattr(picture, "is_animated", False):
            raise InvalidImageError(name, "animated; give a single picture")
        picture.load()
        orientation = picture.getexif().get(_EXIF_ORIENTATION)
        turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
        plain = _eight_bit(picture)
        return from_pillow(plain if turn is None else plain.transpose(turn))


def _eight_bit(picture: Image.Image) -> Image.Image:
    """The picture in mode L or RGB, on white where it is transparent."""
    if picture.mode.startswith("I"):
        high_byte = np.asarray(picture).astype(np.uint32) >> 8
        return Image.fromarray(np.minimum(high_byte, 255).astype(np.uint8))
    grey = picture.mode in ("1", "L", "LA")
    if picture.has_transparency_data:
        colour = picture.convert("RGBA")
        white = Image.new("RGBA", colour.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, colour)
    return picture.convert("L" if grey else "RGB")
