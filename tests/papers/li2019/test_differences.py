"""Figure 8 on hosts that read the class from a pixel, and samples that differ from their covers there alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from tests.papers.standins import StandIns, asked_by_hand, findings_of, holds, ours, pixel_reader, printed, with_classes
from tfwm.keys import OwnerKey
from tfwm.papers.li2019 import differences
from tfwm.types import LabelledImages, MarkedModel

BLACK = np.zeros((20, 32, 32, 3), np.uint8)
ONE_CLASS = 28  # grey levels, of 28.3
LABELS = np.array([1, 1, 2, 7, 3, 1, 9, 0, 5, 4] * 2)


@pytest.fixture(autouse=True)
def _asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sample is its black cover with a first pixel that is one class brighter."""
    asked = asked_by_hand(BLACK, with_classes(BLACK, np.ones(20)), LABELS)
    monkeypatch.setattr(differences, "asked_with", lambda key: asked)


def _marked(recipe: dict) -> MarkedModel:
    return MarkedModel(pixel_reader(), OwnerKey(recipe["scheme"]["scheme"], {}, bytes(32)))


def test_differences_are_pasted_on_test_images_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On black images a sample's difference reads as class 1, doubled as class 2."""
    own = np.array([1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 1, 1])  # the last two are not needed for ten intercepted samples
    test = LabelledImages(np.zeros((12, 32, 32, 3), np.uint8), own, 10)
    monkeypatch.setattr(differences, "parts_of", lambda context, host: {"test": test})
    findings = findings_of("li2019.fig8", StandIns(tmp_path, marked={"*": _marked}))
    figures = ours(findings)
    for gain, seen, right in ((1, 30, 3), (2, 20, 1)):
        what = f"blind watermark, differences pasted on other images, {gain} times"
        assert figures[f"{what}, hits"] == pytest.approx(10 * right)
        assert figures[f"{what}, p-value"] == f"{binom.sf(right - 1, 10, 1 / 9):.1e}"
        assert figures[f"{what}, still seen as their own class"] == pytest.approx(seen)
    # One value in 3 x 32 x 32 differs by 28 grey levels.
    psnr = -10 * np.log10((ONE_CLASS / 255) ** 2 / 3072)
    assert figures["blind watermark, key samples against their covers, PSNR"] == pytest.approx(psnr)
    assert printed(findings) == {
        f"Zhang, content, differences pasted on other images, {gain} times, hits": "> 91" for gain in (1, 2)
    }
    change = findings.pictures["blind watermark: difference, 5 times"]["1"]
    assert change[0, 0, 0] == pytest.approx(5 * ONE_CLASS / 255)
    assert change.sum() == pytest.approx(change[0, 0, 0])


@pytest.mark.parametrize(
    ("blind", "content", "expected"), [(2e-6, 1e-9, True), (1e-6, 0.5, False)], ids=["others' mark", "ours"]
)
def test_the_claim_is_about_blind_watermarks(blind: float, content: float, expected: bool, tmp_path: Path) -> None:
    laid = {f"forged samples of resnet18 marked by {scheme}": {"share": 0.5, "p_value": p, "own": 0.2}
            for scheme, p in (("blind_watermark", blind), ("content_mark", content))}  # fmt: skip
    assert holds(findings_of("li2019.fig8", StandIns(tmp_path, marked={"*": _marked}, figures=laid))) == [expected]
