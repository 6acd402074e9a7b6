"""Runs every attack and every control on a marked model, writes the report, and decides by your policy.

The policy is a JSON file; what it leaves out blesses nothing:

    {"min_psnr_marked_vs_unmarked_db": 38.0, "max_host_loss_db": 0.3, "alpha": 1e-6, "must_survive": ["jpeg(50)"]}

For a classifier "max_accuracy_loss" (0.01 is one point) takes the place of the two thresholds in dB.

--attacks is a JSON list, for instance [{"attack": "jpeg", "quality": 50}, {"attack": "prune", "share": 0.2}].

--suite full takes no model: it trains a small one for every scheme (or those of --schemes) on photographs that
scikit-image carries, tries every attack that applies to it, and writes the matrix: matrix.md, matrix.json, matrix.png.

Exit code 0: blessed, or the matrix is whole and holds no false claim; 1: not. Writes report.json, policy.json,
decision.json, report.html, and work/ with the attacked networks and TensorBoard logs. A killed evaluation goes on
where it stopped: same command again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfwm.commands import options, suite_matrix
from tfwm.commands.result import DONE, NOT_VERIFIED, Result, add_output, say

if TYPE_CHECKING:
    from tfwm.evaluation.battery import Subjects
    from tfwm.evaluation.policy import Decision, Policy
    from tfwm.evaluation.report import Report
    from tfwm.keys import OwnerKey
    from tfwm.types import Attack

PATCHES = 1500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--model", metavar="FILE", help="the marked model, a .keras file")
    option("--host", metavar="FILE", help="the same host without the mark, a .keras file")
    option("--key", metavar="KEYDIR", help="the owner's key folder; no attack sees it")
    option("--policy", metavar="JSON", help="what the model must show before it may be released")
    option("--attacks", metavar="JSON", help="a list of attacks (default: the usual ones for the key's scheme)")
    option("--out", metavar="FOLDER", help="where everything is written (of a suite: results/matrix)")
    suite_matrix.add_arguments(parser)
    options.add_data(parser, f"{PATCHES}, of the thief's photographs")
    options.add_code(parser)
    options.add_machine(parser)
    add_output(parser)


@options.knowing_code
def run(arguments: argparse.Namespace) -> Result:
    """Measures every attack and control, writes the report, and decides; exit code 1 where the model is not blessed.

    Raises:
      InvalidKeyError: the key was changed.
      ValueError: a policy, an attack or a model that does not fit.
    """
    if arguments.suite:
        return suite_matrix.run(arguments)
    _check_given(arguments)
    from tfwm.commands import opening
    from tfwm.evaluation.battery import evaluate
    from tfwm.evaluation.policy import Policy, decide
    from tfwm.evaluation.tensorboard import write_tensorboard

    # Whatever can be wrong in a file is found before the first training.
    policy, key, out = Policy.load(arguments.policy), opening.load_key(arguments.key), Path(arguments.out)
    attacks = _attacks(arguments.attacks, key)
    subjects = subjects_of(arguments, policy, key)
    run = opening.run_of(arguments, out / "work")
    say(f"{len(attacks)} attacks, and the controls, on {subjects.marked.name}")
    report = evaluate(subjects, attacks, run, policy)
    decision = decide(report, policy)
    _write(out, report, policy, decision)
    write_tensorboard(report, Path(run.directory) / "tensorboard", decision)
    _write_page(out, report, decision, subjects)
    return result_of(out, subjects.key.fingerprint, report, decision)


def _check_given(arguments: argparse.Namespace) -> None:
    missing = [f"--{name}" for name in ("model", "host", "key", "policy", "out") if getattr(arguments, name) is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} must be given, or `--suite full` for every scheme without a model.")


def result_of(out: Path, fingerprint: str, report: Report, decision: Decision) -> Result:
    """The table and the decision; exit code 1 where the model is not blessed.

    Args:
      out: the folder that holds the report.
      fingerprint: of the owner's key.
      report: what was measured.
      decision: by the policy.
    """
    from tfwm.commands import opening

    document = {
        "blessed": decision.blessed, "reasons": list(decision.reasons), "key_fingerprint": fingerprint,
        "fidelity": dict(report.fidelity), "report": str(out / "report.json"), "page": str(out / "report.html"),
        "rows": [{"suspect": row.label, "expected": row.expected, "ok": row.ok, **row.verdict} for row in report.rows],
    }  # fmt: skip
    text = f"{report.to_table()}\n\n{decision}\nThe report for people: {out / 'report.html'}"
    return Result(text, opening.plain(document), DONE if decision.blessed else NOT_VERIFIED)


def _attacks(path: str | None, key: OwnerKey) -> list[Attack]:
    from tfwm.attacks import attack_from_dict
    from tfwm.evaluation.defaults import usual_attacks
    from tfwm.files import read_json
    from tfwm.schemes import scheme_of

    if path is None:
        return list(usual_attacks(scheme_of(key)))
    values = read_json(path)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError(f'`--attacks` {path} must hold a JSON list of objects, as [{{"attack": "jpeg"}}]. Mend it.')
    return [attack_from_dict(value) for value in values]


def subjects_of(arguments: argparse.Namespace, policy: Policy, key: OwnerKey) -> Subjects:
    """Both models, and the thief's and the test part of the data.

    Args:
      arguments: of the command.
      policy: its level decides what a claim is; where it has none, the scheme's does.
      key: the owner's.

    Raises:
      ValueError: a model that is no host of the scheme's kind, or not for these data.
    """
    from tfwm.commands import opening
    from tfwm.evaluation.battery import Subjects
    from tfwm.kinds import Wanted, kind_called
    from tfwm.schemes import scheme_of
    from tfwm.suspects import KerasSuspect

    scheme = scheme_of(key)
    kind = kind_called(scheme.kind)
    networks = {"--model": opening.load_network(arguments.model), "--host": opening.load_network(arguments.host)}
    for option, network in networks.items():
        kind.check(network, None, option)
    counts = {"attacker": arguments.patches or PATCHES, "test": kind.test_count}
    wanted = Wanted(
        counts, scheme.image_size, scheme.channels, None, networks["--model"], arguments.task, arguments.patches,
        arguments.seed,
    )  # fmt: skip
    parts = kind.read(arguments.data, wanted, say)
    for option, network in networks.items():
        kind.check(network, parts["test"], option)
    return Subjects(
        scheme=scheme, key=key,
        marked=KerasSuspect("marked model", networks["--model"]),
        host=KerasSuspect("unmarked host", networks["--host"]),
        attacker=parts["attacker"], test=parts["test"],
        alpha=scheme.alpha if policy.alpha is None else policy.alpha,
    )  # fmt: skip


def _write(out: Path, report: Report, policy: Policy, decision: Decision) -> None:
    from tfwm.config import to_dict
    from tfwm.files import write_json

    report.save(out / "report.json")
    write_json(out / "policy.json", to_dict(policy))
    write_json(out / "decision.json", to_dict(decision))


def _write_page(out: Path, report: Report, decision: Decision, subjects: Subjects) -> None:
    from datetime import datetime, timezone

    from tfwm.evaluation.page import write_report_page
    from tfwm.evaluation.pictures import pictures_of

    summary = {
        "title": "Is the mark there, and does it survive?", "key_fingerprint": subjects.key.fingerprint,
        "written": datetime.now(timezone.utc).strftime("%d %B %Y, %H:%M UTC"), "blessed": decision.blessed,
        "reasons": list(decision.reasons), "seconds": {"attacks and verification": report.seconds},
    }  # fmt: skip
    write_report_page(out / "report.html", summary, report, pictures_of(report, subjects), "work/tensorboard")
