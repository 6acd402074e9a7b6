"""`tfwm evaluate --suite full`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfwm.cli import main
from tfwm.evaluation.matrix.document import Matrix
from tfwm.evaluation.matrix.suite import STRENGTHS
from tfwm.types import CLASSIFICATION


@pytest.mark.parametrize(
    "words, message",
    [
        (("--suite", "full", "--model", "a.keras", "--policy", "p.json"), "got --model, --policy too"),
        (("--suite", "full", "--schemes", "label_imge"), "Did you mean `label_image`?"),
        (("--suite", "full", "--suite-data", "mnist.npz"), "`--suite-data` must be KIND=WHERE, got 'mnist.npz'"),
        (("--suite", "full", "--suite-data", "classifiers=mnist.npz"), "There is no kind of host `classifiers`"),
        (
            (
                "--suite",
                "some",
            ),
            "invalid choice",
        ),
        (("--model", "a.keras", "--out", "x"), "--host, --key, --policy must be given, or `--suite full`"),
    ],
)
def test_words_that_do_not_go_together_are_usage_errors(words: tuple[str, ...], message: str, capsys) -> None:
    assert main(["evaluate", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.trains
def test_a_scheme_against_everything_in_the_smallest_size(tmp_path: Path, capsys) -> None:
    out = tmp_path / "matrix"
    words = ["evaluate", "--suite", "full", "--schemes", "content_mark", "--epochs-scale", "0.2", "--cache",
             str(tmp_path / "cache"), "--out", str(out), "--json"]  # fmt: skip
    assert main(words) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["false_claims"], found["failed"]) == (0, 0)
    assert [row["scheme"] for row in found["schemes"]] == ["content_mark"]
    assert found["schemes"][0]["attacks"] == len(STRENGTHS[CLASSIFICATION])
    assert sorted(path.name for path in out.iterdir()) == ["matrix.json", "matrix.md", "matrix.png"]
    matrix = Matrix.load(out / "matrix.json")
    assert len(matrix.lines[0].entries) == sum("log10 p" in line for line in captured.err.splitlines())
    assert "--schemes content_mark" in (out / "matrix.md").read_text()
    # Everything is kept: the same call again trains nothing and measures nothing.
    assert main(words) == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == found
    assert "training a host" not in again.err
    assert Matrix.load(out / "matrix.json") == matrix
    assert (tmp_path / "cache/tiny-0").stat().st_mode & 0o777 == 0o700
