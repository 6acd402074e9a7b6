"""Every scheme against every attack: the suite, the cells, and what is written of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluation.doubles import Break, Careless, Erase, Shift, subjects
from tfwm.attacks import ATTACKS
from tfwm.data import decode_image
from tfwm.evaluation.matrix.document import Entry, Line, Matrix
from tfwm.evaluation.matrix.heatmap import write_heatmap
from tfwm.evaluation.matrix.measure import Attacks, measure_line
from tfwm.evaluation.matrix.page import write_matrix_page
from tfwm.evaluation.matrix.subjects import Made
from tfwm.evaluation.matrix.suite import STRENGTHS, SUITES, shown_label, suite_attacks, suite_called, suite_host
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.types import CLASSIFICATION, RESTORATION

TRIED = Attacks(lambda scheme, extractor: (Shift(), Erase(), Break()), 2)


def made(**changed) -> Made:
    return Made(subjects(**changed), "a host", {"owner": 6, "attacker": 6, "test": 6}, 2.0)


def line_of(run, attacks: Attacks = TRIED, **changed) -> tuple[Line, list[str]]:
    said: list[str] = []
    return measure_line("label_image", lambda: made(**changed), attacks, run, said.append), said


@pytest.mark.parametrize("kind", [RESTORATION, CLASSIFICATION])
def test_the_suite_has_every_attack_of_the_library_for_each_kind(kind: str) -> None:
    own = {name for name in set(ATTACKS) - set(ATTACKS.foreign) if kind in ATTACKS[name].kinds}
    assert {fields["attack"] for fields in STRENGTHS[kind]} == own


@pytest.mark.parametrize("preset", sorted(SUITES))
@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_every_scheme_has_attacks_of_its_kind_and_a_host(name: str, preset: str) -> None:
    scheme, suite = make_scheme(name, preset), suite_called(preset)
    attacks = suite_attacks(scheme, "r.keras", suite)
    assert all(scheme.kind in attack.kinds for attack in attacks)
    assert len({shown_label(repr(attack), name) for attack in attacks}) == len(attacks)
    overwriting = [shown_label(repr(attack), name) for attack in attacks if attack.name == "overwrite"]
    assert overwriting == ["overwrite(own scheme, 1 key)"]
    assert suite_host(scheme, suite).network


def test_tiny_thieves_train_longer_than_the_owner() -> None:
    scheme = make_scheme("label_image", "tiny")
    steps = {attack.name: attack.schedule.steps for attack in suite_attacks(scheme, "", suite_called("tiny"))
             if hasattr(attack, "schedule")}  # fmt: skip
    assert set(steps) == {
        "surrogate", "distill", "fine_tune", "reinitialize_last", "oracle_remove", "oracle_replace", "demarked",
    }  # fmt: skip
    assert steps["surrogate"] > scheme.embedding.steps


def test_a_thief_has_the_extractor_of_keys_that_hold_one() -> None:
    scheme, suite = make_scheme("deep_watermarking", "tiny"), suite_called("tiny")

    def oracles(extractor: str) -> list[tuple[str, str]]:
        attacks = suite_attacks(scheme, extractor, suite)
        return [(repr(attack), attack.oracle) for attack in attacks if hasattr(attack, "oracle")]

    control = [("oracle_remove(no extractor)", ""), ("oracle_replace(no extractor)", "")]
    assert oracles("") == control
    assert oracles("r.keras") == [
        *control, ("oracle_remove(gradients)", "r.keras"), ("oracle_replace(gradients)", "r.keras"),
    ]  # fmt: skip


def test_a_preset_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="There is no preset of the suite `tyni`. Did you mean `tiny`"):
        suite_called("tyni")


def test_a_cell_that_fails_is_a_row_and_the_others_are_measured(run) -> None:
    line, said = line_of(run)
    found = {entry.label: entry for entry in line.entries}
    assert found["unattacked"].marked
    assert found["shift(0.02, 32)"].marked
    assert found["erase"].marked is False
    assert found["break"].error == "RuntimeError: the thief's disk | is full"
    assert (found["break"].marked, found["break"].log10_p, found["break"].cost) == (None, None, None)
    assert [label for label in found if label.startswith("wrong key")] == ["wrong key 1", "wrong key 2"]
    assert len(said) == len(line.entries)
    assert "FAILED: RuntimeError" in said[3]


def test_costs_are_losses_against_the_marked_model(run) -> None:
    line, _ = line_of(run)
    own, shifted = line.at("unattacked"), line.at("shift(0.02, 32)")
    assert own is not None
    assert shifted is not None
    assert own.cost == 0.0
    # A tenth is taken off every pixel, so what is two hundredths lighter is nearer to the targets.
    assert shifted.cost == pytest.approx(own.figure - shifted.figure)
    assert shifted.cost < 0
    assert 0 < shifted.attack_s <= shifted.seconds
    assert own.attack_s == 0.0


def test_controls_that_are_taken_for_the_owners_are_counted(run) -> None:
    line, said = line_of(run, scheme=Careless())
    matrix = Matrix("tiny", 0, (line,), 1.0)
    assert len(matrix.false_claims) == len(line.controls) == 2 + 2 + 4
    assert sum("FALSE CLAIM" in text for text in said) == 8
    honest, _ = line_of(run.child("honest"))
    assert Matrix("tiny", 0, (honest,), 1.0).false_claims == ()


def test_a_scheme_without_a_model_is_a_line_with_its_error(run) -> None:
    def fail() -> Made:
        raise ValueError("`samples` must be fewer.")

    line = measure_line("label_image", fail, TRIED, run, lambda text: None)
    assert [(entry.group, entry.error) for entry in line.entries] == [
        ("training", "ValueError: `samples` must be fewer.")
    ]
    assert line.kind == RESTORATION


def test_an_interrupt_ends_it(run) -> None:
    def stop() -> Made:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_line("label_image", stop, TRIED, run, lambda text: None)


def test_finished_cells_are_kept(run) -> None:
    first, _ = line_of(run)
    calls = len(subjects().scheme.calls)
    again, _ = line_of(run)
    assert again == first
    # Only the cell that failed was tried again, and it asks nobody.
    assert len(subjects().scheme.calls) == calls


@pytest.fixture
def matrix(run) -> Matrix:
    line, _ = line_of(run)
    cells = (Entry("unattacked", "unattacked", "marked", True, -19.1, 1.0, 0.5, 0.875, 0.0, 0.0, 0.1),
             Entry("prune(0.2)", "attack", "recorded", False, -0.3, 0.2, 0.5, 0.75, 0.125, 1.5, 1.6),
             Entry("unmarked host", "control", "unmarked", True, -7.0, 0.9, 0.5, 0.9))  # fmt: skip
    other = Line("content_mark", CLASSIFICATION, 1e-3, "lenet5", {"owner": 400, "attacker": 300, "test": 500},
                 {"host_accuracy": 0.9, "marked_accuracy": 0.875}, 3.0, cells)  # fmt: skip
    broken = Line(
        "lsb_stego", CLASSIFICATION, entries=(Entry("lsb_stego", "training", "marked", error="ValueError: no"),)
    )
    return Matrix("tiny", 4, (line, other, broken), 12.0, {"python": "3.10.13"})


def test_it_is_read_back_as_it_was(matrix: Matrix, tmp_path: Path) -> None:
    assert Matrix.load(matrix.save(tmp_path / "matrix.json")) == matrix
    assert json.loads((tmp_path / "matrix.json").read_text())["lines"][0]["scheme"] == "label_image"


def test_the_page_says_what_survived_and_what_it_cost(matrix: Matrix, tmp_path: Path) -> None:
    text = write_matrix_page(matrix, tmp_path / "matrix.md", "matrix.png", "tfwm evaluate --suite full").read_text()
    assert text.startswith("# Every scheme against every attack\n")
    assert "3 schemes, 3 attacked copies: the mark is found in 1 of them. 9 controls" in text
    assert "1 false claims. 2 cells failed." in text
    assert "![log10 p of every scheme after every attack](matrix.png)" in text
    assert (
        "| content_mark | lenet5 | accuracy | 90.0 % | 87.5 % | 0.001 | **yes** −19.1 | 0 of 1 | 1 of 1 | 3 |" in text
    )
    assert "| lsb_stego | failed |" in text
    assert "Trained on 400 images of the owner's; the thief has 300 of his own; measured on 500 others." in text
    assert "| prune(0.2) | no −0.3 | – |" in text  # found or not, and not tried
    assert "| prune(0.2) | 12.5 | – | 1.5 |" in text  # points of accuracy, and seconds
    assert "| label_image | break | RuntimeError: the thief's disk \\| is full |" in text
    assert "Again: `tfwm evaluate --suite full`" in text


def test_the_picture_has_a_part_for_each_kind(matrix: Matrix, tmp_path: Path) -> None:
    picture = decode_image(write_heatmap(matrix, tmp_path / "matrix.png").read_bytes(), "matrix.png")
    height, width, _ = picture.shape
    assert 400 < height < 1400
    assert 500 < width < 2000
    assert (picture[..., 0] < 60).mean() > 0.01  # a dark square, which is a sure claim


def test_a_matrix_of_nothing_but_errors_is_written_too(tmp_path: Path) -> None:
    broken = Line("lsb_stego", CLASSIFICATION, entries=(Entry("lsb_stego", "training", "marked", error="no"),))
    write_heatmap(Matrix("tiny", 0, (broken,), 0.0), tmp_path / "matrix.png")
    page = write_matrix_page(Matrix("tiny", 0, (broken,), 0.0), tmp_path / "matrix.md", "matrix.png", "again")
    assert "| lsb_stego | lsb_stego | no |" in page.read_text()
