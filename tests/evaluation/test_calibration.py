"""Is p honest? On a scheme whose p is, and on one that boasts."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.evaluation.calibrated import (
    KEY,
    SIDE,
    Apart,
    Boastful,
    Cells,
    Counting,
    Quick,
    ask,
    marked,
    models,
)
from tfwm.data import decode_image
from tfwm.evaluation.calibration.calibrate import FEW, Models, calibrate
from tfwm.evaluation.calibration.document import Calibration
from tfwm.evaluation.calibration.models import designs
from tfwm.evaluation.calibration.page import write_calibration_page
from tfwm.evaluation.calibration.picture import write_calibration_picture
from tfwm.evaluation.calibration.wrong_keys import WrongKeys
from tfwm.keys import OwnerKey, new_secret
from tfwm.kinds import KINDS, kind_called
from tfwm.training import Run
from tfwm.types import Suspect, Verdict


@pytest.fixture
def machine(tmp_path: Path) -> Run:
    return Run(tmp_path / "run", quiet=True)


def test_an_honest_scheme_is_found_honest(machine: Run) -> None:
    found, said = ask(Cells(), machine, keys=1000)
    assert found.honest
    assert [sample.name for sample in found.samples] == [
        "1,000 wrong keys on the marked model", "1,000 wrong keys on pattern 1",
        "1,000 wrong keys on pattern 2", "the owner's key on 4 independent models",
    ]  # fmt: skip
    assert [sample.test.n for sample in found.samples] == [1000, 1000, 1000, 4]
    assert [sample.test.independent for sample in found.samples] == [True, True, True, False]
    # Half of the p-values at most 0.5, within what a thousand draws scatter, less what a tail's jumps take off.
    share = found.samples[0].test.counts[0].hits / 1000
    assert 0.4 < share < 0.5
    assert said[0] == "each of 1,000 wrong keys has 1 image of its own: 1,000 for each model asked, 3"
    assert said[-1].startswith("5 of 5: pattern 4: log10 p -")


def test_a_scheme_that_boasts_is_found_out(machine: Run) -> None:
    found, _ = ask(Boastful(), machine, keys=2000, whom=models(0))
    assert not found.honest
    assert found.faults[0].startswith("2,000 wrong keys on the marked model: ")


def test_a_scheme_that_takes_everybody_for_its_own_is_found_out_by_models_alone(machine: Run) -> None:
    @dataclass(frozen=True)
    class Careless(Cells):
        def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
            return Verdict(1.0, 0.9, 1e-9, 64, "none")

    found, _ = ask(Careless(), machine, keys=1, whom=Models({}, models().independent))
    assert not found.honest
    assert found.samples[-1].test.claims.hits == 4
    assert any("the owner's key on 4 independent models: 4 of 4" in fault for fault in found.faults)


def test_images_of_many_keys_go_out_in_one_request(machine: Run) -> None:
    counting = Counting()
    ask(Cells(), machine, keys=300, whom=models(0, counting))
    # The owner's own key, then all others.
    assert counting.sent == [1, 300]


def test_a_model_is_asked_once_where_all_keys_send_the_same(machine: Run) -> None:
    wrong = WrongKeys(Quick(), KEY, 500)
    assert (wrong.alike, wrong.images_each, wrong.asked) == (True, 1, 1)
    found, said = ask(Quick(), machine, keys=50)
    assert said[0] == "50 wrong keys send the same 1 image: each model is asked once for all of them"
    assert len(found.samples) == 1 + 4 + 1  # then no model is spared
    assert FEW < 4
    slow, _ = ask(Cells(), machine.child("slow"), keys=50)
    assert found.samples[0] == slow.samples[0]


def test_images_of_their_own_are_drawn_once_for_all_models(machine: Run) -> None:
    scheme, counting = Apart(drawn=([],)), Counting()
    found, said = ask(scheme, machine, keys=5000, whom=models(4, counting))
    # 4,096 images a request at most; each model is asked, beside them, with the owner's key and eight in full.
    assert scheme.drawn[0] == [4096, 904]
    assert counting.sent == [1, 4096, 904] + [1] * 8
    assert said[0] == "each of 5,000 wrong keys has 1 image of its own: 5,000 for each model asked, 3"
    assert [sample.test.n for sample in found.samples] == [5000] * 3 + [4]
    assert found.honest
    key = replace(KEY, secret=new_secret(9))
    expected = [scheme.verify(marked(), scheme.decoy(key, seed=seed)).log10_p for seed in range(1, 51)]
    quick = WrongKeys(scheme, key, 50).log10_p(marked(), print)
    assert quick == pytest.approx(expected)
    assert len(set(expected)) > 5


def test_images_that_would_fill_the_memory_are_drawn_for_each_model(machine: Run, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.evaluation.calibration.wrong_keys.KEPT", 99 * SIDE * SIDE)
    scheme = Apart(drawn=([],))
    ask(scheme, machine, keys=100)
    assert scheme.drawn[0] == [100] * (1 + FEW)
    once = Apart(drawn=([],))
    assert ask(once, machine.child("kept"), keys=99)[0].honest
    assert once.drawn[0] == [99]


@pytest.mark.parametrize("boastful, way", [(Quick(off=0.1), "decoy_log10_p"), (Apart(off=0.1), "answers_log10_p")])
def test_a_quick_way_that_disagrees_with_verify_is_refused(boastful: Cells, way: str, machine: Run) -> None:
    with pytest.raises(RuntimeError, match=f"`{way}` of cells gives .* for wrong key 1 on marked"):
        ask(boastful, machine, keys=20)


def test_a_killed_calibration_goes_on_behind_the_models_that_it_asked(machine: Run) -> None:
    def killed() -> Suspect:
        raise KeyboardInterrupt

    whom = models(3)
    broken = Models(whom.marked, {**whom.independent, "pattern 3": killed})
    with pytest.raises(KeyboardInterrupt):
        ask(Cells(), machine, whom=broken)
    kept = sorted((Path(machine.directory) / "asked").iterdir())
    assert len(kept) == 3
    counting = Counting("marked")
    found, _ = ask(Cells(), machine, whom=Models({"marked model": lambda: counting}, whom.independent))
    assert counting.sent == []
    assert len(sorted((Path(machine.directory) / "asked").iterdir())) == 4
    assert found == ask(Cells(), machine, whom=whom)[0]


def test_nobody_to_ask_and_keys_without_a_secret_are_refused(machine: Run) -> None:
    with pytest.raises(ValueError, match="must hold a marked or an independent model"):
        calibrate(Cells(), KEY, Models({}, {}), 10, machine, print)


def test_what_is_written(machine: Run, tmp_path: Path) -> None:
    found, _ = ask(Boastful(), machine, keys=1000, whom=models(2))
    path = found.save(tmp_path / "calibration.json")
    assert Calibration.load(path) == found
    assert json.loads(path.read_text())["honest"] is False
    assert KEY.secret.hex() not in path.read_text()
    page = write_calibration_page(found, tmp_path / "calibration.md", "calibration.png").read_text()
    assert page.startswith("# Is p honest? cells\n\n**No**: p is too small (")
    assert "* 1,000 wrong keys on the marked model: " in page
    assert "The null hypothesis: Bin(64, 1/2)." in page
    assert "Independent models: pattern 1, pattern 2." in page
    assert "Claims at the key's own level (1e-06): 1,000 wrong keys on the marked model: 0 of 1,000, so at most" in page
    picture = decode_image(
        write_calibration_picture(found, tmp_path / "calibration.png").read_bytes(), "calibration.png"
    )
    assert picture.shape == (660, 880, 3)


def test_values_are_counted(machine: Run) -> None:
    found, _ = ask(Cells(), machine, keys=100)
    for sample in found.samples:
        assert sum(sample.often) == sample.test.n
        assert list(sample.log10_p) == sorted(set(sample.log10_p))
        assert math.isclose(sample.log10_p[0], sample.test.smallest)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_independent_models_differ_in_design_or_seed(name: str) -> None:
    kind = kind_called(name)
    twenty = list(designs(kind, 20, seed=0))
    assert len({(repr(model.settings), model.seed) for model in twenty}) == 20
    assert len({model.settings.network for model in twenty}) >= 3
    assert len({model.name for model in twenty}) == 20
    others = {model.seed for model in designs(kind, 20, seed=1)}
    assert others.isdisjoint(model.seed for model in twenty)
