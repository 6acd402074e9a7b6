"""A report in TensorBoard: one HParams session a row, the ROC of its scores, and the decision as text. No secret is
written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api

from tfwm.evaluation import charts
from tfwm.evaluation.cells import slug
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report, Row
from tfwm.evaluation.roc import auc, roc_curve
from tfwm.files import is_litter, new_directory

METRICS = {
    "score": "score", "log10_p": "log10 of the p-value", "psnr_db": "PSNR against clean targets, dB",
    "accuracy": "share of right classes", "agreement": "share of classes as the marked model gives them",
}  # fmt: skip
EVENTS = "events.out.tfevents."
_QUALITY = ("psnr_db", "accuracy", "agreement")


def write_tensorboard(report: Report, directory: str | Path, decision: Decision | None = None) -> Path:
    """Writes `directory/<row>` for every row; `tensorboard --logdir directory` shows them side by side.

    Each row stands there once: what an earlier report wrote is replaced, whole, when the new one is complete.

    Args:
      report: what was measured.
      directory: a folder of its own.
      decision: shown as text where given.

    Raises:
      ValueError: the folder holds files that TensorBoard did not write.
    """
    directory = Path(directory)
    _check_alone(directory)
    with new_directory(directory, overwrite=True) as temporary:
        with tf.summary.create_file_writer(str(temporary)).as_default(step=0):
            there = {name for row in report.rows for name in figures(row)}
            metrics = [api.Metric(name, display_name=shown) for name, shown in METRICS.items() if name in there]
            api.hparams_config(hparams=[api.HParam("attack"), api.HParam("group")], metrics=metrics)
            tf.summary.text("verdicts", _fenced(report.to_table()))
            if decision is not None:
                tf.summary.text("decision", _fenced(str(decision)))
            curve = roc_picture(report)
            if curve is not None:
                tf.summary.image("ROC of marked against unmarked scores", curve[None])
        for row in report.rows:
            _write_row(row, temporary / slug(row.label))
    return directory


def _check_alone(directory: Path) -> None:
    """Refuses to replace what is not ours."""
    files = (path for path in directory.rglob("*") if path.is_file())
    for path in files:
        if not path.name.startswith(EVENTS) and not is_litter(path.name):
            raise ValueError(
                f"`directory` must be a folder of the report's own, got `{directory}` with "
                f"`{path.relative_to(directory)}`, which would be deleted. Choose another folder."
            )


def figures(row: Row) -> dict[str, float]:
    """What a row contributes; a figure that does not exist is left out."""
    found = {"score": float(row.verdict["score"]), "log10_p": math.log10(row.verdict["p_value"])}
    quality = {name: getattr(row, name) for name in _QUALITY}
    return {**found, **{name: value for name, value in quality.items() if value is not None}}


def roc_picture(report: Report) -> np.ndarray | None:
    """The ROC of the scores of what began with the marked model against those of what has no mark, uint8 `[h, w, 3]`.

    Wrong keys, the unmarked host and what was made of it, and trivial suspects have none. None where there are no rows
    of one sort.

    Args:
      report: what was measured.
    """
    unmarked = [row.verdict["score"] for row in report.rows if row.expected == "unmarked"]
    marked = [row.verdict["score"] for row in report.rows if row.group in ("unattacked", "attack")]
    if not unmarked or not marked:
        return None
    figure = charts.new_figure(4.5, 4.5)
    axes = figure.add_subplot()
    axes.plot(*roc_curve(np.array(unmarked), np.array(marked)), drawstyle="steps-post")
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(
        xlabel=f"unmarked above the threshold, of {len(unmarked)}", ylabel=f"marked above it, of {len(marked)}",
        title=f"area {auc(np.array(unmarked), np.array(marked)):.3f}", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02),
    )  # fmt: skip
    return charts.picture_of(figure)


def _write_row(row: Row, directory: Path) -> None:
    with tf.summary.create_file_writer(str(directory)).as_default(step=0):
        api.hparams({"attack": row.label, "group": row.group}, trial_id=slug(row.label))
        for name, value in figures(row).items():
            tf.summary.scalar(name, value)


def _fenced(text: str) -> str:
    """Markdown would fold a table's lines into one."""
    return f"```\n{text}\n```"
