"""What the demo leaves behind: a table on the screen, summary.json and report.html."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from skimage.transform import resize

from pipelines.demo.endpoints import Served
from pipelines.demo.figure import write_figure
from pipelines.summary import RunSummary
from tfwm.evaluation.page import ExtractedMark, Photo, Pictures, write_report_page
from tfwm.evaluation.report import Report, Row, versions
from tfwm.files import write_json
from tfwm.keys import OwnerKey
from tfwm.suspects import as_float
from tfwm.types import ImagePairs, Scheme, Suspect

PAGE_SIDE = 480
VERDICT_FIELDS = ("marked", "score", "p_value", "null", "nc", "nc_blank", "nc_centred", "classifier", "bits", "n")


@dataclass(frozen=True)
class Outcome:
    """Everything that the summary and the page tell."""

    run: RunSummary
    report: Report
    endpoints: Sequence[Mapping[str, Any]]
    served: Served | None
    seconds: Mapping[str, float]


def verdicts(outcome: Outcome) -> list[dict[str, Any]]:
    """One object a suspect: the battery's rows, then the endpoints."""
    rows = [{"suspect": row.label, "expected": row.expected, **_chosen(row.verdict)} for row in outcome.report.rows]
    return rows + [
        {"suspect": found["suspect"], "expected": found["expected"], **_chosen(found)} for found in outcome.endpoints
    ]


def _chosen(verdict: Mapping[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in VERDICT_FIELDS if name in verdict}


def summary(outcome: Outcome, seed: int) -> dict[str, Any]:
    """The content of summary.json; nothing secret."""
    served = outcome.served
    return {
        "seed": seed,
        "seconds": {name: round(value, 1) for name, value in outcome.seconds.items()},
        "steps": [{"name": s.name, "state": s.state, "seconds": round(s.seconds, 1)} for s in outcome.run.steps],
        "peak_memory_mb": peak_memory_mb(),
        "fidelity": dict(outcome.report.fidelity),
        "verdicts": verdicts(outcome),
        "blessed": outcome.run.blessed,
        "reasons": list(outcome.run.reasons),
        "served": None if served is None else {
            "endpoint_verdict": bool(outcome.endpoints[0]["marked"]),
            "token_nc_centred": served.token_nc_centred,
            "wrong_token_nc_centred": served.wrong_token_nc_centred,
        },
        "versions": versions(),
    }  # fmt: skip


def peak_memory_mb() -> int:
    """The largest process of this run, in MiB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) // 1024


def table(outcome: Outcome) -> str:
    """Suspect, expected, found, bits, p-value, NC centred, PSNR: one line each."""
    lines = [f"{'suspect':<46} {'expected':<9} {'found':<9} {'bits':>5} {'p-value':>8} {'NC':>6} {'centred':>7}"]
    for found in verdicts(outcome):
        answer = "marked" if found["marked"] else "unmarked"
        bits = f"{found['bits']:.0f}/{found['n']}" if "bits" in found else "-"
        lines.append(
            f"{found['suspect'][:46]:<46} {found['expected']:<9} {answer:<9} {bits:>5} "
            f"{found['p_value']:>8.1e} {found['nc']:>6.3f} {found['nc_centred']:>7.3f}"
        )
    return "\n".join(lines)


def write(
    root: Path, outcome: Outcome, key: OwnerKey, scheme: Scheme, photos: Mapping[str, ImagePairs], host: Suspect,
    marks: Mapping[str, Suspect], tensorboard: Path, seed: int,
) -> tuple[Path, Path]:  # fmt: skip
    """Writes summary.json and report.html.

    Args:
      marks: the suspects whose extracted marks are shown, by row label.
    """
    document = summary(outcome, seed)
    facts = {
        "title": "Who owns this model?", "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "key_fingerprint": key.fingerprint, "blessed": outcome.run.blessed, "reasons": outcome.run.reasons,
        "seconds": document["seconds"], "peak_memory_mb": document["peak_memory_mb"],
    }  # fmt: skip
    if outcome.served is not None:
        facts["served"] = {**document["served"], "verdicts": list(outcome.endpoints)}
    shown = _photos(outcome, photos, host)
    if outcome.served is not None:
        write_figure(root / "marked.png", shown[0], outcome.served.logo, outcome.served.wrong_logo)
    pictures = Pictures(tuple(map(_for_the_page, shown)), _marks(marks, key, scheme), as_float(key.arrays["logo"]))
    page = write_report_page(root / "report.html", facts, outcome.report, pictures, str(tensorboard))
    return write_json(root / "summary.json", document), page


def _photos(outcome: Outcome, photos: Mapping[str, ImagePairs], host: Suspect) -> tuple[Photo, ...]:
    if outcome.served is None:
        return ()
    return tuple(
        Photo(
            name, as_float(pair.inputs[0]), np.clip(host(pair.inputs)[0], 0, 1), as_float(outcome.served.outputs[name])
        )
        for name, pair in photos.items()
    )


def _for_the_page(photo: Photo) -> Photo:
    """A page that opens at once: large photographs are shown smaller."""
    factor = PAGE_SIDE / max(photo.input.shape[:2])
    if factor >= 1:
        return photo
    size = tuple(round(factor * side) for side in photo.input.shape[:2])
    return Photo(photo.name, *(resize(picture, size) for picture in (photo.input, photo.unmarked, photo.marked)))


def _marks(marks: Mapping[str, Suspect], key: OwnerKey, scheme: Scheme) -> tuple[ExtractedMark, ...]:
    shown = []
    for label, suspect in marks.items():
        reading = scheme.reading(suspect, key)
        shown.append(ExtractedMark(label, reading["logo"], reading.get("agreement")))
    return tuple(shown)


def survivors(report: Report) -> list[Row]:
    """Attack rows whose model was kept, best imitation first."""
    kept = [
        row for row in report.rows if row.group == "attack" and row.model_path and row.label.startswith("surrogate")
    ]
    return sorted(kept, key=lambda row: row.psnr_to_marked_db or 0.0, reverse=True)
