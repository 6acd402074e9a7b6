"""Every command on small classifiers: a trial without data, and a host and data of one's own."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.commands.conftest import runner
from tfwm.cli import main
from tfwm.commands import protect
from tfwm.data import encode_png
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import OwnerKey
from tfwm.suspects import open_suspect

pytestmark = pytest.mark.trains

POLICY = {"max_accuracy_loss": 0.4, "alpha": 1e-3, "must_survive": ["prune(0.05)"]}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tfwm protect` makes of patches of photographs; copy it, do not change it."""
    out = tmp_path_factory.mktemp("trial") / "classifier"
    assert main(["protect", "--scheme", "blind_watermark", "--preset", "tiny", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def secret(trial: Path) -> OwnerKey:
    return OwnerKey.load(trial / "key")


@pytest.fixture
def ask(secret: OwnerKey, capsys):
    return runner(secret, capsys)


def grey_set(path: Path, classes: int = 4) -> Path:
    """An npz as people have it: grey pictures of 16 x 16 pixels without an axis for channels."""
    arrays = {}
    for name, part, count in (("train", "owner", 240), ("test", "test", 80)):
        data = photograph_patches(part, count, 16, seed=1, channels=1)
        kept = data.labels < classes
        arrays |= {f"x_{name}": data.images[kept][..., 0], f"y_{name}": data.labels[kept]}
    np.savez(path, **arrays)
    return path


def own_host(path: Path, classes: int = 4) -> Path:
    """A classifier with softmax, of seconds; of another number of classes than the set's it is untrained."""
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 1))
    x = keras.layers.Conv2D(16, 3, 2, activation="relu")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dense(classes, activation="softmax")(keras.layers.Flatten()(x))
    model = keras.Model(image, x)
    if classes == 4:
        with np.load(grey_set(path.with_suffix(".npz"))) as data:
            model.compile("adam", "sparse_categorical_crossentropy")
            model.fit(data["x_train"][..., None] / 255.0, data["y_train"], 8, 20, verbose=0)
    model.save(path)
    return path


def test_protect_writes_models_and_a_private_key(trial: Path, secret: OwnerKey) -> None:
    assert {file.name for file in trial.iterdir()} == {"marked.keras", "host.keras", "key", "work"}
    assert stat.S_IMODE((trial / "work").stat().st_mode) == 0o700
    assert not (trial / "work/secret.hex").exists()
    for name in ("marked", "host"):
        network = open_suspect(str(trial / f"{name}.keras")).model
        assert (network.input_shape, network.output_shape) == ((None, 16, 16, 3), (None, 10))
    assert {name: secret.settings[name] for name in ("image_size", "channels", "classes")} == {
        "image_size": 16, "channels": 3, "classes": 10,
    }  # fmt: skip


def test_inspect_shows_samples_and_encoder(trial: Path, secret: OwnerKey, ask) -> None:
    found = ask("inspect", trial / "key")
    assert (found["scheme"], found["key_fingerprint"]) == ("blind_watermark", secret.fingerprint)
    assert found["arrays"]["covers"] == [20, 16, 16, 3]
    assert found["networks"]["encoder"] > 0


def test_verify_tells_marked_from_unmarked(trial: Path, ask) -> None:
    words = ("verify", "--trust-key", "--key", trial / "key", "--suspect")
    found = ask(*words, trial / "marked.keras")
    assert (found["marked"], found["n"], found["access"]) == (True, 20, "weights")
    assert ask(*words, trial / "host.keras", code=1)["marked"] is False


