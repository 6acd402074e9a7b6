"""Logos drawn from a text: bits that can be read back by eye, a QR code that holds its standard's patterns."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tfwm.data.drawn_logos import padded_white
from tfwm.data.logos import read_logo


def test_bits_row_by_row() -> None:
    # a is 1010: two cells a side, 1 0 above 1 0, each 8 x 8 pixels.
    picture = read_logo("bits:a", 16, 1)[..., 0]
    assert (picture[:, :8] == 255).all()
    assert (picture[:, 8:] == 0).all()
    # 8f3a: 1000 1111 0011 1010 in four rows; 17 pixels leave a white line at the end.
    rows = read_logo("bits:8F3a", 17, 1)[..., 0][2:16:4, 2:16:4] // 255
    np.testing.assert_array_equal(rows, [[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1], [1, 0, 1, 0]])
    assert (read_logo("bits:0", 17, 1)[16] == 255).all()


@pytest.mark.parametrize("side, module", [(32, 1), (64, 2), (128, 4)])
def test_a_qr_code_has_whole_modules_and_three_finders(side: int, module: int) -> None:
    picture = read_logo("qr:tfwm", side, 1)[..., 0]
    # Version 1 has 21 modules, and four of white around: 29.
    first = (side - 29 * module) // 2 + 4 * module
    modules = picture[first : first + 21 * module : module, first : first + 21 * module : module] == 0
    finder = np.ones((7, 7), bool)
    finder[1:6, 1:6] = False
    finder[2:5, 2:5] = True
    for corner in (modules[:7, :7], modules[:7, -7:], modules[-7:, :7]):
        np.testing.assert_array_equal(corner, finder)
    assert (picture[:first] == 255).all()
    assert not np.array_equal(picture, read_logo("qr:tfwn", side, 1)[..., 0])


def test_colour_hosts_get_it_in_three_channels() -> None:
    picture = read_logo("qr:tfwm", 32, 3)
    assert picture.shape == (32, 32, 3)
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])


@pytest.mark.parametrize(
    "text, side, message",
    [
        ("bits:", 16, "`logo` bits: must have 1, 4, 9, 16 ... hex digits"),
        ("bits:8f", 16, "fill a square of cells. Use bits:8f3a01c42b7d965e for 8 x 8"),
        ("bits:x", 16, "must have 1, 4, 9, 16"),
        ("bits:0123456789abcdef", 7, "has 8 cells a side, more than the 7 pixels"),
        ("qr:", 64, "must be followed by the text"),
        ("qr:tfwm", 28, "takes 29 pixels a side, a module each, got 28. Use a shorter text or a larger mark"),
        ("qr:" + "x" * 4000, 256, "more than any QR code holds"),
    ],
)
def test_what_cannot_be_drawn_is_said(text: str, side: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_logo(text, side, 1)


def test_without_segno_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ImportError, match=r"takes the package segno. Install it: pip install 'tfwm\[qr\]'"):
        read_logo("qr:tfwm", 64, 1)


def test_padding_is_white_and_even() -> None:
    padded = padded_white(np.zeros((2, 4, 3), np.uint8), 6)
    assert (padded == 0).all(axis=(1, 2)).sum() == 0
    np.testing.assert_array_equal(np.argwhere(padded[..., 0] == 0).min(axis=0), [2, 1])
    assert (padded == 0).sum() == 2 * 4 * 3
