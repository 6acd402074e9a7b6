"""The page on evidence says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tfwm.evidence.claims import ALPHA, GRINDABLE
from tfwm.evidence.statistics import log10_tails
from tfwm.evidence.views import FAMILIES
from tfwm.ownership.ledger import choices
from tfwm.schemes import make_scheme
from tfwm.schemes.deep_watermarking.readings import WAYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/evidence.md").read_text(encoding="utf-8")
TRIGGER, DEEP = make_scheme("trigger_image", "fast"), make_scheme("deep_watermarking", "fast")
BLIND, CONTENT = make_scheme("blind_watermark", "fast"), make_scheme("content_mark", "fast")
# Row of the table: independent questions, chance of each, looks. What is chosen among several has a factor beside.
ROWS = {
    "`trigger_image` fast": (TRIGGER.cells**2, 1 / 2, choices(TRIGGER.pieces)),
    "`deep_watermarking` fast, colour": (DEEP.bits, 1 / 2, 1),
    "the same, structure alone": (DEEP.structure, 1 / 2, 1),
    "the same, the map alone": (DEEP.cells**2, 1 / 2, 1),
    "`spread_spectrum`, `dct_mark`, `dft_mark`, `dwt_mark` fast": (make_scheme("dwt_mark", "fast").bits, 1 / 2, 1),
    "`self_watermarked` fast": (make_scheme("self_watermarked", "fast").bits, 1 / 2, 1),
    "`blind_watermark`, `deep_stego` fast, 40 of 120 shown": (40, 1 / 9, choices(BLIND.samples)),
    "the same, all 120 shown": (BLIND.samples, 1 / 9, choices(BLIND.samples)),
    "key methods (`content_mark`, ...) fast": (CONTENT.samples, 1 / 9, 1),
}

PLAIN = 2  # half of it is kept for the answers as they are
FACTORS = {
    "`deep_watermarking` fast, colour": DEEP.readings,
    "the same, structure alone": DEEP.readings * PLAIN,
    "the same, the map alone": DEEP.readings * DEEP.family.factor(0),
}


def _needed(n: int, chance: float, looks: float) -> int:
    level = np.log10(ALPHA) - np.log10(looks)
    return int(np.flatnonzero(log10_tails(n, chance) <= level + 1e-9)[0])


@pytest.mark.parametrize("row", ROWS)
def test_what_a_scheme_can_reach(row: str) -> None:
    n, chance, looks = ROWS[row]
    cells = next(line for line in PAGE.splitlines() if line.startswith(f"| {row} |")).strip("| ").split(" | ")
    asked = looks * FACTORS.get(row, 1)
    assert cells[-2] == f"{_needed(n, chance, asked)} of {n}"
    assert cells[-1] == f"{_needed(n, chance, asked * GRINDABLE)} of {n}"
    assert np.log10(float(cells[-3])) == pytest.approx(
        log10_tails(n, chance)[-1] + np.log10(FACTORS.get(row, 1)), abs=0.05
    )


def test_what_other_views_cost() -> None:
    factor, changed = DEEP.family.factor(1), PLAIN * (len(WAYS) - 1)
    assert _needed(64, 1 / 2, DEEP.readings * factor) == 56
    assert _needed(36, 1 / 2, DEEP.readings * factor) == 35
    assert _needed(96, 1 / 2, DEEP.readings * changed) == 75
    assert _needed(96, 1 / 2, DEEP.readings * changed * GRINDABLE) == 90
    text = " ".join(PAGE.split())
    assert "56 of 64 bits, or 35 of the 36" in text
    assert "needs 75 of 96, or 90" in text
    assert f"the functions behind it as well (times {changed} each)" in text
    assert f"times {factor} in each of the other {len(DEEP.family) - 1} of `frames`" in " ".join(PAGE.split())
    assert f"({FAMILIES['turns'].factor(1)} of `turns`)" in PAGE


def test_which_rows_are_exact_and_which_can_be_shown_in_parts() -> None:
    assert all(scheme.exact for scheme in (TRIGGER, DEEP, BLIND, CONTENT))
    assert (BLIND.divisible, CONTENT.divisible) == (True, False)
    for name in ("deep_watermarking", "blind_watermark", "deep_stego"):
        assert not make_scheme(name, "paper").exact
    assert f"{choices(BLIND.samples)} for {BLIND.samples} pieces" in PAGE


@pytest.mark.parametrize(("tries", "least"), [(1.0, 10), (GRINDABLE, 22)])
def test_how_many_samples_must_be_shown(tries: float, least: int) -> None:
    level = np.log10(ALPHA) - np.log10(tries * choices(BLIND.samples))
    assert log10_tails(least, 1 / 9)[-1] <= level < log10_tails(least - 1, 1 / 9)[-1]
    assert re.search(rf"at least {least} ", PAGE)


def test_every_word_of_a_refusal_stands_on_the_page() -> None:
    words = set()
    for path in [*(ROOT / "tfwm/ownership").glob("*.py"), ROOT / "tfwm/untrusted.py", ROOT / "tfwm/commands/reveal.py"]:
        words |= set(
            re.findall(r'(?:Untrusted|InvalidEvidence)Error\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
        )
    assert len(words) > 25
    assert not {word for word in words if f"`{word}`" not in PAGE}
