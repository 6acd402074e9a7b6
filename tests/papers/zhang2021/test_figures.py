"""Figures on networks and figures that were laid out: what their rows say, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.conftest import brighter
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.papers.zhang2021.baselines import methods
from tfwm.papers.zhang2021.figures import grey_histogram, hint
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.training import Run


def test_a_hint_is_the_mark_in_the_residual_or_in_its_strength() -> None:
    mark = np.zeros((8, 8, 3))
    mark[:, :4] = 1.0
    assert hint(0.01 * mark, mark) == pytest.approx(1.0)
    assert hint(-0.01 * mark, mark) == pytest.approx(-1.0)
    # Positive and negative by turns where the mark is white: its mean says nothing, its strength everything.
    signs = np.where(np.indices((8, 8)).sum(axis=0) % 2, 1.0, -1.0)[..., None]
    assert hint(0.01 * mark * signs, mark) == pytest.approx(1.0)
    flat = np.full((8, 8, 3), 0.01) * signs
    assert hint(flat, mark) == pytest.approx(0.0)


def test_figure_5_shows_five_pictures_of_each_case(laid_out, tmp_path) -> None:
    context = smoke(StandIns(tmp_path / "unused"))
    scheme, pictured = methods(context)["TSIW-64"], pairs(context, "debone", "owner")
    additive = scheme.train(brighter(0.0, 1), pictured, Run(tmp_path / "run", quiet=True), secret=bytes(32))
    findings = findings_of("zhang2021.fig5", laid_out({}, others={"debone marked by TSIW-64": additive}))
    first, pictures = findings.pictures.values()
    for shown in (first, pictures):
        assert [label.split(")")[0] for label in shown] == ["(A", "(B", "(C", "(D", "(E"]
    read = list(first.values())
    assert ours(findings)["TSIW-64, bits right of 16"] == int((read[3] == read[4]).sum())
    # A grey level of difference: 10 log10(255^2) = 48.13 dB, and ten of it on grey in the residual.
    assert ours(findings)["Debone-IEEE, PSNR of the picture"] == pytest.approx(48.13, abs=0.05)
    assert list(pictures.values())[2].max() == pytest.approx(0.5 + 10 / 255, abs=1e-3)
    assert ours(findings)["Debone-IEEE, correlation of the residual with the mark"] == pytest.approx(0.0, abs=0.1)
    # Untrained, R extracts nothing; the residual shows nothing either.
    assert holds(findings) == [False, True]


def test_figure_6_counts_the_pixels_that_would_have_to_move(laid_out) -> None:
    cache = laid_out({}, level=16 / 255)
    findings = findings_of("zhang2021.fig6", cache)
    given = np.float32(pairs(smoke(cache), "derain", "test").inputs) / 255
    first, second = grey_histogram(given), grey_histogram(np.clip(given + 16 / 255, 0, 1))
    moved = 0.5 * np.abs(first - second).sum()
    assert ours(findings)["Unmarked and marked, distance of the histograms"] == pytest.approx(moved, abs=0.01)
    assert holds(findings) == [False]
    assert holds(findings_of("zhang2021.fig6", laid_out({}, level=0.0))) == [True]


def test_a_grey_histogram_has_shares() -> None:
    images = np.zeros((1, 2, 2, 1), np.float32)
    images[0, 0] = 1.0
    shares = grey_histogram(images)
    assert (shares[0], shares[255], shares.sum()) == (0.5, 0.5, 1.0)


def test_figure_7_shows_every_surrogate_and_what_is_read_from_it(laid_out) -> None:
    findings = findings_of("zhang2021.fig7", laid_out({}))
    outputs, read = findings.pictures.values()
    assert list(outputs) == ["(A) input", "(B) marked", "(C) CNet", "(D) UNet"]
    assert [label.split("\n")[0] for label in read] == list(outputs)
    gain = np.mean(outputs["(C) CNet"] - outputs["(A) input"])
    assert gain == pytest.approx(2 / 255, abs=1e-3)
    assert holds(findings) == [False]


def _widths(narrow: dict[str, Any], wide: dict[str, Any]) -> dict[str, Any]:
    return {
        "marks by the key of *": CLEAN, "marks by its own key of *surrogate(cnet-2*": {**MARKED, **narrow},
        "marks by its own key of *surrogate(cnet-4*": {**MARKED, **wide},
        "quality of *surrogate(cnet-2*": {**QUALITY, "task_psnr": narrow.get("psnr", 20.0)},
        "quality of *": {**QUALITY, "task_psnr": 23.0},
    }  # fmt: skip


def test_figure_10_says_whether_better_surrogates_are_easier_to_read(laid_out) -> None:
    findings = findings_of("zhang2021.fig10", laid_out(_widths({"sr_nc": 3.0, "sr_c": 18.0, "centred": 0.3}, {})))
    figures = ours(findings)
    assert (figures["CNet_2, PSNR against the clean targets"], figures["CNet_4, SR_NC / SR_C"]) == (20.0, "100 / 100")
    assert printed(findings) == {}  # the paper has 8 and 256 channels, and at smoke there are neither
    assert holds(findings) == [True, True]
    assert "2 3 / 18 / 0.30, 4 100 / 100 / 0.97" in findings.claims[1].why
    assert list(findings.pictures["Outputs"]) == ["input", "CNet_2", "CNet_4", "the marked model"]
    lost = _widths({"psnr": 24.0}, {"sr_c": 49.0})
    assert holds(findings_of("zhang2021.fig10", laid_out(lost))) == [False, False]


def _cleaned(with_it: dict[str, Any], without: dict[str, Any]) -> dict[str, Any]:
    return {
        "marks in the inputs by the key of *clean_weight*": {**CLEAN, **without},
        "marks by the key of *clean_weight*": {**CLEAN, **without},
        "marks in the inputs by the key of *": {**CLEAN, **with_it}, "marks by the key of *": CLEAN,
        "marks by its own key of *": MARKED, "quality of *": QUALITY,
    }  # fmt: skip


def test_figure_11_says_what_is_printed_on_unmarked_pictures(laid_out) -> None:
    findings = findings_of("zhang2021.fig11", laid_out(_cleaned({}, {"nc": 0.97})))
    figures = ours(findings)
    assert figures["without clean loss, unmarked inputs (A), NC"] == "0.9700"
    assert figures["with clean loss, marked outputs, SR_NC / SR_C"] == "100 / 100"
    assert holds(findings) == [True, True]
    assert list(findings.pictures) == ["with clean loss", "without clean loss"]
    assert holds(findings_of("zhang2021.fig11", laid_out(_cleaned({"sr_nc": 1.0}, {})))) == [False, False]


def test_figure_12_compares_what_surrogates_keep_after_both_stages_and_after_one(laid_out) -> None:
    weak = {**MARKED, "centred": 0.5}
    figures = {
        "marks by its own key of *consistency_weight 0.0, surrogate*": MARKED,
        "marks by its own key of *consistency_weight 0.0, adversarial_stage False, surrogate*": weak,
        "marks by its own key of *": MARKED, "marks by the key of *": CLEAN, "quality of *": QUALITY,
    }  # fmt: skip
    findings = findings_of("zhang2021.fig12", laid_out(figures))
    # Both keep it after both stages; after the first alone, the one without the loss has 0.97 - 0.5 less.
    assert holds(findings) == [False, True]
    assert "Centred NC 0.970 with it and 0.500 without" in findings.claims[1].why
    said = ours(findings)
    assert said["the initial stage alone, without consistency loss, the surrogate, centred NC; NC of a blank"] == (
        "0.500; 0.930"
    )
    assert len(findings.pictures) == 4
