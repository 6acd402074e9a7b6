"""Charts are pictures of one size, and what is drawn is in them."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.papers.engine.plots import DOTS_PER_INCH, SIZE_INCHES, bars, curves, matrix

pytestmark = pytest.mark.trains

SHAPE = (int(SIZE_INCHES[1] * DOTS_PER_INCH), int(SIZE_INCHES[0] * DOTS_PER_INCH), 3)


def _bars(height: float = 93.0, names: int = 2, groups: int = 3) -> np.ndarray:
    heights = {f"bar {name}": height + name for name in range(names)}
    return bars("A title", "%", {f"group {group}": heights for group in range(groups)})


CHARTS = {
    "bars": _bars,
    "one bar": lambda: _bars(names=1, groups=1),
    "many bars": lambda: _bars(names=9, groups=7),
    "no height": lambda: _bars(height=0.0, names=1),
    "curves": lambda: curves("ROC", ("x", "y"), {"a": ([0, 0.5, 1], [0, 0.8, 1]), "b": ([0, 1], [0, 1])}),
    "diagonal": lambda: curves("ROC", ("x", "y"), {"a": ([0, 1], [0, 1])}, diagonal=True),
    "matrix": lambda: matrix("Transfer", ("to", "from"), np.array([[99.0, 10.5], [0.0, 61.0]]), ("A", "B")),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_a_picture(name: str) -> None:
    picture = CHARTS[name]()
    assert (picture.dtype, picture.shape) == (np.uint8, SHAPE)
    assert picture.flags.owndata
    assert (picture[0, 0] == 255).all()
    assert (picture < 128).any()
    np.testing.assert_array_equal(CHARTS[name](), picture)


def test_what_is_drawn_decides_the_picture() -> None:
    assert (_bars(93.0) != _bars(40.0)).any()
    lines = {"a": ([0.0, 1.0], [0.2, 0.9])}
    assert (curves("t", ("x", "y"), lines) != curves("t", ("x", "y"), lines, diagonal=True)).any()
    first, other = (matrix("t", ("x", "y"), np.diag([value, 50.0]), "AB") for value in (90.0, 91.0))
    assert (first != other).any()


def test_rows_of_a_matrix_are_rows() -> None:
    """A dark cell in the first row is in the upper half."""
    dark = (matrix("", ("to", "from"), np.array([[0.0, 100.0], [0.0, 0.0]]), "AB") < 110).all(axis=2)
    rows, columns = np.nonzero(dark)
    middle = [np.median(rows) / SHAPE[0], np.median(columns) / SHAPE[1]]
    assert middle[0] < 0.5 < middle[1]
