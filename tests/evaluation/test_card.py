from __future__ import annotations

import re

import pytest

from tests.evaluation.doubles import POLICY, report, row
from tfwm.evaluation.card import FIDELITY, ModelFacts, sections, write_card
from tfwm.evaluation.policy import Decision, decide
from tfwm.kinds import KINDS

FACTS = ModelFacts(
    "derain", "deep_watermarking", "0a1b", "ff" * 32, "1 May 2026", ("serving_default", "serving_bytes"),
    {"owner": 64, "attacker": 32, "test": 12}, (32, 48, 3),
)  # fmt: skip


@pytest.fixture
def card(tmp_path):
    """Both files' text."""
    return [
        path.read_text(encoding="utf-8") for path in write_card(tmp_path, FACTS, report(), decide(report(), POLICY))
    ]


def test_both_files_say_the_same(card, tmp_path):
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.html", "card.md"]
    for text in card:
        for word in ("derain", "deep_watermarking", "0a1b", "ff" * 32, "32 x 48 x 3", "serving_bytes", "1 May 2026"):
            assert word in text
        for found in report().rows:
            assert found.label in text
        for section in sections(FACTS, report(), Decision(True)):
            assert section.heading in text


def test_the_table_has_a_line_for_each_part_and_each_row(card):
    markdown = card[0]
    assert "| owner | 64 |" in markdown
    assert "| test | 12 |" in markdown
    lines = [line for line in markdown.splitlines() if line.startswith(f"| {report().rows[0].label} |")]
    assert len(lines) == 1
    assert re.search(r"\| yes \| recognised \| 1\.000 \| 0\.797 \|", lines[0])


def test_a_card_of_a_model_that_is_not_fit_says_why(tmp_path):
    markdown, html = write_card(tmp_path, FACTS, report(), Decision(False, ("Survival: jpeg(50) <is> gone.",)))
    assert "It is not fit for release." in markdown.read_text(encoding="utf-8")
    assert "Survival: jpeg(50) &lt;is&gt; gone." in html.read_text(encoding="utf-8")


def test_what_defeats_the_mark_stands_under_limits():
    limits = sections(FACTS, report(row("jpeg(5)", "attack", "recorded", 30)), Decision(True))[-1]
    said = "After these attacks the model is not recognised: surrogate(plain-12, l2), jpeg(5)."
    assert (limits.heading, limits.sentences[0]) == ("Limits", said)
    unbeaten = report(row("surrogate(plain-12, l2)", "attack", "recorded", 60))
    assert sections(FACTS, unbeaten, Decision(True))[-1].sentences[0] == (
        "None of the attacks that were tried defeats the mark."
    )


def test_the_page_loads_nothing_from_elsewhere(card):
    assert "default-src 'none'" in card[1]
    assert not re.search(r"(src|href)=\"(?!data:)", card[1])


def test_every_fidelity_figure_of_every_kind_has_words():
    for kind in KINDS.values():
        assert set(kind.task_figures) <= FIDELITY.keys()
