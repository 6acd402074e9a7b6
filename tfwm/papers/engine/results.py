"""The result files, for programs and for people: what the paper says beside what was measured here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tfwm.config import from_dict, to_dict
from tfwm.files import read_json, replacing, write_json
from tfwm.papers.engine.experiment import SCALES, Experiment
from tfwm.papers.engine.findings import Claim, Findings, Row
from tfwm.papers.engine.sheets import sheet

HOLDS = {True: "yes", False: "no", None: "open"}
"""Whether a claim holds, as the pages and the command line say it."""


@dataclass(frozen=True)
class Results:
    """What a result file holds.

    Args:
      experiment: its id.
      scale: `smoke`, `desk` or `paper`.
      seeds: of every draw.
      seconds: how long it takes from an empty cache. Of what lay in the cache, it counts what making that took then;
        what several experiments share counts in each.
      versions: of Python and the packages.
      rows: the table.
      claims: the paper's, and whether they hold.
    """

    experiment: str
    scale: str
    seeds: tuple[int, ...]
    seconds: float
    versions: dict
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]

    @classmethod
    def load(cls, path: str | Path) -> Results:
        """Reads a result file.

        Raises:
          ValueError: not JSON, or an unknown or missing field.
        """
        return from_dict(cls, read_json(path))


def result_path(out: str | Path, experiment: str) -> Path:
    """Where the JSON file of an experiment lies; its page and its pictures lie beside it.

    Args:
      out: the folder of all results.
      experiment: its id, `<paper>.<table>`.

    Returns:
      `<out>/<paper>/<table>.json`.
    """
    paper, _, name = experiment.partition(".")
    return Path(out) / paper / f"{name}.json"


def check_may_replace(path: Path, scale: str) -> None:
    """Refuses that a trial takes the place of a measurement.

    Args:
      path: of a result file, which may not be there yet.
      scale: of the new result.

    Raises:
      FileExistsError: there is a result of a larger scale.
    """
    order = list(SCALES)
    there = Results.load(path).scale if path.is_file() else order[0]
    if order.index(scale) < order.index(there):
        raise FileExistsError(
            f"`{path}` holds a result at scale {there}, which one at scale {scale} must not replace. Choose another "
            "place with --out, or allow it with --overwrite."
        )


def write_results(results: Results, experiment: Experiment, findings: Findings, out: str | Path) -> Path:
    """Writes the JSON file, the page and the picture sheet, all of them or none.

    Args:
      results: what the JSON file shall hold.
      experiment: whose title and notes stand on the page.
      findings: whose pictures are drawn.
      out: the folder of all results.

    Returns:
      The JSON file.
    """
    path = result_path(out, results.experiment)
    pictures = path.with_suffix(".png")
    with ExitStack() as files:
        # The last one entered is renamed first, so that a JSON file is there only with all that belongs to it.
        write_json(files.enter_context(replacing(path)), to_dict(results))
        note = experiment.notes.get(results.scale, "")
        text = page(results, experiment.title, pictures.name if findings.pictures else None, note)
        _write(files.enter_context(replacing(path.with_suffix(".md"))), text.encode())
        if findings.pictures:
            _write(files.enter_context(replacing(pictures)), sheet(findings.pictures))
    if not findings.pictures:
        pictures.unlink(missing_ok=True)
    return path


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)


def page(results: Results, title: str, picture: str | None = None, note: str = "") -> str:
    """A result as a Markdown page: the table, the claims, and what it was measured with.

    Args:
      results: what was measured.
      title: what the experiment shows.
      picture: name of the picture sheet beside the page; None where there is none.
      note: how the scale differs from the paper's settings.
    """
    rows = [(row.label, figure_text(row.paper), figure_text(row.ours), row.unit) for row in results.rows]
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


def figure_text(value: float | str | None) -> str:
    """A figure as the pages print it: four significant digits, texts as they are, and a dash for None."""
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
