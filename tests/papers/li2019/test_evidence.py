"""What the evidence is worth, on verdicts that were laid out; and an accuser whose models are the accused's twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.papers.standins import StandIns, findings_of, hits, holds, ours, pixel_reader

BOTH = ("labels last", "as published (delta 0.01)")


@pytest.mark.parametrize(
    ("last", "joint", "expected"),
    [
        ((2, 2), (2, 3), [True, True]),
        # 9 of 40 where 4 are expected: a chance of 0.0155; 10 of 40: 0.0051; 11: 0.0015.
        ((5, 5), (5, 6), [True, False]),
        ((6, 5), (5, 4), [False, True]),
    ],
)
def test_independent_hosts_are_counted_together(last: Any, joint: Any, expected: list[bool], tmp_path: Path) -> None:
    def found(recipe: dict) -> dict:
        key, asked = recipe["key"]["scheme"]["labels"], recipe["of"]["what"]
        if "marked" in asked:
            return hits(19)
        return hits((last if key == "last" else joint)["resnet18" in asked])

    findings = findings_of("li2019.labels", StandIns(tmp_path, figures={"verification*": found}))
    figures = ours(findings)
    for form, (first, second) in zip(BOTH, (last, joint), strict=True):
        assert figures[f"{form}: marked host"] == 95
        assert figures[f"{form}: unmarked VGG-13, seed 0"] == pytest.approx(5 * first)
        assert figures[f"{form}: unmarked ResNet-18, seed 0"] == pytest.approx(5 * second)
    assert holds(findings) == expected
    assert findings.claims[0].why.startswith(f"{sum(last)} of 40 hits by 2 hosts")


@pytest.mark.parametrize(
    ("accused", "p_value", "control", "counted", "expected"),
    [
        (0.9, 1e-15, 0.85, 1e-14, [False, True]),  # convicted by counting, but so would be the judge's model
        (0.9, 1e-15, 0.0, 1.0, [False, False]),  # and here it would not
        (0.9, 1e-15, 0.2, 0.13, [False, False]),
        (0.1, 0.61, 0.0, 1.0, [True, True]),
    ],
)
def test_what_an_accuser_reaches(accused, p_value, control, counted, expected, tmp_path: Path) -> None:
    verdicts = {"VGG-13, unmarked": {"share": accused, "p_value": p_value},
                "ResNet-18, unmarked": {"share": control, "p_value": counted}}  # fmt: skip
    laid = {"accusation of classifier vgg13": {"samples": 20, "verdicts": verdicts, "drawn": 0.1}}
    findings = findings_of("li2019.accuser", StandIns(tmp_path, figures=laid))
    assert ours(findings) == {
        "samples that the accuser found": 20,
        "VGG-13, unmarked, samples with the accuser's label": 100 * accused,
        "VGG-13, unmarked, p-value by counting": f"{p_value:.1e}",
        "ResNet-18, unmarked, samples with the accuser's label": 100 * control,
        "ResNet-18, unmarked, p-value by counting": f"{counted:.1e}",
    }  # fmt: skip
    assert holds(findings) == expected


def test_adversarial_examples_of_a_twin_are_all_answered_with_the_accusers_labels(tmp_path: Path) -> None:
    findings = findings_of("li2019.accuser", StandIns(tmp_path, models={"classifier *": pixel_reader()}))
    figures = ours(findings)
    assert figures["samples that the accuser found"] > 0
    assert figures["VGG-13, unmarked, samples with the accuser's label"] == 100
    assert figures["ResNet-18, unmarked, samples with the accuser's label"] == 100
    assert findings.claims[1].holds is True
