"""Tables VI to IX on verdicts that were laid out: the rows of each scheme, and when a mark counts as surviving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tfwm.papers.engine.cache import Cache
from tfwm.papers.quan2020 import overwriting
from tfwm.papers.quan2020.overwriting import overwritten
from tfwm.papers.quan2020.robustness import schemes_of, verdict_rows
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme
from tfwm.suspects import KerasSuspect
from tfwm.types import MarkedModel

PSNR = {"psnr": 28.5, "ssim": 0.8, "wpsnr": 35.0}


def _verdict(marked: bool = True, **changes: Any) -> dict[str, Any]:
    return {"marked": marked, "bits": 60 if marked else 33, "n": 64, "p_value": 1e-14 if marked else 0.4, "alpha": 1e-6,
            "distance_updated": 5e-3, "eta": 6.07e-3, "ncc": 0.97, **changes}  # fmt: skip


def _plain_and_coded(coded: dict[str, Any]) -> Any:
    """The verdict on the coded mark, or another on the paper's own, which is gone; both are laid in one line."""

    def found(recipe: Any) -> dict[str, Any]:
        of = recipe["of"]
        while "scheme" not in of:
            of = of["of"]
        return coded if of["scheme"]["coded"] else _verdict(False, distance_updated=8e-3)

    return found


@pytest.mark.parametrize("lost", [None, "10%", "25%"])
def test_table_6_judges_the_coded_mark_at_a_tenth_and_at_a_quarter(lost: str | None, tmp_path: Path) -> None:
    laid = {
        f"verification of * trigger_image, *, pruned {lost}": _plain_and_coded(_verdict(False)),
        "verification of * trigger_image, *": _plain_and_coded(_verdict()),
        "verification of * marked by label_image, *": {"ncc": 0.9, "p_value": 0.1},
        "verification of * marked by projected_label, *": {"ncc": 0.7, "p_value": 0.2}, "quality at home of *": PSNR,
    }  # fmt: skip
    findings = findings_of("quan2020.table6", StandIns(tmp_path, figures=laid))
    assert [claim.text for claim in findings.claims] == [
        "DnCNN: the mark survives (pruned 10%).", "DnCNN: the mark survives (pruned 25%).",
    ]  # fmt: skip
    assert holds(findings) == [lost != "10%", lost != "25%"]
    figures = {label: value for label, value in ours(findings).items() if label.startswith("DnCNN, pruned 30%, ")}
    assert figures == {
        f"DnCNN, pruned 30%, {what}": value for what, value in {
            "NCC Base-1": 0.9, "p-value Base-1": "1.0e-01", "NCC Base-2": 0.7, "p-value Base-2": "2.0e-01",
            "distance ours without the code": 8.0, "NCC ours without the code": 0.97,
            "p-value ours without the code": "4.0e-01", "PSNR on Set11": 28.5, "distance": 5.0, "eq. 8": "succeeded",
            "bits of 64": 60, "NCC ours": 0.97, "p-value ours": "1.0e-14",
        }.items()
    }  # fmt: skip
    assert {label: value for label, value in printed(findings).items() if "30%" in label} == {
        "DnCNN, pruned 30%, NCC Base-1": 0.9623, "DnCNN, pruned 30%, NCC Base-2": 0.739,
        "DnCNN, pruned 30%, PSNR on Set11": 29.42, "DnCNN, pruned 30%, distance": 2.82,
        "DnCNN, pruned 30%, eq. 8": "succeeded", "DnCNN, pruned 30%, NCC ours": 0.9857,
    }  # fmt: skip


def test_eq_8_fails_beyond_eta() -> None:
    rows = verdict_rows(HOSTS["dncnn"], "pruned 40%", "ours", _verdict(distance_updated=6.08e-3), None,
                        (28.39, 6.07, 0.9, 0.5, 0.9))  # fmt: skip
    (row,) = (row for row in rows if row.label.endswith("eq. 8"))
    assert (row.paper, row.ours) == ("succeeded", "failed")


