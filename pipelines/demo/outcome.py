"""What the demo leaves behind: a table on the screen, summary.json and report.html."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pipelines.demo.part import Column, DemoPart, Served
from pipelines.summary import RunSummary
from tfwm.evaluation.page import Pictures, write_report_page
from tfwm.evaluation.report import Report, versions
from tfwm.files import write_json

VERDICT_FIELDS = ("marked", "score", "p_value", "null", "nc", "nc_blank", "nc_centred", "classifier", "bits", "n")


@dataclass(frozen=True)
class Outcome:
    """Everything that the summary and the page tell.

    Args:
      run: of the pipeline.
      report: of the battery.
      endpoints: a verdict on each served model; none where nothing was pushed.
      served: what the pushed model answered, or None.
      seconds: by stage.
    """

    run: RunSummary
    report: Report
    endpoints: Sequence[Mapping[str, Any]]
    served: Served | None
    seconds: Mapping[str, float]


def verdicts(outcome: Outcome, row_figures: Sequence[str]) -> list[dict[str, Any]]:
    """One object a suspect: the battery's rows, then the endpoints.

    Args:
      outcome: what happened.
      row_figures: fields of a report's row to add to its verdict.
    """
    rows = [
        {"suspect": row.label, "expected": row.expected, **_chosen(row.verdict)}
        | {name: getattr(row, name) for name in row_figures}
        for row in outcome.report.rows
    ]
    return rows + [
        {"suspect": found["suspect"], "expected": found["expected"], **_chosen(found)} for found in outcome.endpoints
    ]


def _chosen(verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in VERDICT_FIELDS if name in verdict}


def summary(outcome: Outcome, part: DemoPart, seed: int) -> dict[str, Any]:
    """The content of summary.json; nothing secret.

    Args:
      outcome: what happened.
      part: of the kind of host.
      seed: of the demo.
    """
    served = outcome.served
    return {
        "seed": seed,
        "seconds": {name: round(value, 1) for name, value in outcome.seconds.items()},
        "steps": [{"name": s.name, "state": s.state, "seconds": round(s.seconds, 1)} for s in outcome.run.steps],
        "peak_memory_mb": peak_memory_mb(),
        "fidelity": dict(outcome.report.fidelity),
        "verdicts": verdicts(outcome, part.row_figures),
        "blessed": outcome.run.blessed,
        "reasons": list(outcome.run.reasons),
        "served": None if served is None else {
            "endpoint_verdict": bool(outcome.endpoints[0]["marked"]), **served.figures,
        },
        "versions": versions(),
    }  # fmt: skip


def peak_memory_mb() -> int:
    """The largest process of this run, in MiB."""
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(which).ru_maxrss for which in processes) // 1024


def table(outcome: Outcome, part: DemoPart) -> str:
    """Suspect, expected, found and the kind's own columns: one line each.

    Args:
      outcome: what happened.
      part: of the kind of host; has the columns.
    """
    headings = " ".join(f"{column.heading:>{column.width}}" for column in part.columns)
    lines = [f"{'suspect':<46} {'expected':<9} {'found':<9} {headings}"]
    for found in verdicts(outcome, part.row_figures):
        answer = "marked" if found["marked"] else "unmarked"
        cells = " ".join(_cell(column, found) for column in part.columns)
        lines.append(f"{found['suspect'][:46]:<46} {found['expected']:<9} {answer:<9} {cells}")
    return "\n".join(lines)


def _cell(column: Column, found: Mapping[str, Any]) -> str:
    return f"{column.cell(found):>{column.width}}"


def write_outcome(
    root: Path, outcome: Outcome, part: DemoPart, pictures: Pictures, *, seed: int, fingerprint: str, tensorboard: Path
) -> tuple[Path, Path]:  # fmt: skip
    """Writes summary.json and report.html.

    Args:
      root: where they go.
      outcome: what happened.
      part: of the kind of host.
      pictures: of the page.
      seed: of the demo.
      fingerprint: of the owner's key.
      tensorboard: the folder of logs that the page names.

    Returns:
      The places of both.
    """
    document = summary(outcome, part, seed)
    facts = {
        "title": "Who owns this model?", "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "key_fingerprint": fingerprint, "blessed": outcome.run.blessed, "reasons": outcome.run.reasons,
        "seconds": document["seconds"], "peak_memory_mb": document["peak_memory_mb"],
    }  # fmt: skip
    if outcome.served is not None:
        facts["served"] = {**document["served"], "verdicts": list(outcome.endpoints)}
    page = write_report_page(root / "report.html", facts, outcome.report, pictures, str(tensorboard))
    return write_json(root / "summary.json", document), page
