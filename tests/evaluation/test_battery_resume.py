from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.doubles import ATTACKS, KIND, POLICY, CellScheme, Shift, marked, owner_key, pairs, subjects
from tfwm.evaluation.battery import evaluate, plan, run_cell
from tfwm.evaluation.cells import slug
from tfwm.suspects import FunctionSuspect, KerasSuspect


def test_finished_rows_are_kept(run):
    first = evaluate(subjects(), ATTACKS, run, POLICY)
    CellScheme.calls.clear()
    second = evaluate(subjects(), ATTACKS, run, POLICY)
    assert CellScheme.calls == []
    assert second.rows == first.rows
    assert second.seconds == first.seconds == sum(row.seconds for row in first.rows)


def test_a_killed_evaluation_goes_on_where_it_stopped(run, monkeypatch):
    def killed(self, suspect, key, *, alpha):
        if len(self.calls) == 3:
            raise KeyboardInterrupt
        return verify(self, suspect, key, alpha=alpha)

    verify = CellScheme.verify
    monkeypatch.setattr(CellScheme, "verify", killed)
    with pytest.raises(KeyboardInterrupt):
        evaluate(subjects(), ATTACKS, run, POLICY)
    monkeypatch.setattr(CellScheme, "verify", verify)
    CellScheme.calls.clear()
    report = evaluate(subjects(), ATTACKS, run, POLICY)
    assert len(CellScheme.calls) == len(report.rows) - 3


@pytest.mark.parametrize(
    "changed",
    [
        {"alpha": 1e-5}, {"test": pairs(13)}, {"attacker": pairs(13)}, {"scheme": CellScheme(0.02)},
        {"marked": marked(owner_key(), 0.03)}, {"host": FunctionSuspect("host", lambda images: 0.8 * images)},
        {"key": owner_key(2)},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_a_changed_subject_is_measured_again(run, changed):
    cell = plan((), KIND)[0]
    run_cell(cell, subjects(), run)
    CellScheme.calls.clear()
    run_cell(cell, subjects(**changed), run)
    assert CellScheme.calls == ["marked"]


def test_another_seed_or_cell_is_measured_again_but_not_another_loudness(run, capsys):
    cell = plan((), KIND)[0]
    run_cell(cell, subjects(), run)
    CellScheme.calls.clear()
    run_cell(cell, subjects(), dataclasses.replace(run, quiet=False))
    assert CellScheme.calls == []
    run_cell(cell, subjects(), dataclasses.replace(run, seed=4))
    run_cell(dataclasses.replace(cell, expected="recorded"), subjects(), run)
    assert len(CellScheme.calls) == 2


def test_changed_code_is_measured_again(run, monkeypatch):
    cell = plan((), KIND)[0]
    run_cell(cell, subjects(), run)
    CellScheme.calls.clear()
    monkeypatch.setattr("tfwm.digests.code_digest", lambda: "another version")
    run_cell(cell, subjects(), run)
    assert len(CellScheme.calls) == 1


def test_weights_count_where_they_are_at_hand():
    class Network:
        def __init__(self, value):
            self.value = value

        def get_weights(self):
            return [np.full(3, self.value, np.float32)]

    def digest(value):
        return subjects(marked=KerasSuspect("same answers", Network(value))).digest

    assert digest(0.1) == digest(0.1)
    # Too small a change to show in the answers.
    assert digest(0.1) != digest(0.1000001)


def test_a_row_whose_network_is_gone_is_measured_again(run):
    cell = plan((Shift(),), KIND)[1]
    row = run_cell(cell, subjects(), run)
    saved = Path(row.model_path)
    assert saved.parent.name.startswith(slug("shift(0.02, 32)"))
    saved.unlink()
    assert run_cell(cell, subjects(), run).model_path == str(saved)
    assert saved.is_file()


def test_seeds_in_one_root_keep_their_own_networks(run, monkeypatch):
    """Seed 0, 1, 0 again: the kept row must name seed 0's network, not the one that seed 1 wrote since."""

    def save(self, suspect, data, run):
        run.directory.mkdir(parents=True, exist_ok=True)
        (run.directory / "model.keras").write_text(str(run.seed))
        return suspect

    monkeypatch.setattr(Shift, "__call__", save)
    cell = plan((Shift(),), KIND)[1]
    rows = [run_cell(cell, subjects(), dataclasses.replace(run, seed=seed)) for seed in (0, 1, 0)]
    assert [Path(row.model_path).read_text() for row in rows] == ["0", "1", "0"]
    assert rows[2] == rows[0]


def test_an_attack_is_tried_with_several_seeds_each_by_its_own_draws(run, monkeypatch):
    seen = []

    def draw(self, suspect, data, run):
        seen.append(run.seed)
        return suspect

    monkeypatch.setattr(Shift, "__call__", draw)
    cells = [cell for cell in plan((Shift(),), KIND, must_survive=("attack",), seeds=3) if cell.group == "attack"]
    rows = [run_cell(cell, subjects(), run) for cell in cells]
    name = repr(Shift())
    assert [row.label for row in rows] == [name, f"{name}, seed 2", f"{name}, seed 3"]
    assert {row.tried for row in rows} == {name}
    assert {row.expected for row in rows} == {"marked"}
    assert seen == [run.seed, run.seed + 1, run.seed + 2]
    assert [run_cell(cell, subjects(), run) for cell in cells] == rows
    assert len(seen) == 3
    with pytest.raises(ValueError, match="`seeds` must be 1 or more, got 0"):
        plan((Shift(),), KIND, seeds=0)
