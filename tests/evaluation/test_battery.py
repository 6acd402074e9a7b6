from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from tests.evaluation.doubles import ATTACKS, KIND, POLICY, Careless, Shift, marked, owner_key, subjects
from tfwm.evaluation.battery import evaluate, plan, run_cell
from tfwm.evaluation.cells import Cell
from tfwm.evaluation.policy import decide
from tfwm.evaluation.report import Report
from tfwm.suspects import FunctionSuspect


def test_the_plan_always_holds_the_controls(run):
    cells = plan(ATTACKS, KIND, must_survive=("shift(0.02, 32)",))
    assert [(c.label, c.group, c.subject, c.expected) for c in cells[:6]] == [
        ("unattacked", "unattacked", "marked", "marked"),
        ("erase", "attack", "marked", "recorded"),
        ("shift(0.02, 32)", "attack", "marked", "marked"),
        ("shift(0.05, 32)", "attack", "marked", "recorded"),
        ("unmarked host", "control", "host", "unmarked"),
        ("surrogate of the unmarked host", "control", "host", "unmarked"),
    ]
    assert cells[5].attack == {"attack": "surrogate", "amount": 0.02, "size": 32}
    assert [(c.key_seed, c.expected) for c in cells[6:11]] == [(seed, "unmarked") for seed in range(1, 6)]
    assert [c.label for c in cells[11:]] == [f"trivial: {n}" for n in ("constant", "echo", "noise", "mean image")]


def test_no_attacks_still_mean_controls(run):
    assert {c.group for c in plan((), KIND)} == {"unattacked", "control", "wrong key", "trivial"}


def test_the_group_name_demands_every_attack(run):
    assert {c.expected for c in plan(ATTACKS, KIND, must_survive=("attack",)) if c.group == "attack"} == {"marked"}


def test_two_rows_of_one_name_are_refused(run):
    with pytest.raises(ValueError, match="must have labels that differ"):
        plan((Shift(), Shift()), KIND)


def test_an_evaluation_finds_the_mark_where_it_is_and_nowhere_else(run):
    report = evaluate(subjects(), ATTACKS, run, POLICY)
    found = {row.label: row.verdict["marked"] for row in report.rows}
    assert {label for label, there in found.items() if there} == {"unattacked", "shift(0.02, 32)", "shift(0.05, 32)"}
    assert all(row.ok for row in report.rows)
    decision = decide(report, POLICY)
    assert decision.blessed, decision.reasons


def test_fidelity_by_hand(run):
    report = evaluate(subjects(), (), run, POLICY)
    # The pattern is +-0.01 everywhere: 40 dB. Nothing is near enough to 0 or 1 to be clipped.
    assert report.fidelity["psnr_marked_vs_unmarked_db"] == pytest.approx(40.0, abs=1e-3)
    rows = {row.label: row for row in report.rows}
    assert rows["unmarked host"].psnr_to_marked_db == pytest.approx(40.0, abs=1e-3)
    assert rows["unmarked host"].psnr_db == report.fidelity["host_psnr_db"]
    assert rows["unattacked"].psnr_db == report.fidelity["marked_host_psnr_db"]
    # Inputs are the targets here, so echo is perfect, and perfection is no finite figure.
    assert rows["trivial: echo"].psnr_db is None
    assert rows["trivial: echo"].ssim == pytest.approx(1.0)
    assert rows["unattacked"].psnr_to_marked_db is None


def test_a_scheme_that_claims_everything_is_not_blessed(run):
    report = evaluate(subjects(Careless()), ATTACKS, run, POLICY)
    assert not any(row.ok for row in report.rows if row.expected == "unmarked")
    reasons = decide(report, POLICY).reasons
    assert sum(reason.startswith("False claim") for reason in reasons) == 2 + 5 + 4


def test_the_mark_of_another_owner_is_not_recognised(run):
    row = run_cell(plan((), KIND)[0], subjects(marked=marked(owner_key(2))), run)
    assert not row.verdict["marked"]
    assert not row.ok


def test_files_lie_where_they_were_promised(run):
    evaluate(subjects(), ATTACKS, run, POLICY)
    folders = {path.relative_to(run.directory).parts[0] for path in run.directory.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r".*-[0-9a-f]{12}", name) for name in folders - {"rows"})
    assert {re.sub(r"-[0-9a-f]{12}$", "", name) for name in folders} == {
        "rows",
        "shift-0.02-32",
        "shift-0.05-32",
        "surrogate-of-the-unmarked-host",
    }


def test_answers_of_another_size_have_no_fidelity(run):
    small = FunctionSuspect("small", lambda images: images[:, ::2, ::2])
    cell = Cell("small", "control", "host")
    row = run_cell(cell, subjects(Careless(), host=small), run)
    assert (row.psnr_db, row.psnr_to_marked_db, row.ssim) == (None, None, None)


def test_answers_that_are_not_finite_have_no_fidelity(run):
    broken = FunctionSuspect("broken", lambda images: images * np.nan)
    row = run_cell(Cell("broken", "control", "host"), subjects(Careless(), host=broken), run)
    assert row.psnr_db is None


def test_the_report_holds_no_secret_and_no_numpy(run, tmp_path):
    report = evaluate(subjects(), (), run, POLICY)
    text = report.save(tmp_path / "report.json").read_text()
    assert owner_key().secret.hex() not in text
    assert json.loads(text)["rows"][0]["verdict"]["bits"] == 64.0
    assert Report.load(tmp_path / "report.json") == report


def test_progress_is_one_line_a_cell_on_stderr(run, capsys):
    loud = dataclasses.replace(run, quiet=False)
    run_cell(plan((), KIND)[0], subjects(), loud)
    run_cell(plan((), KIND)[0], subjects(), loud)
    run_cell(Cell("unmarked host", "control", "host", expected="marked"), subjects(), loud)
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second, third = captured.err.splitlines()
    assert "unattacked" in first
    assert "recognised" in first
    assert "kept from before" in second
    assert "EXPECTED marked" in third
