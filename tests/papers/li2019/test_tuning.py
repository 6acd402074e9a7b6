"""Table 2 on verdicts that were laid out: what survives a thief's fine-tuning, and by how much key accuracy drops."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.papers.standins import StandIns, findings_of, hits, holds, ours, printed
from tfwm.papers.engine.cache import Cache
from tfwm.papers.li2019 import tuning

pytestmark = pytest.mark.trains


def _laid(before: int, after: int) -> dict:
    return {
        "verification*, 10 epochs of fine-tuning": hits(before), "verification*, 20 epochs of fine-tuning": hits(after),
        "verification*": hits(before), "clean accuracy*, 10 epochs of fine-tuning": 91.0,
        "clean accuracy*, 20 epochs of fine-tuning": 90.0, "clean accuracy*": 92.0,
    }  # fmt: skip


def test_rows_are_of_every_tenth_epoch(tmp_path: Path) -> None:
    findings = findings_of("li2019.table2", StandIns(tmp_path, figures=_laid(20, 19)))
    figures = ours(findings)
    assert [figures[f"VGG-13, {epochs} epochs"] for epochs in (0, 10, 20)] == [100, 100, 95]
    assert [figures[f"VGG-13, {epochs} epochs, accuracy"] for epochs in (0, 10, 20)] == [92, 91, 90]
    assert printed(findings) == {"VGG-13, 0 epochs": 95.75, "VGG-13, 10 epochs": 92.5, "VGG-13, 20 epochs": 90.25}
    assert [claim.text for claim in findings.claims] == [
        "VGG-13: the mark survives 20 epochs of fine-tuning.",
        "VGG-13: key accuracy drops by at most 9.5 points in 20 epochs.",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (20, 19, [True, True]),  # by 5 points
        (20, 18, [True, False]),  # by 10 points
        (20, 11, [True, False]),  # of 20 samples 11 by chance: 7e-7
        (20, 10, [False, False]),  # 7e-6
        (11, 10, [False, True]),
    ],
)
def test_what_the_claims_say(before: int, after: int, expected: list[bool], tmp_path: Path) -> None:
    findings = findings_of("li2019.table2", StandIns(tmp_path, figures=_laid(before, after)))
    assert holds(findings) == expected
    assert f"{after} of 20 key samples" in findings.claims[0].why
    assert findings.claims[1].why == f"By {5 * (before - after):.1f}."


def test_all_epochs_come_from_one_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Really trained: the smallest host, whose rows are in one order, and copies that differ."""
    monkeypatch.setattr(tuning, "TABLE_2", {"lenet3": tuning.TABLE_2["vgg13"]})
    lines: list[str] = []
    figures = ours(findings_of("li2019.table2", Cache(tmp_path, lines.append)))
    assert [label for label in figures if label.endswith("epochs")] == [
        "LeNet-3, 0 epochs", "LeNet-3, 10 epochs", "LeNet-3, 20 epochs",
    ]  # fmt: skip
    assert sum("tuned of fine-tuning: measuring" in line for line in lines) == 1
    copies = [path.read_bytes() for path in sorted(tmp_path.glob("made/*epochs-of-fine-tuning-*/model.keras"))]
    assert len(copies) == len(set(copies)) == 2
