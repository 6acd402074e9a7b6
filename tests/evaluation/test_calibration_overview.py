"""All calibrations in one table, from what was saved of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tfwm.evaluation.calibration.document import Calibration, Sample
from tfwm.evaluation.calibration.overview import write_overview
from tfwm.evaluation.calibration.page import write_calibration_page
from tfwm.evidence.statistics import log10_tails

UNIFORM = np.log10(np.random.default_rng(0).random(2000))


def of_keys(*log10_p: np.ndarray) -> Calibration:
    asked = [Sample.of(f"model {index}", p, 1e-3, independent=True) for index, p in enumerate(log10_p)]
    own = Sample.of("the owner's key", np.zeros(20), 1e-3, independent=False)
    return Calibration("cells", "ab" * 8, "null", True, 2e-3, 2, 2000, 4000, ("a",), 0, (*asked, own), 1.0)


def of_ranks(log10_p: np.ndarray, controls: int) -> Calibration:
    sample = Sample.of("the owner's key", log10_p, 0.05, independent=False, controls=controls)
    return Calibration(
        "ranked", "cd" * 8, "null", False, 0.05, 1, 0, 0, ("a",), 0, (sample,), 1.0, {}, {"marked": math.log10(0.05)},
        controls,
    )  # fmt: skip


def rows(folder: Path) -> dict[str, list[str]]:
    """The cells of each row by the name of its calibration."""
    lines = (folder / "README.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| [")]
    return {row[0].partition("]")[0][1:]: row[1:] for row in cells}


def test_each_calibration_is_a_row_and_the_worst_model_counts(tmp_path: Path) -> None:
    better = log10_tails(64)[np.random.default_rng(1).binomial(64, 0.3, 2000)]
    of_keys(better, UNIFORM).save(tmp_path / "first/calibration.json")
    of_ranks(np.log10(np.arange(1, 21) / 20), 19).save(tmp_path / "ranked/calibration.json")
    page = write_overview(tmp_path)
    assert page == tmp_path / "README.md"
    assert "In none of these 2 calibrations p-values are found too small." in page.read_text()
    found = rows(tmp_path)
    assert list(found) == ["first", "ranked"]
    sample = Sample.of("", UNIFORM, 1e-3, independent=True)
    claims = sample.test.claims
    assert found["first"][:5] == [
        "yes", "2,000", "2", f"{10**UNIFORM.min():.2g}", f"{sample.test.distance:.4f}"
    ]  # fmt: skip
    # Seven tests of each of two samples, six of the third: a distance is not tested there.
    assert found["first"][5].endswith(" of 20")
    assert found["first"][6:] == [f"{claims.hits}", "0.001", f"{claims.high:.2g}", "20", "0", "0.17"]
    assert found["ranked"][:4] == ["yes", "19", "20", "0.05"]
    assert found["ranked"][6:] == ["1", "1", "0.0013 to 0.25", "0.05"]


def test_what_is_dishonest_stands_first(tmp_path: Path) -> None:
    of_keys(UNIFORM).save(tmp_path / "honest/calibration.json")
    of_keys(2 * UNIFORM).save(tmp_path / "boastful/calibration.json")
    of_ranks(np.full(20, math.log10(0.05)), 19).save(tmp_path / "deaf/calibration.json")
    text = write_overview(tmp_path).read_text()
    assert "**In 2 of 3 calibrations p-values are too small: boastful, deaf.**" in text
    assert [row[0] for row in rows(tmp_path).values()] == ["**no**", "yes", "**no**"]
    assert rows(tmp_path)["deaf"][6:8] == ["20", "1"]


def test_a_key_that_claims_too_many_models_is_named_though_luck_may_be_the_reason(tmp_path: Path) -> None:
    some = of_ranks(np.log10([0.05] * 8 + [1.0] * 12), 19)
    assert some.honest
    (warning,) = some.warnings
    assert "8 are claimed at 0.05, so of models like these this key claims 0.19 to 0.64 of all" in warning
    some.save(tmp_path / "unlucky/calibration.json")
    of_ranks(np.log10([0.05] + [1.0] * 19), 19).save(tmp_path / "usual/calibration.json")
    text = write_overview(tmp_path).read_text()
    assert "In none of these 2 calibrations p-values are found too small, but not all of them show as much." in text
    assert f"* unlucky: {warning}." in text
    assert [row[0] for row in rows(tmp_path).values()] == ["not shown", "yes"]
    page = write_calibration_page(some, tmp_path / "page.md", "picture.png").read_text()
    assert f"**Not shown** (7 tests at 0.001 together).\n* {warning}." in page


def test_smaller_than_a_float(tmp_path: Path) -> None:
    of_keys(np.full(10, -400.0)).save(tmp_path / "tiny/calibration.json")
    write_overview(tmp_path)
    assert rows(tmp_path)["tiny"][3] == "1e-400"


def test_a_folder_without_calibrations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must hold folders with a calibration.json, got none"):
        write_overview(tmp_path)
