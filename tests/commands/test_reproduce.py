"""`tfwm reproduce` with a toy paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.papers import toy
from tfwm.cli import main
from tfwm.papers.engine import registry
from tfwm.registry import Table

pytestmark = pytest.mark.trains


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "PAPERS", Table("paper", {"toy": "tests.papers.toy:EXPERIMENTS"}))
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log.txt"))
    monkeypatch.setenv("TFWM_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_shows_what_there_is_and_how_long_it_takes(capsys) -> None:
    assert main(["reproduce", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["experiment", "smoke", "desk", "paper", "what", "it", "shows"]
    assert lines[2].split() == ["toy.table1", "30", "s", "12", "min", "10", "h", "Two", "rows"]
    assert lines[3].split() == ["toy.figure2", "6", "s", "?", "?", "Pictures"]
    assert main(["reproduce", "toy.table1", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "experiments": [{"id": "toy.table1", "title": "Two rows", "minutes": {"smoke": 0.5, "desk": 12, "paper": 600}}]
    }


def test_results_progress_and_the_claims_at_the_end(in_a_folder: Path, capsys) -> None:
    assert main(["reproduce", "toy.table1", "toy.figure2", "--scale", "desk", "--seed", "0", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == (
        "toy.table1 at scale desk, seeds 0, 1: results/toy/table1.md\n"
        "  yes   Rows are | made.\n  no    All rows are 7.\n  open  Rows are useful.\n\n"
        "toy.figure2 at scale desk, seeds 0, 1: results/toy/figure2.md\n  yes   There are pictures.\n"
    )
    assert captured.err.splitlines() == [
        "tfwm: toy.table1: Two rows", "tfwm: first row seed 0: measuring", "tfwm: first row seed 1: measuring",
        "tfwm: second row seed 0: measuring", "tfwm: second row seed 1: measuring", "tfwm: toy.figure2: Pictures",
    ]  # fmt: skip
    assert sorted(path.name for path in (in_a_folder / "results/toy").iterdir()) == [
        "figure2.json", "figure2.md", "figure2.png", "table1.json", "table1.md",
    ]  # fmt: skip


def test_a_second_run_takes_everything_from_the_cache(capsys) -> None:
    for _ in range(2):
        assert main(["reproduce", "--scale", "desk", "toy.table1"]) == 0
    assert toy.logged() == ["first 0", "second 0"]
    assert capsys.readouterr().err.splitlines()[-1] == "tfwm: second row seed 0: from the cache"


def test_smoke_is_the_default_and_stays_away_from_the_results(in_a_folder: Path, capsys) -> None:
    assert main(["reproduce", "toy.table1"]) == 0
    assert "runs/reproduce/smoke/toy/table1.md" in capsys.readouterr().out
    assert not (in_a_folder / "results").exists()


def test_smoke_never_replaces_desk(in_a_folder: Path, capsys) -> None:
    assert main(["reproduce", "toy.table1", "--scale", "desk"]) == 0
    before = (in_a_folder / "results/toy/table1.json").read_bytes()
    assert main(["reproduce", "toy.table1", "--scale", "smoke", "--out", "results"]) == 2
    assert "holds a result at scale desk, which one at scale smoke must not replace" in capsys.readouterr().err
    assert (in_a_folder / "results/toy/table1.json").read_bytes() == before
    assert toy.logged() == ["first 0", "second 0"]


def test_one_that_fails_does_not_stop_the_others(in_a_folder: Path, capsys) -> None:
    assert main(["reproduce", "toy.broken", "toy.figure2"]) == 70
    captured = capsys.readouterr()
    assert captured.out.startswith("toy.broken: FAILED: a mistake of ours (a bug of tfwm; please report it")
    assert "toy.figure2 at scale smoke" in captured.out
    assert "tfwm: toy.broken: FAILED: a mistake of ours" in captured.err
    assert "Traceback" in captured.err
    assert not (in_a_folder / "runs/reproduce/smoke/toy/broken.json").exists()


def test_missing_data_are_the_users_to_give(capsys) -> None:
    assert main(["reproduce", "toy.without_data", "--json", "--scale", "desk"]) == 2
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["results"] == document["files"] == []
    assert "`nowhere.tar` is not in `" in document["failed"]["toy.without_data"]
    assert "Traceback" not in captured.err
    assert main(["reproduce", "toy.without_data", "--data", "else/where"]) == 2
    assert "is not in `else/where`" in capsys.readouterr().out


def test_json_holds_the_results(capsys) -> None:
    assert main(["reproduce", "toy.figure2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["results"][0]["claims"] == [{"text": "There are pictures.", "holds": True, "why": "Look."}]
    assert document["files"] == ["runs/reproduce/smoke/toy/figure2.json"]
    assert document["failed"] == {}


def test_an_interrupt_stops_everything(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def interrupted(context):
        raise KeyboardInterrupt

    monkeypatch.setattr(toy, "figure2", interrupted)
    assert main(["reproduce", "toy.figure2", "toy.table1"]) == 130
    assert toy.logged() == []
    assert "what was finished is kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "EXPERIMENT is missing: name at least one, or a paper. `tfwm reproduce --list` shows them."),
        (["toy.tabel1"], "There is no experiment `toy.tabel1`. Did you mean `toy.table1`?"),
        (["toy", "--scale", "dask"], "argument --scale: invalid choice: 'dask'"),
        (["toy", "--seed", "-1"], "argument --seed: "),
    ],
)
def test_usage_errors_teach(words: list[str], message: str, capsys) -> None:
    assert main(["reproduce", *words]) == 2
    assert message in capsys.readouterr().err


def test_help_teaches(capsys) -> None:
    assert main(["reproduce", "--help"]) == 0
    text = capsys.readouterr().out
    for word in ("smoke", "desk", "paper", "TFWM_DATA", "goes on where it stopped", "--list", "--overwrite"):
        assert word in text
