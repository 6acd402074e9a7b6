"""`tfwm calibrate` on the keys of the fixtures, and once with models of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import runner
from tfwm.cli import main
from tfwm.evaluation.calibration.wrong_keys import WrongKeys
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.schemes import SCHEMES, scheme_of
from tfwm.schemes.baselines import LabelImage
from tfwm.suspects import KerasSuspect
from tfwm.types import Suspect, Verdict

pytestmark = pytest.mark.trains  # whole commands

KEYS = Path(__file__).parents[1] / "fixtures/keys"
ALIKE = {"deep_watermarking", "blind_watermark", "deep_stego"}
FIXTURES = sorted(folder.name for folder in KEYS.iterdir() if folder.is_dir())


@dataclass(frozen=True)
class Boastful(LabelImage):
    """Forgets that pixels may agree by chance."""

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        found = super().verify(suspect, key, alpha=alpha)
        return replace(found, p_value=found.p_value**2, log10_p=None)


@pytest.fixture
def ask(tmp_path: Path, capsys):
    """Calibrates a key of the fixtures; nothing secret may show."""

    def call(name: str, *words: object, code: int = 0) -> dict:
        key = OwnerKey.load(KEYS / name / "key")
        places = ("--cache", tmp_path / "cache", "--out", tmp_path / name)
        found = runner(key, capsys)("calibrate", KEYS / name, *places, *words, code=code)
        for path in (tmp_path / name).iterdir():
            assert key.secret.hex() not in path.read_bytes().hex()
            assert key.secret.hex().encode() not in path.read_bytes()
        return found

    return call


@pytest.mark.parametrize("name", FIXTURES)
def test_wrong_keys_are_asked_as_verify_asks_them(name: str) -> None:
    key = OwnerKey.load(KEYS / name / "key")
    scheme = scheme_of(key)
    suspect = KerasSuspect("marked", load_network(KEYS / name / "marked.keras"))
    wrong = WrongKeys(scheme, key, 6)
    assert wrong.alike == (name in ALIKE)
    quick = wrong.log10_p(suspect, lambda text: None)
    slow = [scheme.verify(suspect, scheme.decoy(key, seed=seed)).log10_p for seed in range(1, 7)]
    assert quick == pytest.approx(slow, abs=1e-9)
    assert len(set(np.round(quick, 6))) > 1


def test_what_is_written_for_a_key_and_its_marked_model(ask, tmp_path: Path) -> None:
    found = ask("deep_watermarking", "--models", 0, "--keys", 400)
    assert found["honest"] is True
    assert [(sample["name"], sample["n"]) for sample in found["samples"]] == [
        ("400 wrong keys on the marked model", 400)
    ]
    assert found["samples"][0]["rate_low"] == 0.0
    assert sorted(path.name for path in (tmp_path / "deep_watermarking").iterdir()) == [
        "calibration.json", "calibration.md", "calibration.png",
    ]  # fmt: skip
    assert json.loads((tmp_path / "deep_watermarking/calibration.json").read_text())["honest"] is True


def test_a_table_over_all_calibrations_of_a_folder(ask, tmp_path: Path, capsys) -> None:
    found = ask("label_image", "--models", 0, "--keys", 60, "--overview", tmp_path)
    assert found["overview"] == str(tmp_path / "README.md")
    table = (tmp_path / "README.md").read_text()
    assert "| [label_image](label_image/calibration.md) | yes | 60 | 1 |" in table
    (tmp_path / "README.md").unlink()
    assert main(["calibrate", "--overview", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"All calibrations: {tmp_path / 'README.md'}\n"
    assert (tmp_path / "README.md").read_text() == table
    assert main(["calibrate", "--overview", str(tmp_path / "none")]) == 2
    assert "must hold folders with a calibration.json" in capsys.readouterr().err


def test_a_scheme_whose_p_is_too_small_is_found_out(ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ask("label_image", "--models", 0, "--keys", 200)["honest"] is True
    monkeypatch.setitem(SCHEMES.places, "label_image", "tests.commands.test_calibrate:Boastful")
    # Another cache: the answers of the honest scheme are kept under the same settings.
    found = ask("label_image", "--models", 0, "--keys", 200, "--cache", tmp_path / "other", code=1)
    assert found["honest"] is False
    assert found["faults"][0].startswith("200 wrong keys on the marked model: ")


@pytest.mark.parametrize(
    "words, message",
    [
        (("runs/none",), "`RUN` runs/none holds no key"),
        ((), "`RUN` or `--overview` must be given, got neither"),
        ((str(KEYS / "label_image/key"), "--models", "0"), "must hold a marked or an independent model"),
        ((str(KEYS / "label_image"), "--keys", "0"), "must be a whole number of at least 1"),
    ],
)
def test_wrong_words_are_usage_errors(words: tuple[str, ...], message: str, tmp_path: Path, capsys) -> None:
    assert main(["calibrate", *words, "--cache", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["label_image", "blind_watermark"])
def test_models_that_never_saw_the_key_are_trained_and_kept(name: str, ask, tmp_path: Path, capsys) -> None:
    words = ("--models", 2, "--keys", 40, "--epochs-scale", 0.1, "--patches", 64)
    found = ask(name, *words)
    assert found["honest"] is True
    assert [sample["n"] for sample in found["samples"]] == [40, 40, 40, 2]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.keras")}
    assert len(files) == 2
    again = ask(name, *words)
    assert again == found
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.keras")}