def test_recorded_scores_are_enough(trial: Path, tmp_path: Path, ask) -> None:
    words = ("probes", "--key", trial / "key", "--out")
    assert ask(*words, tmp_path / "probes.npz")["probes"] == [20, 16, 16, 3]
    with np.load(tmp_path / "probes.npz") as stored:
        inputs = stored["inputs"]
    scores = open_suspect(str(trial / "marked.keras"))(inputs)
    assert scores.shape == (20, 10)
    np.savez(tmp_path / "answers.npz", inputs=inputs, outputs=scores)
    found = ask("verify", "--trust-key", "--suspect", tmp_path / "answers.npz", "--key", trial / "key")
    assert (found["marked"], found["access"]) == (True, "outputs")
    np.savez(tmp_path / "few.npz", inputs=inputs, outputs=scores[:, :7])
    found = ask("verify", "--trust-key", "--suspect", tmp_path / "few.npz", "--key", trial / "key", code=2)
    assert "Is the suspect a classifier of 10 classes?" in found["error"]
    (tmp_path / "pictures").mkdir()
    found = ask(*words, tmp_path / "packed.npz", "--answers", tmp_path / "pictures", code=2)
    assert "a suspect of the scheme blind_watermark answers with scores" in found["error"]


def test_attacks_read_pictures_as_the_classifier_does(trial: Path, tmp_path: Path, ask) -> None:
    words = ("--suspect", trial / "marked.keras", "--patches", 40, "--key", trial / "key", "--out")
    pruned = ask("attack", "prune", "--set", "share=0.05", *words, tmp_path / "pruned")
    assert (pruned["attack"], pruned["verdict"]["marked"]) == ("prune(0.05)", True)
    assert ask("verify", "--trust-key", "--suspect", pruned["out"], "--key", trial / "key")["marked"] is True
    asked = ask("attack", "request_jpeg", "--set", "quality=95", *words, tmp_path / "jpeg")
    with np.load(asked["out"]) as stored:
        assert (stored["inputs"].shape, stored["outputs"].shape) == ((16, 16, 16, 3), (16, 10))
    other = grey_set(tmp_path / "grey.npz")
    error = ask("attack", "prune", *words, tmp_path / "other", "--data", other, code=2)["error"]
    assert "`--suspect` takes pictures [16, 16, 3] and knows 10 classes" in error
    assert "[16, 16, 3] of 4 classes" in error  # grey was read as the network takes it


def test_evaluate_reports_accuracies(trial: Path, tmp_path: Path, ask) -> None:
    attacks = [
        {"attack": "prune", "share": 0.05},
        {"attack": "extract_classifier", "network": "lenet3", "width": 0.5, "augment": "none",
         "schedule": {"epochs": 1, "steps_per_epoch": 10, "batch_size": 20, "learning_rate": 0.05, "decay": "cosine"}},
    ]  # fmt: skip
    (tmp_path / "attacks.json").write_text(json.dumps(attacks))
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    words = ("evaluate", "--model", trial / "marked.keras", "--host", trial / "host.keras", "--key", trial / "key",
             "--attacks", tmp_path / "attacks.json", "--patches", 60, "--out", tmp_path / "out",
             "--policy")  # fmt: skip
    found = ask(*words, tmp_path / "policy.json")
    assert found["blessed"] is True
    marked = {row["suspect"]: row["marked"] for row in found["rows"]}
    assert marked["prune(0.05)"]
    assert not marked["extraction of the unmarked host"]
    assert not any(found for label, found in marked.items() if label.startswith(("trivial", "wrong", "unmarked")))
    assert 0.2 < found["fidelity"]["marked_accuracy"] < 1.0
    rows = json.loads((tmp_path / "out/report.json").read_text())["rows"]
    assert all(0.0 <= row["accuracy"] <= 1.0 and row["psnr_db"] is None for row in rows)
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "Accuracy with mark" in page
    assert "of 20 cells agree" in page
    assert "data:image/png" not in page  # neither samples nor logo
    (tmp_path / "images.json").write_text(
        '{"min_psnr_marked_vs_unmarked_db": 38, "max_host_loss_db": 1, "alpha": 1e-3}'
    )
    reasons = ask(*words, tmp_path / "images.json", code=1)["reasons"]
    assert any("`max_accuracy_loss`" in reason for reason in reasons)


