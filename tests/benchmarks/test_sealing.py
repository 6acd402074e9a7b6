"""The figures of the oracle attacks in `results/`: the page is made of them, and they say what the docs say."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sealing import THIEVES, TITLES, page
from tfwm.files import read_json

RESULTS = Path(__file__).parents[2] / "results"
ROWS = read_json(RESULTS / "sealing.json")["rows"]


def test_the_page_shows_the_figures() -> None:
    assert (RESULTS / "sealing.md").read_text(encoding="utf-8") == page(ROWS)


def test_every_thief_was_measured_with_both_attacks() -> None:
    expected = [(attack, TITLES[thief]) for attack in ("oracle_remove", "oracle_replace") for thief in THIEVES]
    assert [(row["attack"], row["oracle"]) for row in ROWS] == [("none", "-"), *expected]


def test_an_open_extractor_costs_the_mark_and_a_sealed_one_does_not() -> None:
    for row in ROWS:
        assert row["marked"] is not row["oracle"].startswith("open"), row
        assert (row["thiefs_bits"] == 64) == (row["attack"] == "oracle_replace" and row["oracle"].startswith("open"))
