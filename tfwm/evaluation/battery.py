"""The battery: measures every cell of the plan, keeps finished rows on disk, and makes the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.config import from_dict, to_dict
from tfwm.digests import cell_digest, subjects_digest
from tfwm.evaluation.cells import Cell, plan, slug
from tfwm.evaluation.policy import Policy
from tfwm.evaluation.report import Report, Row, versions
from tfwm.files import read_json, write_json
from tfwm.keys import OwnerKey
from tfwm.kinds import Kind, Quality, kind_called
from tfwm.training import Run, check_run
from tfwm.types import Access, Attack, ImagePairs, LabelledImages, Scheme, Suspect

__all__ = ["Cell", "Subjects", "evaluate", "make_report", "measure_fidelity", "plan", "run_cell", "slug"]


_ASKED = 4  # images, of a model whose weights are not at hand


@dataclass(frozen=True)
class Subjects:
    """What every cell needs.

    Args:
      scheme: the method whose mark is looked for.
      key: the owner's.
      marked: the model that is to be released.
      host: the same host without the mark.
      attacker: the thief's own images; no photograph of the owner's. Labelled where the host is a classifier.
      test: images that neither side trained on, of the same kind.
      alpha: the false-claim probability that the owner accepts.
    """

    scheme: Scheme
    key: OwnerKey
    marked: Suspect
    host: Suspect
    attacker: ImagePairs | LabelledImages
    test: ImagePairs | LabelledImages
    alpha: float = 1e-6

    @cached_property
    def digest(self) -> str:
        """Changes with the settings, the key, either network and either part of the data."""
        models = [self._known_by(model) for model in (self.marked, self.host)]
        return subjects_digest(self.scheme, self.key, models, (self.attacker, self.test), self.alpha)

    def _known_by(self, model: Suspect) -> list[np.ndarray]:
        """The weights where they are at hand; else some answers, at 8 bits because machines round differently."""
        if model.access == Access.WEIGHTS:
            return model.model.get_weights()  # type: ignore[attr-defined]
        answers = np.nan_to_num(self.kind.quality(self.test[:_ASKED]).answers(model))
        return [np.round(255.0 * answers).astype(np.int64)]

    @property
    def kind(self) -> Kind:
        """Of the host: the kind that the scheme marks."""
        return kind_called(self.scheme.kind)

    @cached_property
    def quality(self) -> Quality:
        """How answers on the test part are measured."""
        return self.kind.quality(self.test)

    @cached_property
    def marked_on_test(self) -> np.ndarray:
        """What the marked model answers on the test part; every row is compared with it."""
        return self.quality.answers(self.marked)


def run_cell(cell: Cell, subjects: Subjects, run: Run) -> Row:
    """One row, from disk where an earlier call with the same cell, subjects and settings finished it.

    Args:
      cell: what to measure.
      subjects: on what.
      run: files go under `run.directory/<slug of the label>-<digest>` and `run.directory/rows` only.
    """
    run = replace(run, seed=run.seed + cell.repeat)
    name, digest = slug(cell.label), cell_digest(asdict(cell), subjects.digest, run)
    path = Path(run.directory) / "rows" / f"{name}-{digest}.json"
    row = _finished(path)
    kept = row is not None
    if row is None:
        # With the digest, because a row of another seed or subject names the network in its own folder.
        row = _measure(cell, subjects, run.child(f"{name}-{digest[:12]}"))
        write_json(path, to_dict(row))
    if not run.quiet:
        print(_progress(row, kept), file=sys.stderr, flush=True)
    return row


def _finished(path: Path) -> Row | None:
    if not path.is_file():
        return None
    row = from_dict(Row, read_json(path))
    # A row whose network was deleted since is measured again: the page and the server need the file.
    return row if not row.model_path or Path(row.model_path).is_file() else None


def _progress(row: Row, kept: bool) -> str:
    found = "recognised" if row.verdict["marked"] else "not recognised"
    note = "" if row.ok else f"  EXPECTED {row.expected}"
    seconds = "kept from before" if kept else f"{row.seconds:.1f} s"
    return f"  {row.label:<44} {found:<15} p {row.verdict['p_value']:.1e}  {seconds}{note}"


def _measure(cell: Cell, subjects: Subjects, run: Run) -> Row:
    start = time.perf_counter()
    suspect = _suspect(cell, subjects, run)
    attack_s = time.perf_counter() - start
    key = subjects.key if cell.key_seed is None else subjects.scheme.decoy(subjects.key, seed=cell.key_seed)
    verdict = subjects.scheme.verify(suspect, key, alpha=subjects.alpha)
    seconds = time.perf_counter() - start
    figures: dict[str, Any] = subjects.quality.row(subjects.quality.answers(suspect), subjects.marked_on_test)
    saved = Path(run.directory) / "model.keras"
    return Row(
        **asdict(cell),
        verdict={name: _plain(value) for name, value in verdict.as_dict().items()},
        ok=cell.expected == "recorded" or verdict.marked == (cell.expected == "marked"),
        **figures,
        seconds=seconds,
        model_path=str(saved) if cell.attack is not None and saved.is_file() else "",
        attack_s=attack_s if cell.attack is not None else 0.0,
    )


def _suspect(cell: Cell, subjects: Subjects, run: Run) -> Suspect:
    if cell.group == "trivial":
        return subjects.kind.guessers(subjects.attacker, seed=run.seed)[subjects.kind.trivial[cell.label]]
    suspect = subjects.marked if cell.subject == "marked" else subjects.host
    if cell.attack is None:
        return suspect
    from tfwm.attacks import attack_from_dict

    return attack_from_dict(dict(cell.attack))(suspect, subjects.attacker, run)


def evaluate(subjects: Subjects, attacks: Sequence[Attack], run: Run, policy: Policy) -> Report:
    """Every cell of the plan, one after the other; a killed evaluation goes on where it stopped.

    Args:
      subjects: what is evaluated.
      attacks: of the thief; for the kind of host that the scheme marks.
      run: the thief's machine; finished rows and attacked networks go to its directory.
      policy: says which attacks the mark must survive.

    Raises:
      ValueError: two attacks of one label, one for hosts of another kind, or one whose batches replicas cannot share.
    """
    cells = plan(attacks, subjects.kind, must_survive=policy.must_survive)
    check_run(run, *attacks)
    return make_report([run_cell(cell, subjects, run) for cell in cells], subjects)


def make_report(rows: Sequence[Row], subjects: Subjects, *, seconds: float | None = None) -> Report:
    """Rows that were measured anywhere, for instance by Beam workers, as one report.

    Args:
      rows: in the plan's order.
      subjects: for the fidelity figures.
      seconds: on the clock; by default those of all rows together, kept ones included.
    """
    total = sum(row.seconds for row in rows) if seconds is None else seconds
    return Report(tuple(rows), measure_fidelity(subjects), total, versions(), subjects.kind.name)


def measure_fidelity(subjects: Subjects) -> dict[str, float | None]:
    """What the mark does to the outputs, and to the host's own task, on the test part."""
    return subjects.quality.fidelity(subjects.marked_on_test, subjects.quality.answers(subjects.host))


def _plain(value: Any) -> Any:
    """JSON has neither numpy scalars nor infinities."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
