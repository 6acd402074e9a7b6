"""Experiments at scale smoke, really trained: they run, and a second time everything comes from the cache."""

from __future__ import annotations

import pytest

from tfwm.papers import Context
from tfwm.papers.engine.registry import chosen

pytestmark = pytest.mark.trains

FAST = ("quan2020.table11", "li2019.fig4", "deepstego.table4", "zhang2021.fig6", "zhang2021.section44")
SLOW = (
    "quan2020.table5", "quan2020.table7", "quan2020.table9", "quan2020.fig8", "quan2020.fig9", "quan2020.more_attacks",
    "quan2020.statistics", "li2019.table2", "li2019.fig6", "li2019.fig7", "li2019.fig9", "li2019.labels",
    "li2019.more_attacks", "deepstego.table3", "deepstego.table5", "survival.outputs", "survival.curves",
    "survival.classifiers", "survival.triggers", "zhang2021.table2", "zhang2021.table3", "zhang2021.table4",
    "zhang2021.table6", "zhang2021.table7", "zhang2021.table8", "zhang2021.table9", "zhang2021.table10",
    "zhang2021.table11", "zhang2021.fig5", "zhang2021.fig7", "zhang2021.fig9", "zhang2021.fig10", "zhang2021.fig11",
    "zhang2021.fig12", "zhang2021.fig13", "zhang2021.fig14",
)  # fmt: skip


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_an_experiment_runs_and_repeats_itself(name: str, trained: Context) -> None:
    (experiment,) = chosen([name])
    findings = experiment.load()(trained)
    made = sorted(path.name for path in (trained.cache.root / "made").iterdir())
    assert experiment.load()(trained).rows == findings.rows
    assert sorted(path.name for path in (trained.cache.root / "made").iterdir()) == made
    assert all(row.ours is not None or row.label == "Adi, abstract, ATS" for row in findings.rows)
    assert all(claim.why.endswith((".", "%")) for claim in findings.claims)
