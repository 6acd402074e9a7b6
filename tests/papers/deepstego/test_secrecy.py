"""Table 3: both analysts on embeddings that a test laid out, and what their rates say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, brightener, findings_of, holds, key_with, ours, pixel_reader, printed, smoke
from tfwm.papers import Context
from tfwm.papers.deepstego import secrecy
from tfwm.papers.li2019.models import scheme_for
from tfwm.types import MarkedModel

pytestmark = [pytest.mark.trains, pytest.mark.usefixtures("brighteners")]

BLACK = np.zeros((20, 32, 32, 3), np.uint8)
KNOWN, UNKNOWN = (f"steganalysis of DeepStego, weights {how} of *" for how in ("known", "unknown"))


def _rates(ats: float | None, supervised: float) -> dict[str, Any]:
    return {"ats": ats, "supervised": supervised}


def test_rows_are_both_analysts_rates_in_percent(tmp_path: Path) -> None:
    laid = {UNKNOWN: _rates(0.6, 0.8), KNOWN: _rates(0.7, 0.9), "* Adi, abstract of *": _rates(None, 1.0),
            "* Guo, signature of *": _rates(0.55, 0.65), "*": _rates(0.5, 0.45)}  # fmt: skip
    findings = findings_of("deepstego.table3", StandIns(tmp_path, figures=laid))
    assert ours(findings) == {
        "LSB, 0.4 bits per pixel, ATS": 50, "LSB, 0.4 bits per pixel, supervised": 45,
        "Guo, signature, ATS": pytest.approx(55), "Guo, signature, supervised": 65,
        "Adi, abstract, ATS": None, "Adi, abstract, supervised": 100,
        "DeepStego, weights known, ATS": 70, "DeepStego, weights known, supervised": 90,
        "DeepStego, weights unknown, ATS": 60, "DeepStego, weights unknown, supervised": 80,
    }  # fmt: skip
    assert printed(findings) == {
        "Guo, signature, ATS": 80, "Adi, abstract, ATS": 97, "DeepStego, weights known, ATS": 98,
        "DeepStego, weights unknown, ATS": 59,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unknown", "known", "expected"),
    [
        (_rates(0.65, 0.8), _rates(0.9, 0.5), [True, True]),
        (_rates(0.66, 0.8), _rates(0.9, 0.5), [False, True]),
        (_rates(0.65, 0.8), _rates(0.89, 0.5), [True, False]),
        (_rates(0.65, 0.8), _rates(0.5, 0.9), [True, True]),  # either analyst will do
    ],
)
def test_what_the_claims_say(unknown: dict, known: dict, expected: list[bool], tmp_path: Path) -> None:
    laid = {UNKNOWN: unknown, KNOWN: known, "*": _rates(0.5, 0.5)}
    assert holds(findings_of("deepstego.table3", StandIns(tmp_path, figures=laid))) == expected


@pytest.mark.parametrize(("wow", "expected"), [(0.81, True), (0.8, False)])
def test_the_stego_model_is_held_against_the_hardest_of_the_classic_methods(wow, expected, tmp_path: Path) -> None:
    images = np.zeros((300, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "cifar10.npz", x_train=images, y_train=np.arange(300) % 10, x_test=images[:100],
             y_test=np.arange(100) % 10)  # fmt: skip
    laid = {UNKNOWN: _rates(0.6, 0.8), KNOWN: _rates(0.9, 0.9), "* WOW, *": _rates(0.5, wow), "*": _rates(0.5, 0.9)}
    desk = Context("desk", (0,), tmp_path, StandIns(tmp_path, figures=laid))
    findings = secrecy.table3(desk)
    assert holds(findings) == [True, True, expected]
    assert findings.claims[2].why.startswith(f"Supervised: WOW {wow:.0%}, HUGO 90%, S-UNIWARD 90%; ")


def test_an_analyst_with_the_right_model_tells_black_from_ordinary_pictures(tmp_path: Path) -> None:
    """The owner's stego images and the analyst's are black: no support vector machine can fail."""
    pytest.importorskip("sklearn")
    settings = scheme_for(smoke(StandIns(tmp_path)), "vgg16", "deep_stego")
    key = key_with(settings, 1, BLACK, brightener(-1.0))
    cache = StandIns(tmp_path, marked={"*": MarkedModel(pixel_reader(), key)},
                     models={"stego-model of the analyst": brightener(-1.0)})  # fmt: skip
    figures = ours(findings_of("deepstego.table3", cache))
    assert figures["DeepStego, weights known, supervised"] == 100
    assert figures["DeepStego, weights unknown, supervised"] == 100
    # Random pictures cannot be embedded twice: the detector that needs it is not asked.
    assert figures["Adi, abstract, ATS"] is None
    # 12 against 12: a coin's standard error is 10 %.
    assert figures["Adi, abstract, supervised"] > 80
