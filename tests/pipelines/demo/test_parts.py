from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pipelines.configs import PipelineConfig, config_of
from pipelines.demo.classification import ClassificationDemo
from pipelines.demo.parts import PARTS
from pipelines.demo.restoration import RestorationDemo
from tfwm.components.labelled_folders import PATTERN, write_parts
from tfwm.evaluation.defaults import usual_attacks, usual_policy
from tfwm.evaluation.report import Report, Row
from tfwm.kinds import KINDS
from tfwm.types import LabelledImages


def row(label, attack, *, marked=True, **figures):
    """An attack's row whose network was kept, unless `model_path` is empty."""
    verdict = {"marked": marked, "score": 1.0, "threshold": 0.2, "p_value": 1e-9, "n": 60, "null": "chance",
               "alpha": 1e-6}  # fmt: skip
    given = {"psnr_db": None, "psnr_to_marked_db": None, "ssim": None, "model_path": f"{label}.keras", **figures}
    return Row(label, "attack", "marked", {"attack": attack}, "recorded", None, verdict, True, seconds=1.0, **given)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_a_demo_whose_scheme_marks_it(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.demo.photographs.COUNTS", {"owner": 2, "attacker": 2, "test": 2})
    data = PARTS[kind].prepare(None, tmp_path, seed=0)
    config = config_of("demo", data.folder, tmp_path, settings=data.settings)
    assert config.kind.name == kind
    assert set(config.policy.must_survive) <= {repr(attack) for attack in config.attacks}
    assert config.policy == usual_policy(config.scheme)
    assert [repr(attack) for attack in config.attacks] == [repr(attack) for attack in usual_attacks(config.scheme)]
    assert {name: getattr(config.host, name) for name in config.scheme.host_settings} == config.scheme.host_settings


def test_the_demo_of_restoration_is_the_preset(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.demo.photographs.COUNTS", {"owner": 2, "attacker": 2, "test": 2})
    data = RestorationDemo().prepare(None, tmp_path, seed=0)
    assert config_of("demo", data.folder, tmp_path, settings=data.settings) == PipelineConfig.demo(
        data.folder, tmp_path
    )


def _images(side, classes=3):
    return LabelledImages(np.zeros((12, side, side, 1), np.uint8), np.arange(12) % classes, classes)


@pytest.mark.parametrize("side, expected", [(32, {"downs": 5}), (28, {"downs": 2}), (33, {"body": "plain"})])
def test_the_encoder_has_the_levels_that_the_pictures_side_allows(tmp_path, side, expected):
    folder = write_parts({part: _images(side) for part in ("owner", "attacker", "test")}, tmp_path / "data")
    data = ClassificationDemo().prepare(str(folder), tmp_path, seed=0)
    assert data.settings == {"scheme": {"scheme": "blind_watermark", "preset": "fast", "samples": 40, **expected}}
    scheme = config_of("demo", folder, tmp_path, settings=data.settings).scheme
    assert (scheme.image_size, scheme.channels, scheme.classes) == (side, 1, 3)


def test_the_digits_are_divided_without_overlap_and_made_once(tmp_path):
    pytest.importorskip("sklearn")
    demo = ClassificationDemo()
    data = demo.prepare(None, tmp_path, seed=0)
    assert data.sources == {"owner": 1150, "attacker": 288, "test": 359}
    files = {part: {file.read_bytes() for file in (data.folder / part).glob(PATTERN)} for part in data.sources}
    assert sum(map(len, files.values())) == len(set().union(*files.values()))
    assert set(data.shown.values()) <= files["test"]
    assert len(data.shown) == 100
    before = {path: path.stat().st_mtime_ns for path in data.folder.rglob("*.png")}
    assert demo.prepare(None, tmp_path, seed=0) == data
    assert {path: path.stat().st_mtime_ns for path in data.folder.rglob("*.png")} == before
    assert demo.prepare(None, tmp_path, seed=1).folder != data.folder


def test_a_users_labelled_images_are_taken_in_any_form(tmp_path):
    images, labels = np.zeros((40, 16, 16), np.uint8), np.arange(40) % 4
    np.savez(tmp_path / "mine.npz", x_train=images, y_train=labels, x_test=images[:8], y_test=labels[:8])
    data = ClassificationDemo().prepare(str(tmp_path / "mine.npz"), tmp_path / "root", seed=0)
    assert data.sources == {"owner": 32, "attacker": 8, "test": 8}
    assert {name.split("/")[0] for name in data.shown} == {"0", "1", "2", "3"}
    again = ClassificationDemo().prepare(str(data.folder), tmp_path / "root", seed=0)
    assert again.folder == data.folder


def test_a_users_photographs_become_patches_in_parts_that_share_none(tmp_path):
    (tmp_path / "mine").mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (80, 90, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "mine" / f"{number}.png")
    counts = {"owner": 4, "attacker": 3, "test": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.demo.photographs.COUNTS", counts)
        data = RestorationDemo().prepare(str(tmp_path / "mine"), tmp_path / "root", seed=0)
    assert sum(data.sources.values()) == 6
    assert {part: len(list((data.folder / part).glob("*.png"))) for part in counts} == counts
    assert all(pair.inputs.shape == (1, 80, 90, 3) for pair in data.shown.values())


def test_a_thief_serves_the_surrogate_that_imitates_best():
    rows = (
        row("surrogate(a)", "surrogate", psnr_to_marked_db=30.0),
        row("surrogate(b)", "surrogate", psnr_to_marked_db=35.0),
        row("fine_tune", "fine_tune", psnr_to_marked_db=40.0),
        row("surrogate(c)", "surrogate", psnr_to_marked_db=50.0, model_path=""),
    )
    assert RestorationDemo().stolen(Report(rows, {}, 1.0)).label == "surrogate(b)"


def test_a_thief_serves_the_best_classifier_that_is_still_recognised():
    rows = (
        row("tuned", "tune_classifier", accuracy=0.9),
        row("pruned", "fine_prune", accuracy=0.95),
        row("extracted", "extract_classifier", marked=False, accuracy=0.99),
        row("quantized", "quantize", accuracy=0.97, model_path=""),
    )
    assert ClassificationDemo().stolen(Report(rows, {}, 1.0)).label == "pruned"
    assert ClassificationDemo().stolen(Report(rows[2:], {}, 1.0)).label == "extracted"


@pytest.mark.parametrize("demo", [RestorationDemo(), ClassificationDemo()])
def test_without_an_attacked_network_there_is_nothing_to_serve(demo):
    with pytest.raises(RuntimeError, match="was kept. Leave one among the attacks"):
        demo.stolen(Report((row("jpeg(50)", "jpeg", model_path=""),), {}, 1.0))


def test_a_served_classifier_is_asked_by_its_client_and_opened_by_its_owner(tmp_path, monkeypatch):
    """The model gives class 1 to everything; the owner's token counts, a wrong one does not."""
    folder = write_parts({part: _images(32) for part in ("owner", "attacker", "test")}, tmp_path / "data")
    key = SimpleNamespace(token=bytes(16))

    def answer(address, model, inputs, signature):
        assert (address, model) == ("here:1", "marked")
        if signature == "serving_bytes":
            return {"scores": np.tile([0.0, 1.0, 0.5], (len(inputs["image_bytes"]), 1))}
        hits = 58 if inputs["token"].item() == key.token else 0
        return {"hits": np.array(hits), "n": np.array(60 if hits else 0), "log10_p": np.array(-50.5 if hits else 0.0)}

    monkeypatch.setattr("pipelines.demo.classification.predict", answer)
    demo = ClassificationDemo()
    served = demo.ask("here:1", demo.prepare(str(folder), tmp_path / "root", seed=0), key)
    assert served.figures == {
        "images": 12, "right": 4, "key_samples": 60, "token_hits": 58, "token_log10_p": -50.5, "wrong_token_hits": 0,
    }  # fmt: skip
    assert "58 of 60 key samples, with a wrong one: 0 of 0" in served.sentence
