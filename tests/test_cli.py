"""The command line itself: help, errors, exit codes, one JSON document; no command does real work here."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import tfwm.commands
from tfwm.cli import main
from tfwm.commands import COMMANDS, evaluate, verify
from tfwm.commands.result import Result
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report
from tfwm.keys import InvalidKeyError
from tfwm.ownership import InvalidCertificateError
from tfwm.suspects import UnreachableError

ROOT = Path(__file__).parents[1]
VERIFY = ["verify", "--suspect", "a.keras", "--key", "k"]
SHARED = {
    "judgement_text",
    "kept_secret",
    "opening",
    "options",
    "owned",
    "protect_data",
    "quiet",
    "result",
    "suite_matrix",
    "verdict_text",
}


@pytest.mark.parametrize("words_given", [["--help"], ["verify", "--help"], ["--version"], ["nonsense"]])
def test_help_loads_nothing_heavy(words_given: list[str]) -> None:
    code = (
        f"import sys, tfwm.cli; tfwm.cli.main({words_given!r}); "
        "print([name for name in ('tensorflow', 'keras', 'tfx', 'scipy', 'grpc', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_overview_has_every_command_with_its_example(capsys) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name:<12} {command.help}\n{'':<15}{command.example}\n" in text
        assert command.example.split()[:2] == ["tfwm", name]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_teaches(name: str, capsys) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"example:\n  {COMMANDS[name].example}\n" in text
    assert "exit codes:" in text
    # What the example shows must exist.
    assert all(word in text for word in COMMANDS[name].example.split() if word.startswith("--"))


def test_every_module_is_a_command_or_shared() -> None:
    modules = {module.name for module in pkgutil.iter_modules(tfwm.commands.__path__)}
    assert modules - SHARED == {name.replace("-", "_") for name in COMMANDS}


def test_unknown_command_names_the_closest(capsys) -> None:
    assert main(["verfy"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tfwm: error: There is no command `verfy`. Did you mean `verify`?")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["verify", "--key", "k"], "the following arguments are required: --suspect"),
        (["protect", "--out", "o", "--seed", "-1"], "argument --seed: must be a whole number of at least 0, got '-1'"),
        (["protect", "--out", "o", "--patches", "0"], "must be a whole number of at least 1, got '0'"),
        (["protect", "--out", "o", "--epochs-scale", "nan"], "must be a number above 0, got 'nan'"),
        (["protect", "--out", "o", "--precision", "half"], "invalid choice: 'half'"),
        (["export", "--model", "m", "--out", "o"], "one of the arguments --key --public is required"),
        (["export", "--model", "m", "--out", "o", "--key", "k", "--public"], "not allowed with argument"),
    ],
)
def test_usage_errors_are_one_line(given: list[str], message: str, capsys) -> None:
    assert main(given) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tfwm: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.fixture
def verify_does(monkeypatch: pytest.MonkeyPatch):
    def set_to(action) -> None:
        monkeypatch.setattr(verify, "run", action)

    return set_to


def _raises(error: BaseException):
    def run(arguments):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("`a` must be b."), 2),
        (FileNotFoundError("`a` is not there."), 2),
        (FileExistsError("`a` exists."), 2),
        (PermissionError("`a` is closed."), 2),
        (LookupError("2 of 3 images were never recorded."), 2),
        (ImportError("no grpc."), 2),
        (InvalidKeyError("changed."), 3),
        (InvalidCertificateError("changed."), 3),
        (UnreachableError("nobody\nanswers."), 4),
        (ConnectionRefusedError("nobody answers."), 4),
    ],
)
def test_expected_errors_are_one_line_and_a_code(error: Exception, code: int, verify_does, capsys) -> None:
    verify_does(_raises(error))
    assert main(VERIFY) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"tfwm: error: {' '.join(str(error).split())}\n"


@pytest.mark.parametrize("error", [KeyError("x"), IndexError("x"), RuntimeError("x"), AttributeError("x")])
def test_a_crash_is_no_verdict(error: Exception, verify_does, capsys) -> None:
    verify_does(_raises(error))
    assert main(VERIFY) == 70
    captured = capsys.readouterr()
    assert "Traceback" in captured.err
    assert "a bug of tfwm" in captured.err.splitlines()[-1]


def test_verbose_shows_the_traceback(verify_does, capsys) -> None:
    verify_does(_raises(ValueError("`a` must be b.")))
    assert main([*VERIFY, "-v"]) == 2
    captured = capsys.readouterr()
    assert "Traceback" in captured.err
    assert captured.err.endswith("tfwm: error: `a` must be b.\n")


def test_interrupted(verify_does, capsys) -> None:
    verify_does(_raises(KeyboardInterrupt()))
    assert main(VERIFY) == 130
    assert "interrupted" in capsys.readouterr().err


def test_json_is_one_document_whatever_is_printed_meanwhile(verify_does, capsys) -> None:
    def run(arguments) -> Result:
        print("a progress bar")
        return Result("text", {"marked": True}, 1)

    verify_does(run)
    assert main([*VERIFY, "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"marked": True}
    assert captured.err == "a progress bar\n"
    assert main(VERIFY) == 1
    assert capsys.readouterr().out == "text\n"


def test_json_of_an_error(verify_does, capsys) -> None:
    verify_does(_raises(UnreachableError("nobody answers.")))
    assert main([*VERIFY, "--json"]) == 4
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"error": "nobody answers.", "exit_code": 4}


def test_evaluation_exits_with_the_decision() -> None:
    for decision, code in ((Decision(True), 0), (Decision(False, ("Survival: too weak.",)), 1)):
        result = evaluate.result_of(Path("out"), "ab12", Report((), {"ssim": None}, 1.0), decision)
        assert result.code == code
        assert result.document["reasons"] == list(decision.reasons)
        assert str(decision) in result.text


def test_serve_reports_a_wrong_model(capsys) -> None:
    assert main(["serve", "--model", "no-equals-sign"]) == 2
    assert "no-equals-sign" in capsys.readouterr().err
