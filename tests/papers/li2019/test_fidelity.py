"""Table 1 and figures 4 and 5 on figures that were laid out: rows, means and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, hits, holds, ours, printed
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.li2019.fidelity import cases

pytestmark = pytest.mark.trains

ACCURACIES = {
    "clean accuracy of classifier lenet1": 98.0, "clean accuracy of lenet1 marked by blind_watermark": 97.2,
    "clean accuracy of classifier lenet1, trained on without a mark": 98.5,
    "clean accuracy of classifier lenet3": 96.0, "clean accuracy of lenet3 marked by blind_watermark": 95.6,
    "clean accuracy of classifier lenet3, trained on without a mark": 95.5,
}  # fmt: skip
OWN, OTHER = (
    "verification with the key of * of lenet? marked by blind_watermark",
    "verification with the key of * of c*",
)


def test_figure_4_takes_the_loss_of_each_host_from_itself(tmp_path: Path) -> None:
    findings = findings_of("li2019.fig4", StandIns(tmp_path, figures=ACCURACIES))
    figures = ours(findings)
    # 98.0 - 97.2 and 96.0 - 95.6.
    assert figures.pop("mean loss of accuracy") == pytest.approx(0.6)
    assert figures.pop("largest loss of accuracy") == pytest.approx(0.8)
    assert figures == {
        "LeNet-1, seed 0, unmarked": 98.0, "LeNet-1, seed 0, marked": 97.2, "LeNet-3, seed 0, unmarked": 96.0,
        "LeNet-3, seed 0, marked": 95.6, "LeNet-1, seed 0, trained on without a mark": 98.5,
        "LeNet-3, seed 0, trained on without a mark": 95.5,
    }  # fmt: skip
    assert printed(findings) == {"mean loss of accuracy": 0.66}
    (claim,) = findings.claims
    assert claim.holds is True
    # 98.5 - 97.2 and 95.5 - 95.6.
    assert claim.why.endswith(
        "Against 2 hosts that were trained on without a mark the loss is +0.60 points (+1.30, -0.10)."
    )
    (picture,) = findings.pictures["Accuracy on the test part"].values()
    assert picture.dtype == np.uint8


@pytest.mark.parametrize(("marked", "holds_here"), [(96.5, True), (96.3, False)])
def test_figure_4_allows_a_mean_loss_of_one_point(marked: float, holds_here: bool, tmp_path: Path) -> None:
    """The other host loses 0.4: with 1.5 the mean is 0.95, with 1.7 it is 1.05."""
    figures = {**ACCURACIES, "clean accuracy of lenet1 marked by blind_watermark": marked}
    assert holds(findings_of("li2019.fig4", StandIns(tmp_path, figures=figures))) == [holds_here]


@pytest.mark.parametrize(
    ("marked", "unmarked", "expected"),
    # Of 20 samples an independent model hits at most 6 in 199 of 200 cases.
    [(18, 6, [True, True]), (17, 6, [False, True]), (18, 7, [True, False])],
)
def test_figure_5_wants_nine_tenths_of_the_labels_and_chance_of_unmarked_hosts(
    marked: int, unmarked: int, expected: list[bool], tmp_path: Path
) -> None:
    def of_lenet1(here: int, there: int) -> Any:
        return lambda recipe: hits(here if "lenet1" in recipe["key"]["what"] else there)

    laid = {OWN: of_lenet1(marked, 20), OTHER: of_lenet1(unmarked, 2)}
    findings = findings_of("li2019.fig5", StandIns(tmp_path, figures=laid))
    figures = ours(findings)
    assert figures["LeNet-1, seed 0, marked"] == 100 * marked / 20
    assert figures["LeNet-1, seed 0, unmarked"] == pytest.approx(100 * unmarked / 20)
    assert (figures["LeNet-3, seed 0, marked"], figures["LeNet-3, seed 0, unmarked"]) == (100, 10)
    # 0.1 to the power of 20.
    assert figures["LeNet-3, seed 0, marked, p-value"] == "1.0e-20"
    assert holds(findings) == expected


@pytest.mark.parametrize(("unmarked", "expected"), [(0, True), (21, True), (22, False)])
def test_figure_5_takes_few_hits_for_chance(unmarked: int, expected: bool, tmp_path: Path) -> None:
    """Of 120 samples an independent model hits at most 21 in 199 of 200 cases; who knows the covers' classes, none."""
    laid = {OWN: hits(120, 120), OTHER: hits(unmarked, 120)}
    assert holds(findings_of("li2019.fig5", StandIns(tmp_path, figures=laid))) == [True, expected]


@pytest.mark.parametrize(("least", "holds_here"), [(20.1, True), (20.0, False)])
def test_table_1_wants_every_host_above_twice_the_chance(least: float, holds_here: bool, tmp_path: Path) -> None:
    laid = {"clean accuracy of classifier dpn26": least, "clean accuracy of classifier *": 60.0}
    findings = findings_of("li2019.table1", StandIns(tmp_path, figures=laid))
    assert ours(findings)["DPN-26 (cifar10), test accuracy"] == least
    assert printed(findings)["DPN-26 (cifar10), test accuracy"] == 94.53
    assert len(findings.rows) == 15
    assert holds(findings) == [holds_here]


def test_desk_takes_three_seeds_of_two_hosts(tmp_path: Path) -> None:
    desk = Context("desk", (0,), tmp_path, Cache(tmp_path))
    seeds = [name for name, _ in cases(desk)]
    assert sorted(seeds.count(name) for name in set(seeds)) == [1, 1, 3, 3]
    assert {"lenet5", "vgg13", "resnet18", "mobilenet_v2"} == set(seeds)
