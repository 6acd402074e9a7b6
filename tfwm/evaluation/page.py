"""The report as one HTML file that a lawyer can read: nothing to install, nothing to fetch, nothing secret."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from tfwm.evaluation import wording
from tfwm.evaluation.report import Report, Row
from tfwm.files import replacing
from tfwm.kinds import Kind, kind_called

RESIDUAL_GAIN = 10.0
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Photo:
    """One photograph of the test part; float `[height, width, channels]` in [0, 1], all of one size.

    Args:
      name: shown under the row.
      input: what the host receives.
      unmarked: what the host answers.
      marked: what the marked model answers.
    """

    name: str
    input: np.ndarray
    unmarked: np.ndarray
    marked: np.ndarray


@dataclass(frozen=True)
class ExtractedMark:
    """What the extractor found in one suspect's outputs, averaged over the probe images.

    Args:
      label: of the report's row.
      logo: float `[height, width, channels]` in [0, 1], or None for a scheme without a logo.
      agreement: bool `[rows, columns]`, which cells agree with the owner's code (never the code), or None.
    """

    label: str
    logo: np.ndarray | None = None
    agreement: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.agreement is not None and (self.agreement.dtype != bool or self.agreement.ndim != 2):
            raise ValueError(
                f"`agreement` must be bool [rows, columns], got {self.agreement.dtype} {list(self.agreement.shape)}. "
                "Compare the extracted cells with the owner's code; the code itself must not reach a page."
            )


@dataclass(frozen=True)
class Pictures:
    """The pictures of the page; two or three photographs are enough.

    Args:
      photos: shown as input, unmarked output, marked output and residual.
      marks: one per suspect, in the report's order.
      logo: the owner's own logo, for comparison; float in [0, 1], or None.
    """

    photos: tuple[Photo, ...] = ()
    marks: tuple[ExtractedMark, ...] = ()
    logo: np.ndarray | None = None


def write_report_page(
    path: str | Path, summary: Mapping[str, Any], report: Report, pictures: Pictures, tensorboard_dir: str
) -> Path:
    """Writes one self-contained HTML file.

    Args:
      path: of the file.
      summary: read for `title`, `written` (a date), `key_fingerprint`, `blessed`, `reasons`, `seconds` (stage to
        seconds), `peak_memory_mb` and `served` (`endpoint_verdict`, what `extract` gave for the owner's token and for
        a wrong one (see `TOKENS`), and `verdicts`: a list of such verdicts with `suspect` and `expected`); whatever is
        not there is left out, and nothing else is shown.
      report: what the battery measured.
      pictures: what to show.
      tensorboard_dir: where the logs are, as the reader can open them.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Autoescape: labels come from file names and settings that others wrote.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(one_in=wording.one_in, power_of_ten=wording.power_of_ten, found=wording.found,
                               share=wording.share)  # fmt: skip
    endpoints = _endpoint_verdicts(summary)
    nulls = _nulls([*(row.verdict for row in report.rows), *endpoints])
    text = environment.get_template("report.html.jinja").render(
        summary=_shown(summary), report=report, groups=_groups(report, nulls), nulls=nulls,
        endpoints=[_endpoint(verdict, nulls) for verdict in endpoints],
        answer=wording.answer(report), defeats=wording.defeats(report), tensorboard_dir=tensorboard_dir,
        photos=[_photo(photo) for photo in pictures.photos], logo=_png(pictures.logo),
        marks=[_mark(mark, report) for mark in pictures.marks],
    )  # fmt: skip
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o644)
    return Path(path)


SHOWN = ("title", "written", "key_fingerprint", "blessed", "reasons", "seconds", "peak_memory_mb")
# What a served model gives out for a token; each kind's template has a sentence on its own.
TOKENS = ("wrong_token_nc_centred", "key_samples", "token_hits", "wrong_token_hits")


def _shown(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A list of what may be shown, so that a field added to the summary later cannot slip onto the page."""
    shown = {name: summary.get(name) for name in SHOWN}
    served = summary.get("served") or {}
    return {**shown, "tokens": {name: served.get(name) for name in TOKENS}}


def _endpoint_verdicts(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    served = summary.get("served") or {}
    one = [served["endpoint_verdict"]] if served.get("endpoint_verdict") else []
    return list(served.get("verdicts") or one)


def _nulls(verdicts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every null hypothesis once, in order of appearance; the tables refer to them by number."""
    return list(dict.fromkeys(str(verdict["null"]) for verdict in verdicts))


def _groups(report: Report, nulls: list[str]) -> list[dict[str, Any]]:
    """The table: a heading and its rows for every group, in the report's order."""
    return [
        {
            "heading": wording.GROUPS.get(group, (group, ""))[0],
            "rows": [_row(row, kind_called(report.kind), nulls) for row in report.of_group(group)],
        }
        for group in dict.fromkeys(row.group for row in report.rows)
    ]


def _row(row: Row, kind: Kind, nulls: list[str]) -> dict[str, Any]:
    words = {"origin": wording.origin(row, kind), "expected": wording.EXPECTED[row.expected]}
    quality = {name: getattr(row, name) for name in kind.columns.values()}
    return {"label": row.label, "ok": row.ok, **_figures(row.verdict, nulls), **words, **quality}


def _endpoint(verdict: Mapping[str, Any], nulls: list[str]) -> dict[str, Any]:
    expected = verdict.get("expected", "marked")
    ok = expected == "recorded" or verdict["marked"] == (expected == "marked")
    words = {"label": verdict.get("suspect", "the marked model"), "origin": "", "expected": wording.EXPECTED[expected]}
    return {"ok": ok, **_figures(verdict, nulls), **words}


def _figures(verdict: Mapping[str, Any], nulls: list[str]) -> dict[str, Any]:
    figures = {name: verdict[name] for name in ("marked", "score", "threshold", "p_value")}
    return {**figures, "null": nulls.index(str(verdict["null"])) + 1}


def _photo(photo: Photo) -> dict[str, Any]:
    residual = np.abs(photo.marked - photo.unmarked) * RESIDUAL_GAIN
    frames = (
        ("Input", photo.input), ("Output without mark", photo.unmarked), ("Output with mark", photo.marked),
        ("Difference × 10", residual),
    )  # fmt: skip
    return {"name": photo.name, "frames": [{"caption": caption, "source": _png(image)} for caption, image in frames]}


def _mark(mark: ExtractedMark, report: Report) -> dict[str, Any]:
    row: Row | None = next((row for row in report.rows if row.label == mark.label), None)
    agreement = mark.agreement
    return {
        "label": mark.label, "logo": _png(mark.logo), "cells": None if agreement is None else agreement.tolist(),
        "agreeing": None if agreement is None else int(agreement.sum()),
        "size": None if agreement is None else int(agreement.size),
        "marked": None if row is None else row.verdict["marked"],
        "origin": "" if row is None else wording.origin(row, kind_called(report.kind)),
    }  # fmt: skip


def _png(image: np.ndarray | None) -> Markup | None:
    """A data URI, so that the page needs no second file."""
    if image is None:
        return None
    from PIL import Image

    pixels = np.round(np.clip(np.nan_to_num(image), 0.0, 1.0) * 255.0).astype(np.uint8)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return Markup("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
