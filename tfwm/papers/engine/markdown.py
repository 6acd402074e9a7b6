"""A result as a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfwm.papers.engine.results import Results

HOLDS = {True: "yes", False: "no", None: "open"}


def page(results: Results, title: str, picture: str | None = None, note: str = "") -> str:
    """The table, the claims, and what it was measured with.

    Args:
      title: what the experiment shows.
      picture: name of the sheet beside the page.
      note: how the scale differs from the paper's settings.
    """
    rows = [(row.label, figure(row.paper), figure(row.ours), row.unit) for row in results.rows]
    claims = [(claim.text, HOLDS[claim.holds], claim.why) for claim in results.claims]
    parts = [
        f"# {results.experiment}: {_in_cell(title)}",
        *([note] if note else []),
        _table(("", "paper", "ours", "unit"), ":--|--:|--:|:--", rows),
        "## The paper's claims, here",
        _table(("claim", "holds", "why"), ":--|:--|:--", claims),
        *([f"![{results.experiment}]({picture})"] if picture else []),
        _measured_with(results),
    ]
    return "\n\n".join(parts) + "\n"


def figure(value: float | str | None) -> str:
    """Four significant digits; a dash for what there is not."""
    if value is None:
        return "–"
    if isinstance(value, float) and abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _measured_with(results: Results) -> str:
    seeds = ", ".join(map(str, results.seeds))
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"Scale {results.scale}; seeds {seeds}; {results.seconds:,.1f} s from an empty cache; {versions}.\n"
        f"Again: `tfwm reproduce {results.experiment} --scale {results.scale} --seed {seeds.replace(',', '')}`"
    )


def _table(headings: Sequence[str], alignment: str, lines: Sequence[Sequence[str]]) -> str:
    rows = [headings, alignment.split("|"), *[[_in_cell(cell) for cell in line] for line in lines]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _in_cell(text: str) -> str:
    """A bar or a line break would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
