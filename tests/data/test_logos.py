"""The built-in logo, and one from the user's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import encoded, photograph, png
from tfwm.data.logos import read_logo, sample_logo
from tfwm.data.reading.decode import InvalidImageError, to_float
from tfwm.data.reading.readers import cover, with_channels


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_logo_is_far_from_white_and_not_symmetric(size: int) -> None:
    logo = to_float(sample_logo(size))
    assert logo.shape == (size, size, 3)
    # NC of eq. 13 against a white image, <x, 1> / (|x| |1|).
    assert logo.sum() / np.sqrt(np.square(logo).sum() * logo.size) < 0.8
    for other in (logo[:, ::-1], logo[::-1], logo.transpose(1, 0, 2), logo[::-1, ::-1]):
        assert np.corrcoef(logo.ravel(), other.ravel())[0, 1] < 0.5
    assert np.ptp(logo, axis=2).mean() > 0.2


def test_the_logo_looks_the_same_at_every_size() -> None:
    small = np.asarray(Image.fromarray(sample_logo(256)).resize((64, 64), Image.BOX))
    assert np.abs(small.astype(int) - sample_logo(64)).mean() < 2
    with pytest.raises(ValueError, match=r"at least 8 pixels"):
        sample_logo(4)


@pytest.mark.parametrize("channels", [1, 3])
def test_without_a_file_it_is_the_built_in_one(channels: int) -> None:
    np.testing.assert_array_equal(read_logo("", 16, channels), with_channels(sample_logo(16), channels))
    # Too small to be drawn: the corner of the smallest one.
    np.testing.assert_array_equal(read_logo("", 5, channels), with_channels(sample_logo(8), channels)[:5, :5])


@pytest.mark.parametrize("channels", [1, 3])
def test_of_a_file_the_middle_square_is_taken(channels: int, tmp_path: Path) -> None:
    picture = photograph(20, 32)
    (tmp_path / "logo.png").write_bytes(png(picture))
    found = read_logo(str(tmp_path / "logo.png"), 20, channels)
    assert (found.shape, found.dtype) == ((20, 20, channels), np.uint8)
    np.testing.assert_array_equal(found, with_channels(picture[:, 6:26], channels))
    # Scaled first, then brought to luma: the other order rounds otherwise.
    smaller = read_logo(str(tmp_path / "logo.png"), 12, channels)
    np.testing.assert_array_equal(smaller, with_channels(cover(picture, (12, 12)), channels))


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(encoded(Image.new("RGBA", (16, 16), (0, 0, 0, 0))))
    assert (read_logo(str(tmp_path / "logo.png"), 8, 3) == 255).all()


def test_no_file_and_no_picture_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"`logo` gone.png is not there. Give a PNG or JPEG file, or leave it"):
        read_logo("gone.png", 16, 3)
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(InvalidImageError, match="neither PNG nor JPEG"):
        read_logo(str(tmp_path / "notes.txt"), 16, 3)
