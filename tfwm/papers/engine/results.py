"""The result files: what the paper says beside what we measured, for programs and for people."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tfwm.config import from_dict, to_dict
from tfwm.files import read_json, replacing, write_json
from tfwm.papers.engine.experiment import SCALES, Experiment
from tfwm.papers.engine.findings import Claim, Findings, Row
from tfwm.papers.engine.markdown import page
from tfwm.papers.engine.pictures import sheet


@dataclass(frozen=True)
class Results:
    """What a result file holds.

    Args:
      experiment: its id.
      scale: `smoke`, `desk` or `paper`.
      seeds: of every draw.
      seconds: what it takes from an empty cache: for things from the cache, what making them took then; things that
        several experiments share count in each.
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
    """`<out>/<paper>/<table>.json` of `<paper>.<table>`; the page and the pictures lie beside it."""
    paper, _, name = experiment.partition(".")
    return Path(out) / paper / f"{name}.json"


def check_may_replace(path: Path, scale: str) -> None:
    """A trial must not take the place of a measurement.

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

    Returns:
      The JSON file.
    """
    path = result_path(out, results.experiment)
    pictures = path.with_suffix(".png")
    with ExitStack() as files:
        # The last one entered is renamed first, so that a JSON file is there only with all that belongs to it.
        write_json(files.enter_context(replacing(path)), to_dict(results))
        text = page(
            results, experiment.title, pictures.name if findings.pictures else None,
            experiment.notes.get(results.scale, ""),
        )  # fmt: skip
        _write(files.enter_context(replacing(path.with_suffix(".md"))), text.encode())
        if findings.pictures:
            _write(files.enter_context(replacing(pictures)), sheet(findings.pictures))
    if not findings.pictures:
        pictures.unlink(missing_ok=True)
    return path


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)
