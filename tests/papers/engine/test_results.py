"""What lies in results/, for programs and for people."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.papers import toy as paper
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.registry import all_experiments, chosen
from tfwm.papers.engine.results import Results, check_may_replace, figure_text, page, result_path
from tfwm.papers.engine.runner import reproduce, run_experiment
from tfwm.papers.engine.sheets import sheet

pytestmark = pytest.mark.trains


def _run(name: str, context: Context, out: Path) -> Path:
    (experiment,) = chosen([name])
    run_experiment(experiment, context, out)
    return result_path(out, name)


def test_the_json_file_holds_what_the_issue_says(context: Context, tmp_path: Path) -> None:
    path = _run("toy.table1", dataclasses.replace(context, seeds=(0, 1)), tmp_path / "out")
    assert path == tmp_path / "out/toy/table1.json"
    document = json.loads(path.read_text())
    assert list(document) == ["experiment", "scale", "seeds", "seconds", "versions", "rows", "claims"]
    assert (document["experiment"], document["scale"], document["seeds"]) == ("toy.table1", "desk", [0, 1])
    assert document["rows"][0] == {
        "label": "first, seed 0", "paper": 31.73, "ours": pytest.approx(31.456789), "unit": "dB",
    }  # fmt: skip
    assert document["claims"][2] == {"text": "Rows are useful.", "holds": None, "why": "Nobody asked."}
    assert document["seconds"] >= 0
    assert {"python", "tensorflow", "numpy"} <= set(document["versions"])
    assert Results.load(path).rows[3].label == "second, seed 1"


def test_the_page_shows_the_table_and_the_claims(context: Context, tmp_path: Path) -> None:
    text = _run("toy.table1", context, tmp_path).with_suffix(".md").read_text()
    assert text.startswith("# toy.table1: Two rows\n")
    assert "|  | paper | ours | unit |\n| :-- | --: | --: | :-- |\n| first, seed 0 | 31.73 | 31.46 | dB |" in text
    assert "| second, seed 0 | – | 31.46 | dB |" in text
    assert "| Rows are \\| made. | yes | They are there. |" in text
    assert "| All rows are 7. | no | They are not. |" in text
    assert "| Rows are useful. | open | Nobody asked. |" in text
    assert "Scale desk; seeds 0; " in text
    assert "tensorflow 2.15" in text
    assert "tfwm reproduce toy.table1 --scale desk --seed 0`" in text
    assert "![" not in text


def test_pictures_lie_beside_the_page(context: Context, tmp_path: Path) -> None:
    path = _run("toy.figure2", context, tmp_path)
    assert "![toy.figure2](figure2.png)" in path.with_suffix(".md").read_text()
    with Image.open(path.with_suffix(".png")) as drawn:
        assert drawn.size == (484, 605)
    assert {stat.st_mode & 0o777 for stat in (file.stat() for file in path.parent.iterdir())} == {0o644}


# Beside the papers' folders lie results of commands: the matrix, calibrations, sealing.
PAPERS = sorted({found.id.partition(".")[0] for found in all_experiments()})
COMMITTED = [path for name in PAPERS for path in sorted((Path(__file__).parents[3] / "results" / name).rglob("*.json"))]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_committed_results_are_of_experiments_and_their_pages_say_the_same(path: Path) -> None:
    results = Results.load(path)
    (experiment,) = chosen([results.experiment])
    assert result_path(path.parents[1], experiment.id) == path
    drawn = path.with_suffix(".png")
    note = experiment.notes.get(results.scale, "")
    expected = page(results, experiment.title, drawn.name if drawn.is_file() else None, note)
    assert path.with_suffix(".md").read_text() == expected


def test_every_experiment_has_a_committed_result_or_was_not_measured_yet() -> None:
    committed = {f"{path.parent.name}.{path.stem}" for path in COMMITTED}
    owed = {found.id for found in all_experiments()} - committed
    assert committed <= {found.id for found in all_experiments()}
    assert all(name.startswith("zhang2021.") or name == "survival.wide_triggers" for name in owed), owed


def test_a_result_without_pictures_leaves_no_old_sheet(context: Context, tmp_path: Path) -> None:
    path = _run("toy.table1", context, tmp_path)
    path.with_suffix(".png").write_bytes(b"old")
    _run("toy.table1", context, tmp_path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["table1.json", "table1.md"]


def test_all_files_are_written_or_none(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _run("toy.figure2", context, tmp_path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    changed = Findings(
        (Row("pictures", None, 4),), (Claim("a", None, "b"),), {"batch": {"four": np.ones((2, 3, 3, 1), np.float32)}}
    )
    monkeypatch.setattr(paper, "figure2", lambda context: changed)
    (outcome,) = reproduce(chosen(["toy.figure2"]), context, tmp_path)
    assert "The picture 'four' must be uint8, or finite float in [0, 1], [height, width, 1 or 3]" in outcome.error
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


@pytest.mark.parametrize(("there", "scale"), [("desk", "smoke"), ("paper", "smoke"), ("paper", "desk")])
def test_a_smaller_scale_never_replaces_a_larger_one(there, scale, context: Context, tmp_path: Path) -> None:
    path = _run("toy.table1", dataclasses.replace(context, scale=there), tmp_path)
    before = path.read_bytes()
    message = f"holds a result at scale {there}, which one at scale {scale} must not replace.*--overwrite"
    smaller = dataclasses.replace(context, scale=scale)
    with pytest.raises(FileExistsError, match=message):
        reproduce(chosen(["toy.figure2", "toy.table1"]), smaller, tmp_path)
    assert path.read_bytes() == before
    assert not result_path(tmp_path, "toy.figure2").exists()
    reproduce(chosen(["toy.table1"]), smaller, tmp_path, overwrite=True)
    assert Results.load(path).scale == scale


def test_the_same_or_a_larger_scale_replaces(context: Context, tmp_path: Path) -> None:
    path = _run("toy.table1", context, tmp_path)
    check_may_replace(path, "desk")
    check_may_replace(path, "paper")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (31.456789, "31.46"), (0.006068, "0.006068"), (1e-7, "1e-07"), (12345.6, "12,346"), (1000, "1000"),
     ("> 40", "> 40"), (True + 1, "2")],
)  # fmt: skip
def test_figures(value, text: str) -> None:
    assert figure_text(value) == text


def test_rows_take_numpy_and_refuse_what_json_lacks() -> None:
    row = Row("a", np.float32(0.5), np.int64(3))
    assert (row.paper, row.ours) == (0.5, 3)
    assert type(row.ours) is int
    for wrong in (float("nan"), float("inf"), [1.0], True, np.ones(2)):
        with pytest.raises(ValueError, match="`ours` of the row 'a' must be a finite number, a text or None"):
            Row("a", None, wrong)


def test_claims_hold_or_not_or_stay_open() -> None:
    assert Claim("a", np.bool_(True), "b").holds is True
    with pytest.raises(ValueError, match=r"`holds` of the claim 'a' must be True, False or None \(open\), got 'yes'"):
        Claim("a", "yes", "b")  # type: ignore[arg-type]


def test_findings_hold_something() -> None:
    with pytest.raises(ValueError, match="`claims` must hold Claim objects, at least one, got ()"):
        Findings((Row("a", 1, 2),), ())


def test_a_sheet_shows_the_pictures() -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    drawn = np.asarray(Image.open(io.BytesIO(sheet({"one": {"red": red}}))).convert("RGB")).reshape(-1, 3)
    assert (drawn == (255, 0, 0)).all(axis=1).mean() > 0.3
    grey = sheet({"one": {"grey": np.full((4, 4, 1), 0.5, np.float32)}})
    drawn = np.asarray(Image.open(io.BytesIO(grey)).convert("L"))
    assert (abs(drawn.astype(int) - 128) <= 1).mean() > 0.3


def test_a_chart_alone_in_its_row_is_large_beside_rows_of_pictures() -> None:
    chart, small = np.zeros((46, 80, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    chart[..., 2] = 255
    drawn = np.asarray(Image.open(io.BytesIO(sheet({
        "chart": {"blue": chart}, "pictures": {"a": small, "b": small, "c": small, "d": small}
    }))).convert("RGB"))  # fmt: skip
    columns = (drawn == (0, 0, 255)).all(axis=2).any(axis=0)
    assert columns.mean() > 0.7
    square = np.zeros((4, 4, 3), np.uint8)
    square[..., 2] = 255
    drawn = np.asarray(Image.open(io.BytesIO(sheet({
        "one": {"blue": square}, "pictures": {"a": small, "b": small, "c": small, "d": small}
    }))).convert("RGB"))  # fmt: skip
    assert (drawn == (0, 0, 255)).all(axis=2).any(axis=0).mean() < 0.3


def test_a_sheet_of_nothing() -> None:
    with pytest.raises(ValueError, match="`rows` must hold at least one picture"):
        sheet({"one": {}})
