"""Marks like those of the paper, whose own are not at hand: two logos drawn here, a QR code and two rich pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tfwm.config import choose
from tfwm.data import encode_png, photographs
from tfwm.data.logos import own_logo
from tfwm.data.reading.readers import cover, with_channels
from tfwm.files import replacing
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.experiment import Context
from tfwm.papers.zhang2021.scales import CANVAS, MARKS

QR = "qr:tfwm 2021"
DRAWING = "drawing:"
PICTURES = {"peppers": "set13/pepper.png", "lena": "set5/woman_GT.png"}  # of the real ones, and at smoke:
_AT_SMOKE = {"peppers": ("test", "chelsea"), "lena": ("owner", "astronaut")}

_OVERSAMPLING = 4
_INK, _WHITE = (45, 45, 45), (255, 255, 255)
_RED, _AMBER, _GREEN = (214, 48, 74), (248, 186, 60), (52, 140, 76)
_LETTERS = {
    "T": ("#####", "..#..", "..#..", "..#..", "..#.."), "F": ("#####", "#....", "####.", "#....", "#...."),
    "W": ("#...#", "#...#", "#.#.#", "##.##", "#...#"), "M": ("#...#", "##.##", "#.#.#", "#...#", "#...#"),
}  # fmt: skip


def mark_picture(context: Context, name: str) -> np.ndarray:
    """A mark as a picture of `CANVAS` pixels a side; its size on the images follows from the scheme's settings.

    Args:
      context: of the experiment; at scale smoke the rich pictures are photographs of scikit-image.
      name: in `MARKS`, or `drawing:` and a number, for the marks that the paper does not show.

    Returns:
      uint8 `[256, 256, 1 or 3]`.

    Raises:
      ValueError: there is no such mark; the message names the closest one.
    """
    if name.startswith(DRAWING):
        return own_logo(name, CANVAS)
    channels = choose("mark", name, MARKS)[1]
    if name in PICTURES:
        return with_channels(cover(_rich(context, name), (CANVAS, CANVAS)), channels)
    if name == "qr":
        return own_logo(QR, CANVAS)
    return with_channels(_painted(_DRAWN[name]), channels)


def logo_text(context: Context, name: str) -> str:
    """What a scheme's `logo` takes: the path of a PNG file in the cache's folder; of the QR code its text.

    A code is drawn anew at each size, so that its modules are whole pixels.

    Args:
      context: of the experiment.
      name: in `MARKS`.
    """
    if name == "qr" or name.startswith(DRAWING):
        return QR if name == "qr" else name
    picture = mark_picture(context, name)
    path = Path(context.cache.root) / "marks" / f"{name}-{digest(picture)}.png"
    if not path.is_file():
        with replacing(path) as temporary:
            temporary.write_bytes(encode_png(picture))
    return str(path)


def _rich(context: Context, name: str) -> np.ndarray:
    if context.scale == "smoke":
        part, picture = _AT_SMOKE[name]
        return photographs(part)[picture]
    return context.dataset("sr_set5_set13_color.tar")[PICTURES[name]]


def _painted(paint: Callable[[ImageDraw.ImageDraw, int], None]) -> np.ndarray:
    """A drawing on white, made large and then averaged down: uint8 `[256, 256, 3]`."""
    side = CANVAS * _OVERSAMPLING
    picture = Image.new("RGB", (side, side), _WHITE)
    paint(ImageDraw.Draw(picture), side)
    return np.asarray(picture.resize((CANVAS, CANVAS), Image.Resampling.BOX)).copy()


def _grey_logo(draw: ImageDraw.ImageDraw, side: int) -> None:
    """A dark kite with a ring in it above four letters."""
    kite = ((0.5, 0.04), (0.80, 0.34), (0.5, 0.64), (0.20, 0.34))
    draw.polygon([(x * side, y * side) for x, y in kite], fill=_INK)
    _disc(draw, side, (0.5, 0.34), 0.15, _WHITE)
    _disc(draw, side, (0.5, 0.34), 0.09, _INK)
    for index, letter in enumerate("TFWM"):
        _write(draw, letter, (0.06 + 0.23 * index) * side, 0.72 * side, 0.038 * side)


def _write(draw: ImageDraw.ImageDraw, letter: str, left: float, top: float, dot: float) -> None:
    for row, line in enumerate(_LETTERS[letter]):
        for column, ink in enumerate(line):
            if ink == "#":
                x, y = left + column * dot, top + row * dot
                draw.rectangle([x, y, x + dot, y + dot], fill=_INK)


def _flower(draw: ImageDraw.ImageDraw, side: int) -> None:
    """Six red petals around an amber disc, with a stem and two leaves."""
    draw.rectangle([0.485 * side, 0.45 * side, 0.515 * side, 0.97 * side], fill=_GREEN)
    for left, top in ((0.20, 0.70), (0.51, 0.62)):
        draw.ellipse([left * side, top * side, (left + 0.29) * side, (top + 0.12) * side], fill=_GREEN)
    for angle in np.arange(6) * np.pi / 3:
        _disc(draw, side, (0.5 + 0.19 * np.sin(angle), 0.34 - 0.19 * np.cos(angle)), 0.12, _RED)
    _disc(draw, side, (0.5, 0.34), 0.10, _AMBER)


def _disc(
    draw: ImageDraw.ImageDraw, side: int, centre: tuple[float, float], radius: float, colour: tuple[int, int, int]
) -> None:
    (x, y), corners = centre, (-radius, radius)
    draw.ellipse([((x + corner) * side, (y + corner) * side) for corner in corners], fill=colour)


_DRAWN = {"ieee": _grey_logo, "flower": _flower}