@pytest.mark.parametrize("last", [True, False])
def test_table_7_judges_the_mark_after_the_last_epoch(last: bool, tmp_path: Path) -> None:
    laid = {"verification of *, 50 epochs on original data": _verdict(last), "verification of *": _verdict(not last),
            "quality at home of *": PSNR}  # fmt: skip
    findings = findings_of("quan2020.table7", StandIns(tmp_path, figures=laid))
    assert [claim.text for claim in findings.claims] == ["DnCNN: the mark survives (50 epochs on original data)."]
    assert holds(findings) == [last]
    assert printed(findings)["DnCNN, 10 epochs on original data, PSNR on Set11"] == 30.42
    assert printed(findings)["DnCNN, 50 epochs on original data, NCC ours"] == 0.9959


@pytest.mark.parametrize("survives", [True, False])
def test_table_8_judges_the_coded_mark_alone(survives: bool, tmp_path: Path) -> None:
    laid = {"verification of * trigger_image, *": _plain_and_coded(_verdict(survives)), "quality at home of *": PSNR,
            "verification of *": {"ncc": 0.9, "p_value": 0.1}}  # fmt: skip
    findings = findings_of("quan2020.table8", StandIns(tmp_path, figures=laid))
    assert holds(findings) == [survives]
    assert printed(findings)["DnCNN, one new key, distance"] == 3.66


@pytest.mark.parametrize("last", [True, False])
def test_table_9_judges_the_mark_after_five_keys(last: bool, tmp_path: Path) -> None:
    laid = {"verification of *, overwritten with 5": _verdict(last), "verification of *": _verdict(not last),
            "quality at home of *": PSNR}  # fmt: skip
    findings = findings_of("quan2020.table9", StandIns(tmp_path, figures=laid))
    assert [claim.text for claim in findings.claims] == ["RED: the mark survives (5 new keys)."]
    assert holds(findings) == [last]
    # Distance, NCC and PSNR of the second row.
    paper = printed(findings)
    assert [paper[f"RED, 2 new keys, {what}"] for what in ("distance", "NCC ours", "PSNR on Set11")] == [
        4.52, 0.9628, 29.95,
    ]  # fmt: skip


def test_every_key_of_the_thief_is_another_one_and_goes_over_the_last(tmp_path: Path, monkeypatch) -> None:
    """A network's weight counts the keys; the thief's machine has another seed at each."""
    turns: list[tuple[float, int]] = []

    def network(weight: float) -> keras.Model:
        layer = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(weight))
        return keras.Sequential([keras.Input((None, None, 1)), layer])

    class Counting:
        def __init__(self, scheme: dict, count: int):
            assert (scheme["scheme"], count) == ("trigger_image", 1)

        def __call__(self, suspect, data, run) -> KerasSuspect:
            turns.append((float(suspect.model.get_weights()[0].squeeze()), run.seed))
            return KerasSuspect("overwritten", network(turns[-1][0] + 1))

    class Marked(Cache):
        def marked(self, recipe, make) -> MarkedModel:
            return MarkedModel(network(0.0), None)  # type: ignore[arg-type]

    monkeypatch.setattr(overwriting, "Overwrite", Counting)
    context = smoke(Marked(tmp_path))
    subject = overwritten(context, "red", coded_scheme(context, "red"), 3)
    assert subject.model().get_weights()[0].squeeze() == 3
    assert turns == [(0, 101), (1, 102), (2, 103)]


def test_the_coded_mark_differs_from_the_papers_in_its_bits_alone(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    assert list(schemes_of(context, "vdsr")) == ["base1", "base2", "plain", "ours"]
    assert schemes_of(context, "vdsr")["ours"] == replace(
        schemes_of(context, "vdsr")["plain"], coded=True, gradient="gentle", alpha=1e-6
    )
