"""The owner's picture: channels of its own, padding, what is refused, and what a verdict says of each extraction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.doubles import coarse_pairs, smallest_scheme
from tests.schemes.deep_watermarking.conftest import untrained, with_controls
from tfwm.data import encode_png, sample_logo
from tfwm.data.logos import read_logo
from tfwm.evidence.statistics import nc, nc_of_each
from tfwm.schemes.deep_watermarking import DeepWatermarking, verification
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run

LOGO_MARK = {"coded": False, "clean_outputs": False, "controls": 4, "alpha": 0.2}


def _file(folder: Path, picture: np.ndarray) -> str:
    (folder / "logo.png").write_bytes(encode_png(picture))
    return str(folder / "logo.png")


def _coloured(side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 120, (side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [8, 10, 13, 16])
def test_a_small_mark_lies_in_the_middle_of_white(size: int) -> None:
    mark = checked_mark(smallest_scheme(mark_size=size))
    first = (16 - size) // 2
    inner = mark[first : first + size, first : first + size]
    np.testing.assert_array_equal(inner, sample_logo(size))
    assert mark.shape == (16, 16, 3)
    assert mark.sum() == inner.sum(dtype=int) + 255 * 3 * (256 - size * size)


def test_a_mark_of_the_papers_smallest_size_takes_another_gate() -> None:
    """Table 6: padded with 255, a mark of 32 x 32 in 256 x 256 is matched by a blank extraction with NC above 0.95."""
    small = replace(DeepWatermarking.paper(), mark_size=32)
    with pytest.raises(ValueError, match="with NC 0.99., above `max_blank_nc` 0.95: .* set `max_blank_nc` to 1"):
        checked_mark(small)
    mark = checked_mark(replace(small, max_blank_nc=1.0))
    assert nc(np.ones(mark.shape), as_float(mark)) > 0.98
    assert (mark != 255).any(axis=(1, 2)).sum() <= 32


def test_a_coded_key_takes_any_logo(tmp_path: Path) -> None:
    for picture in (np.full((16, 16, 3), 255, np.uint8), 255 - _coloured() // 8):
        logo = _file(tmp_path, picture)
        np.testing.assert_array_equal(checked_mark(smallest_scheme(logo=logo)), picture)
        with pytest.raises(ValueError, match="of one colour" if picture.min() == 255 else "blank white extraction"):
            checked_mark(smallest_scheme(logo=logo, **LOGO_MARK))
    # Of one colour, a logo correlates with nothing: no gate lets it through.
    logo = _file(tmp_path, np.full((16, 16, 3), 90, np.uint8))
    with pytest.raises(ValueError, match="must show something where there is no code"):
        checked_mark(smallest_scheme(logo=logo, max_blank_nc=1.0, **LOGO_MARK))


def test_a_colour_logo_does_not_turn_grey_unasked(tmp_path: Path) -> None:
    logo, grey = _file(tmp_path, _coloured()), {"channels": 1, "structure": 0, "correction_psnr": 0.0}
    with pytest.raises(ValueError, match="in colour and would turn grey on a host of 1 channel. Set `mark_channels`"):
        checked_mark(smallest_scheme(logo=logo, **grey))
    np.testing.assert_array_equal(checked_mark(smallest_scheme(logo=logo, mark_channels=3, **grey)), _coloured())
    asked = checked_mark(smallest_scheme(logo=logo, mark_channels=1, **grey))
    np.testing.assert_array_equal(asked, read_logo(logo, 16, 1))
    # Grey stored as colour loses nothing.
    _file(tmp_path, np.repeat(_coloured()[..., :1], 3, axis=2))
    assert checked_mark(smallest_scheme(logo=logo, **grey)).shape == (16, 16, 1)


@pytest.mark.parametrize("text", ["qr:tfwm", "bits:8f3a01c42b7d965e"])
def test_a_mark_may_be_drawn(text: str) -> None:
    mark = checked_mark(smallest_scheme(image_size=32, cells=4, logo=text, mark_channels=1))
    assert set(np.unique(mark)) == {0, 255}
    assert mark.shape == (32, 32, 1)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"mark_size": 17}, "`mark_size` must not be above `image_size` 16, got 17: a mark is hidden in images"),
        ({"mark_size": 7}, "`mark_size` must be a whole number from 8 to 16, got 7. Use 0 for a mark as large"),
        ({"mark_channels": 2}, r"`mark_channels` must be 1 \(grey\), 3 \(colour\) or 0"),
        ({"max_blank_nc": 1.1}, "`max_blank_nc` must be a number from 0 to 1, got 1.1"),
        ({"success_nc": -0.1}, "`success_nc` must be a number from 0 to 1"),
    ],
)
def test_marks_out_of_range_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        smallest_scheme(**changes)


@pytest.mark.parametrize("coded", [True, False])
def test_a_grey_mark_on_a_colour_model(coded: bool) -> None:
    kind = {} if coded else LOGO_MARK
    made = untrained(smallest_scheme(cells=4, logo="bits:8", mark_channels=1, **kind))
    key = made.key if coded else with_controls(made.key, [-1.0] * 4)
    assert key.arrays["logo"].shape == (16, 16, 1)
    assert made.scheme.extract(key.arrays["probes"], key)["logo"].shape == (8, 16, 16, 1)
    verdict = made.scheme.verify(KerasSuspect("marked", made.model), key, alpha=0.2)
    assert 0 < verdict.p_value <= 1
    answers = made.model(as_float(key.arrays["probes"]), training=False)
    assert answers.shape == (8, 16, 16, 3)
    # The deployed network is the host, then H with these carriers.
    assert np.abs(answers - made.host(as_float(key.arrays["probes"]))).max() > 1e-3


def test_the_share_of_probes_whose_own_extraction_is_right(logo, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = as_float(logo.key.arrays["logo"])
    # NC of a scaled mark is 1, of a blank picture 0.74: three of the eight probes succeed.
    said = np.stack([(0.4 + 0.1 * index) * mark if index < 3 else np.ones_like(mark) for index in range(8)])
    monkeypatch.setattr(verification, "extract", lambda *_: {"logo": said})
    verdict = logo.scheme.verify(FunctionSuspect("echo", lambda images: images), logo.key, alpha=0.2)
    assert verdict.details["sr_nc"] == 3 / 8
    each = nc_of_each(said, mark)
    assert each[:3] == pytest.approx([1, 1, 1])
    assert each[3:] == pytest.approx([nc(np.ones_like(mark), mark)] * 5)
    assert verdict.threshold == 0.95


@pytest.mark.trains
def test_a_colour_mark_of_table_6_on_a_grey_model_from_start_to_verdict(tmp_path: Path) -> None:
    scheme = smallest_scheme(
        channels=1, correction_psnr=0.0, mark_channels=3, mark_size=8, max_blank_nc=1.0, coded=False,
        clean_outputs=False, controls=2, alpha=0.34,
    )  # fmt: skip
    pairs = coarse_pairs(40, 16, seed=1)
    grey = replace(pairs, inputs=pairs.inputs[..., :1], targets=pairs.targets[..., :1])
    made = scheme.train(None, grey, Run(tmp_path, quiet=True))
    assert made.key.arrays["logo"].shape == (16, 16, 3)
    verdict = scheme.verify(KerasSuspect("marked", made.model), made.key)
    assert 0 <= verdict.details["sr_nc"] <= 1
    assert verdict.details["nc_blank"] > 0.8
    assert scheme.decoy(made.key, seed=1).arrays["logo"].shape == (16, 16, 3)
