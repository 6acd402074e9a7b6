from __future__ import annotations

import dataclasses
import json
import math

import pytest

from tests.evaluation.doubles import report, row
from tfwm.evaluation.policy import Policy, decide

SURROGATE = "surrogate(unet-12, l1)"
POLICY = Policy(38.0, 0.3, 1e-6, (SURROGATE,))


def _reason(decision) -> str:
    assert not decision.blessed
    (reason,) = decision.reasons
    return reason


def test_a_report_that_meets_every_condition_is_blessed():
    decision = decide(report(), POLICY)
    assert decision.blessed
    assert decision.reasons == ()
    assert str(decision).startswith("Blessed")


def test_a_policy_without_thresholds_blesses_nothing():
    decision = decide(report(), Policy())
    assert not decision.blessed
    assert len(decision.reasons) == 4
    for name in ("min_psnr_marked_vs_unmarked_db", "max_host_loss_db", "alpha", "must_survive"):
        assert any(f"`{name}`" in reason for reason in decision.reasons)


@pytest.mark.parametrize(
    "policy", [Policy(None, 0.3, 1e-6, (SURROGATE,)), Policy(38.0, None, 1e-6, (SURROGATE,)), Policy(38.0, 0.3, 1e-6)]
)
def test_one_missing_threshold_is_enough(policy):
    assert not decide(report(), policy).blessed


def test_low_fidelity_is_named_with_figure_and_threshold():
    reason = _reason(decide(report(fidelity={"psnr_marked_vs_unmarked_db": 36.25}), POLICY))
    assert "36.25 dB" in reason
    assert "38 dB" in reason


def test_the_threshold_itself_is_enough():
    assert decide(report(fidelity={"psnr_marked_vs_unmarked_db": 38.0}), POLICY).blessed


def test_a_host_that_loses_too_much_is_named():
    reason = _reason(decide(report(fidelity={"marked_host_psnr_db": 30.95}), POLICY))
    assert "costs the host 0.45 dB" in reason
    assert "from 31.40 to 30.95 dB" in reason
    assert "at most 0.3 dB" in reason


@pytest.mark.parametrize("figure", [None, math.nan])
def test_a_figure_that_is_missing_is_no_pass(figure):
    for name in ("psnr_marked_vs_unmarked_db", "host_psnr_db", "marked_host_psnr_db"):
        assert "Fidelity" in _reason(decide(report(fidelity={name: figure}), POLICY))


def test_an_attack_that_must_be_survived_is_named():
    reason = _reason(decide(report(row(SURROGATE, "attack", "marked", 50)), POLICY))
    # 50 of 64 = 0.781; 51 of 64 = 0.797.
    assert SURROGATE in reason
    assert "score 0.781, a claim takes 0.797" in reason
    assert "a claim takes 1e-06 or less" in reason


def test_an_attack_that_must_be_survived_must_be_so_with_every_seed():
    again = dataclasses.replace(row(SURROGATE, "attack", "marked", 50), label=f"{SURROGATE}, seed 2", repeat=1)
    assert decide(report(), POLICY).blessed
    found = report()
    reason = _reason(decide(dataclasses.replace(found, rows=(*found.rows, again)), POLICY))
    assert f"Survival: {SURROGATE}, seed 2 is not recognised" in reason


def test_an_attack_that_nobody_demands_may_defeat_the_mark():
    assert not next(r for r in report().rows if r.label == "surrogate(plain-12, l2)").verdict["marked"]
    assert decide(report(), POLICY).blessed


def test_the_group_name_demands_every_attack():
    reason = _reason(decide(report(), Policy(38.0, 0.3, 1e-6, ("attack",))))
    assert "surrogate(plain-12, l2)" in reason


def test_an_attack_that_was_not_tried_is_no_survival():
    reason = _reason(decide(report(), Policy(38.0, 0.3, 1e-6, (SURROGATE, "jpeg(50)"))))
    assert "jpeg(50)" in reason
    assert "no such attack was evaluated" in reason


def test_the_unattacked_model_must_be_recognised_unasked():
    assert "unattacked" in _reason(decide(report(row("unattacked", "unattacked", "marked", 40)), POLICY))


@pytest.mark.parametrize(
    "label, group", [("unmarked host", "control"), ("wrong key 1", "wrong key"), ("trivial: echo", "trivial")]
)
def test_any_false_claim_forbids_the_blessing(label, group):
    reason = _reason(decide(report(row(label, group, "unmarked", 51)), POLICY))
    assert reason.startswith(f"False claim: {label}")


def test_the_policys_alpha_decides_whatever_level_the_verdicts_were_taken_at():
    # 51 of 64 has p = 8.5e-7: marked at 1e-6, not at 1e-7.
    strict = Policy(38.0, 0.3, 1e-7, (SURROGATE,))
    assert "not recognised" in _reason(decide(report(row(SURROGATE, "attack", "marked", 51)), strict))
    quiet = row("unmarked host", "control", "unmarked", 51)
    taken_at_1e_7 = {**quiet.verdict, "alpha": 1e-7, "marked": False}
    hidden = type(quiet)(**{**vars(quiet), "verdict": taken_at_1e_7})
    assert "False claim" in _reason(decide(report(hidden), POLICY))


@pytest.mark.parametrize("group", ["control", "wrong key", "trivial", "unattacked"])
def test_without_controls_there_is_no_blessing(group):
    full = report()
    fewer = type(full)(tuple(r for r in full.rows if r.group != group), full.fidelity, 1.0)
    assert not decide(fewer, POLICY).blessed


def test_a_policy_file(tmp_path):
    path = tmp_path / "policy.json"
    fields = {"min_psnr_marked_vs_unmarked_db": 38, "max_host_loss_db": 0.3, "alpha": 1e-6, "must_survive": [SURROGATE]}
    path.write_text(json.dumps(fields))
    assert Policy.load(path) == POLICY


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"min_psnr": 38}, "Policy has no field `min_psnr`"),
        ({"must_survive": "attack"}, "must be a list"),
        ({"alpha": "1e-6"}, "`alpha` must be a finite number"),
        ({"alpha": True}, "`alpha` must be a finite number"),
        ({"alpha": 0}, r"`alpha` must lie in \(0, 1\)"),
        ({"max_host_loss_db": math.nan}, "`max_host_loss_db` must be a finite number"),
        ([1], "must hold one JSON object"),
    ],
)
def test_a_policy_file_is_read_strictly(tmp_path, fields, message):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=message):
        Policy.load(path)
