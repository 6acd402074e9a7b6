from __future__ import annotations

import json

import pytest

from tests.evaluation.doubles import report, row
from tfwm.evaluation.report import Report, aligned, versions


def test_a_report_survives_the_disk(tmp_path):
    made = report(row("odd <label>", "attack", "recorded", 12, {"attack": "jpeg", "quality": 50}))
    assert Report.load(made.save(tmp_path / "report.json")) == made


def test_figures_that_do_not_exist_survive_the_disk(tmp_path):
    made = report(fidelity={"ssim": None})
    assert Report.load(made.save(tmp_path / "report.json")).fidelity["ssim"] is None


def test_an_unknown_field_is_refused(tmp_path):
    path = report().save(tmp_path / "report.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "row": []}))
    with pytest.raises(ValueError, match="Report has no field `row`"):
        Report.load(path)


def test_rows_of_a_group_keep_their_order():
    assert [r.label for r in report().of_group("attack")] == ["surrogate(unet-12, l1)", "surrogate(plain-12, l2)"]


def test_the_table_is_aligned():
    lines = report().to_table().splitlines()
    assert len(lines) == 2 + 6
    start = lines[0].index("found")
    assert all(line[start - 2 : start] == "  " for line in lines)
    assert {line[start:].split()[0] for line in lines[2:]} == {"marked", "unmarked"}


def test_a_row_against_expectation_stands_out():
    table = report(row("unmarked host", "control", "unmarked", 60)).to_table()
    (line,) = [line for line in table.splitlines() if "host" in line]
    assert " NO " in line


def test_numbers_are_set_to_the_right():
    assert aligned(("name", "x"), [("a", "1.5"), ("bb", "-"), ("c", "10.25")]).splitlines() == [
        "name      x", "----  -----", "a       1.5", "bb        -", "c     10.25",
    ]  # fmt: skip


def test_versions_name_python_and_numpy():
    found = versions()
    assert found["python"].startswith("3.")
    assert "numpy" in found