def test_a_host_and_data_of_ones_own_decide_the_settings(tmp_path: Path, ask, capsys) -> None:
    data, host = grey_set(tmp_path / "grey.npz"), own_host(tmp_path / "host.keras")
    words = ["protect", "--scheme", "deep_stego", "--preset", "tiny", "--host", str(host), "--data", str(data)]
    assert main([*words, "--epochs-scale", "0.5", "--out", str(tmp_path / "mine")]) == 0
    text = capsys.readouterr().out
    assert "Accuracy on 32 test images: " in text
    assert "without the mark" in text
    assert "Of its 20 key samples the marked model gives" in text
    settings = OwnerKey.load(tmp_path / "mine/key").settings
    found = [settings[name] for name in ("image_size", "channels", "classes", "outputs")]
    assert found == [16, 1, 4, "probabilities"]
    assert open_suspect(str(tmp_path / "mine/marked.keras")).model.output_shape == (None, 4)
    ask("verify", "--trust-key", "--suspect", tmp_path / "mine/host.keras", "--key", tmp_path / "mine/key", code=1)


def test_what_does_not_fit_is_said_before_any_training(tmp_path: Path, ask) -> None:
    words = ("protect", "--scheme", "deep_stego", "--preset", "tiny", "--out", tmp_path / "x")
    grey, five = grey_set(tmp_path / "grey.npz"), own_host(tmp_path / "five.keras", classes=5)
    error = ask(*words, "--data", grey, "--host", five, code=2)["error"]
    assert "`--host` takes pictures [16, 16, 1] and knows 5 classes, but the data have" in error
    assert "of 4 classes" in error
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/a.png").write_bytes(encode_png(np.zeros((16, 16, 3), np.uint8)))
    assert "must hold train/<class>/ and test/<class>/" in ask(*words, "--data", tmp_path / "flat", code=2)["error"]
    for part, side in (("train", 16), ("test", 20)):
        for name in "ab":
            (tmp_path / "sizes" / part / name).mkdir(parents=True)
            picture = np.full((side, side, 3), 9, np.uint8)
            (tmp_path / "sizes" / part / name / "0.png").write_bytes(encode_png(picture))
    error = ask(*words, "--data", tmp_path / "sizes", code=2)["error"]
    assert "must hold pictures of one size, got [16, 16, 3] for training and [20, 20, 3] for the test" in error
    (tmp_path / "cut.npz").write_bytes(grey.read_bytes()[:300])
    assert "cut.npz" in ask(*words, "--data", tmp_path / "cut.npz", code=2)["error"]
    assert "is not there" in ask(*words, "--data", tmp_path / "gone.npz", code=2)["error"]
    image = keras.Input((16, 16, 3))
    keras.Model(image, keras.layers.Conv2D(3, 1)(image)).save(tmp_path / "images.keras")
    assert "Give a classifier" in ask(*words, "--host", tmp_path / "images.keras", code=2)["error"]
    assert "Did you mean `samples`?" in ask(*words, "--set", "sampels=3", code=2)["error"]
    assert "Did you mean `resnet18`?" in ask(*words, "--network", "resnet8", code=2)["error"]
    assert not (tmp_path / "x/key").exists()


def test_width_is_for_classifiers(tmp_path: Path, ask) -> None:
    found = ask("protect", "--preset", "tiny", "--width", 0.5, "--out", tmp_path / "x", code=2)
    assert "`--width` is for classifiers, got it with --scheme deep_watermarking" in found["error"]


def test_a_stopped_marking_goes_on_with_its_own_secret(tmp_path: Path, ask, monkeypatch) -> None:
    words = ("protect", "--scheme", "deep_stego", "--preset", "tiny", "--epochs-scale", 0.2, "--patches", 40)
    words = (*words, "--set", "samples=20", "--out", tmp_path / "mine")

    def stop(out: Path, made: protect.Protected) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(protect, "written", stop)
        assert main([str(word) for word in words]) == 130
    kept = tmp_path / "mine/work/secret.hex"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    text = kept.read_text()
    # Whatever was trained is taken from its checkpoints, which fit this secret alone.
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    made = ask(*words)
    assert OwnerKey.load(made["key"]).secret.hex() == text
    assert not kept.exists()
