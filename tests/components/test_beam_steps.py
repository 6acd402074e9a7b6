import io
import json
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils import shared

from pipelines.places import plain_place
from tfwm.components import beam_steps, steps
from tfwm.components.beam_steps import MeasureCells, Place, example_of, measure, slots
from tfwm.components.examples import FORMS
from tfwm.components.settings import Machine, to_json
from tfwm.config import to_dict
from tfwm.data import InvalidImageError, encode_png
from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.cells import Cell
from tfwm.keys import OwnerKey
from tfwm.suspects import FunctionSuspect
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs, Verdict

pytestmark = pytest.mark.trains

SOURCES = steps.Sources("examples", "host", "model", "key", 1e-3)
LOADED = []


class BrightScheme:
    """Calls bright answers marked."""

    name = "bright"
    kind = RESTORATION

    def verify(self, suspect, key, *, alpha):
        score = float(suspect(np.full((1, 16, 16, 3), 0.5, np.float32)).mean())
        return Verdict(score, 0.9, 1e-6 if score > 0.9 else 1.0, 1, "chance", alpha)


def _subjects(sources):
    LOADED.append(sources)
    pairs = ImagePairs(*2 * [np.full((2, 16, 16, 3), 100, np.uint8)])
    marked = FunctionSuspect("marked", lambda images: np.ones_like(images))
    host = FunctionSuspect("host", lambda images: images)
    return Subjects(BrightScheme(), OwnerKey("bright", {}, bytes(32)), marked, host, pairs, pairs, sources.alpha)


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path / "work"), 0, to_json(to_dict(Machine(quiet=True))))


def test_every_cell_becomes_a_row_and_subjects_are_loaded_once(tmp_path, monkeypatch, place):
    LOADED.clear()
    monkeypatch.setattr(beam_steps, "load_subjects", _subjects)
    cells = [
        Cell("unattacked", "unattacked", "marked", expected="marked"),
        Cell("unmarked host", "control", "host"),
        Cell("jpeg(50)", "attack", "marked", {"attack": "jpeg", "quality": 50}, "marked"),
    ]
    with beam.Pipeline(runner="DirectRunner") as pipeline:
        measure(pipeline, cells, MeasureCells(SOURCES, place, shared.Shared()), str(tmp_path / "rows"), at_once=1)
    rows = steps.read_rows(str(tmp_path / "rows"), cells)
    assert [(row.label, row.verdict["marked"], row.ok) for row in rows] == [
        ("unattacked", True, True),
        ("unmarked host", False, True),
        ("jpeg(50)", True, True),
    ]
    assert len(LOADED) == 1


def test_attacks_that_train_share_as_many_slots_as_may_train_at_once():
    training = [Cell(f"surrogate {n}", "attack", "marked", {"attack": "surrogate", "schedule": {}}) for n in range(5)]
    tuned = {"attack": "compose", "attacks": [{"attack": "fine_tune", "schedule": {}}, {"attack": "jpeg"}]}
    others = [Cell("jpeg", "attack", "marked", {"attack": "jpeg", "quality": 9}), Cell("host", "control", "host")]
    cells = [*others, *training, Cell("composed", "attack", "marked", tuned)]
    found = slots(cells, 2)
    assert sorted(json.loads(text)["label"] for _, text in found) == sorted(cell.label for cell in cells)
    by_slot = Counter(name for name, _ in found)
    assert sorted(by_slot.values()) == [1, 1, 3, 3]
    assert {name for name, count in by_slot.items() if count == 3} == {"training 0", "training 1"}
    with pytest.raises(ValueError, match="must be 1 or more, got 0"):
        slots(cells, 0)


def test_a_picture_becomes_an_example_under_its_own_name():
    pixels = np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3)
    features = example_of(_file("gs://bucket/owner/7.png", encode_png(pixels)), RESTORATION).features.feature
    assert features["image/filename"].bytes_list.value[0] == b"7.png"
    assert features["image/width"].int64_list.value[0] == 4


def test_a_labelled_picture_is_named_after_its_class_and_file():
    content = encode_png(np.zeros((4, 8, 1), np.uint8))
    features = example_of(_file("gs://b/owner/cat/7.jpg", content), CLASSIFICATION, ("bird", "cat")).features.feature
    assert features["image/filename"].bytes_list.value[0] == b"cat/7.jpg"
    assert features["image/class/label"].int64_list.value[0] == 1


def test_a_file_that_is_no_picture_is_named():
    with pytest.raises(InvalidImageError, match=r"8\.png"):
        example_of(_file("owner/8.png", b"no picture"), RESTORATION)


def _file(path, content):
    return SimpleNamespace(metadata=SimpleNamespace(path=path), read=io.BytesIO(content).read)


def test_a_worker_does_not_load_tfx():
    code = "import sys, tfwm.components.beam_steps; sys.exit('tfx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


@pytest.mark.parametrize("kind, names", [(RESTORATION, ("0.png", "1.PNG", "2.Jpeg")), (CLASSIFICATION, ("ä b/0.PNG",))])
def test_beam_finds_the_pictures_of_any_folder_by_its_plain_name(tmp_path, monkeypatch, kind, names):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = tmp_path / "photos [1] of ä"
    for name in (*names, ".hidden.png"):
        (data / "owner" / name).parent.mkdir(parents=True, exist_ok=True)
        (data / "owner" / name).touch()
    found = FileSystems.match([f"{plain_place(data)}/owner/{FORMS[kind].pattern}"])[0].metadata_list
    assert sorted(file.path.split("/owner/")[1] for file in found) == sorted(names)
