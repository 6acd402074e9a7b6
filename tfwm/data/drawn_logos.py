"""Marks that need no file: QR codes of a text, plain bits as black and white cells, and drawings by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from tfwm.data.drawings import drawing

WHITE = 255
QUIET_ZONE = 4  # modules around a QR code, as its standard has them


def drawn_logo(text: str, side: int) -> np.ndarray | None:
    """The mark that a text such as `qr:Acme 2024`, `bits:8f3a` or `drawing:17` stands for; None where it names a file.

    Args:
      text: the kind of mark, a colon, and what it holds.
      side: of the picture, in pixels.

    Returns:
      uint8 `[side, side, 1]`, a drawing `[side, side, 3]`.

    Raises:
      ValueError: it holds nothing that can be drawn in so few pixels.
      ImportError: a QR code without the package segno.
    """
    kind, colon, content = text.partition(":")
    return DRAWN[kind](content, side) if colon and kind in DRAWN else None


def qr_code(content: str, side: int) -> np.ndarray:
    """A QR code in black on white, of the lowest version that holds the text, with error correction of 15 %.

    Args:
      content: the text, not empty.
      side: of the picture, in pixels; modules are whole pixels, and what is left over is white.

    Returns:
      uint8 `[side, side, 1]`.

    Raises:
      ValueError: no text, or one whose modules do not fit into `side` pixels.
      ImportError: the package segno is not installed.
    """
    if not content:
        raise ValueError("`logo` qr: must be followed by the text of the QR code. Use qr:Acme 2024.")
    try:
        import segno
    except ImportError as error:
        raise ImportError("`logo` qr:... takes the package segno. Install it: pip install 'tfwm[qr]'.") from error
    try:
        code = segno.make_qr(content, error="m")
    except segno.DataOverflowError as error:
        raise ValueError(f"`logo` qr:... has {len(content)} characters, more than any QR code holds.") from error
    modules = np.array([[bool(module) for module in row] for row in code.matrix])
    needed = len(modules) + 2 * QUIET_ZONE
    if needed > side:
        raise ValueError(
            f"`logo` {_short('qr:' + content)} takes {needed} pixels a side, a module each, got {side}. Use a shorter "
            "text or a larger mark."
        )
    return padded_white(_enlarged(np.where(modules, 0, WHITE), side // needed), side)


def bit_picture(content: str, side: int) -> np.ndarray:
    """Plain bits as a square of cells, row by row: 1 is white and 0 is black.

    Args:
      content: hex digits, each four bits; their number makes a square: 1, 4, 9, 16 (64 bits in 8 x 8 cells), ...
      side: of the picture, in pixels; cells are whole pixels, and what is left over is white.

    Returns:
      uint8 `[side, side, 1]`.

    Raises:
      ValueError: no such digits, or more cells than pixels.
    """
    cells = 2 * math.isqrt(len(content))
    digits = set(content.lower()) <= set("0123456789abcdef")
    if not content or not digits or cells * cells != 4 * len(content):
        raise ValueError(
            f"`logo` {_short('bits:' + content)} must have 1, 4, 9, 16 ... hex digits, four bits each, that fill a "
            "square of cells. Use bits:8f3a01c42b7d965e for 8 x 8."
        )
    if cells > side:
        raise ValueError(f"`logo` bits:... has {cells} cells a side, more than the {side} pixels of the mark.")
    bits = np.array([int(bit) for digit in content for bit in f"{int(digit, 16):04b}"]).reshape(cells, cells)
    return padded_white(_enlarged(WHITE * bits, side // cells), side)


def padded_white(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture in the middle of a white square.

    Args:
      picture: uint8 `[height, width, channels]`, neither side above `side`.
      side: of the square, in pixels.

    Returns:
      uint8 `[side, side, channels]`.
    """
    canvas = np.full((side, side, picture.shape[2]), WHITE, np.uint8)
    top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _enlarged(cells: np.ndarray, factor: int) -> np.ndarray:
    return np.kron(cells, np.ones((factor, factor), int)).astype(np.uint8)[..., None]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


DRAWN: Mapping[str, Callable[[str, int], np.ndarray]] = {"qr": qr_code, "bits": bit_picture, "drawing": drawing}
"""What a logo may be drawn from, by the word before the colon."""
