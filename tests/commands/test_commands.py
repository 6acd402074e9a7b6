"""Every command on one small marked model."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tfwm.cli import main
from tfwm.data import decode_image, encode_png, to_uint8
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_of
from tfwm.suspects import open_suspect

pytestmark = pytest.mark.trains

SMALL = ["--patches", "16", "--size", "32"]


def test_protect_writes_models_and_a_private_key(made: Path, key: OwnerKey) -> None:
    assert stat.S_IMODE((made / "key").stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "work").stat().st_mode) == 0o700
    assert {file.name for file in made.iterdir()} == {"marked.keras", "host.keras", "key", "work", "served"}
    assert len(key.arrays["probes"]) == 24


def test_protect_never_replaces_a_key(made: Path, run) -> None:
    before = (made / "key" / "key.json").read_bytes()
    assert "holds a key already" in run("protect", "--preset", "tiny", "--out", made, code=2)["error"]
    assert (made / "key" / "key.json").read_bytes() == before


def test_protect_names_the_closest_setting(tmp_path: Path, run) -> None:
    found = run("protect", "--set", "prbes=3", "--out", tmp_path / "x", code=2)
    assert "Did you mean `probes`?" in found["error"]
    assert not (tmp_path / "x").exists()


def test_protect_refuses_a_classifier(tmp_path: Path, run) -> None:
    image = keras.Input((32, 32, 3))
    host = keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image)))
    host.save(tmp_path / "host.keras")
    words = ("protect", "--preset", "tiny", "--host", tmp_path / "host.keras", "--patches", 8, "--out", tmp_path / "x")
    assert "Give an image-to-image network" in run(*words, code=2)["error"]


def test_protect_reports_a_folder_without_photographs(tmp_path: Path, run) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    found = run("protect", "--preset", "tiny", "--data", tmp_path, "--out", tmp_path / "x", code=2)
    assert "notes.txt" in found["error"]


def test_inspect_shows_settings(made: Path, key: OwnerKey, run) -> None:
    found = run("inspect", made / "key")
    assert found["key_fingerprint"] == key.fingerprint
    assert found["settings"] == dict(key.settings)
    assert found["arrays"]["probes"] == [24, 32, 32, 3]


def test_verify_tells_marked_from_unmarked(made: Path, key: OwnerKey, run) -> None:
    marked = run("verify", "--trust-key", "--suspect", made / "marked.keras", "--key", made / "key")
    assert marked["marked"] is True
    assert marked["p_value"] <= 1e-3
    assert marked["key_fingerprint"] == key.fingerprint
    host = run("verify", "--trust-key", "--suspect", made / "host.keras", "--key", made / "key", code=1)
    assert host["marked"] is False
    words = ("verify", "--suspect", made / "marked.keras", "--key", made / "key")
    strict = run(*words, "--trust-key", "--alpha", 1e-20, code=2)
    assert strict["error"].startswith("`alpha` must lie between 2.2e-19")
    # 64 bits are ground at last: without a commitment such a key claims little.
    assert run(*words, "--alpha", 1e-12, code=2)["error"].startswith("`alpha` must lie between 2.2e-19")


def test_every_pair_of_suspect_and_key_is_a_look(made: Path, tmp_path: Path, key: OwnerKey, run) -> None:
    scheme_of(key).decoy(key, seed=1).save(tmp_path / "wrong")
    suspects = ("--suspect", made / "marked.keras", "--suspect", made / "host.keras")
    found = run("verify", "--trust-key", *suspects, "--key", made / "key", "--key", tmp_path / "wrong")["verdicts"]
    assert [verdict["marked"] for verdict in found] == [True, False, False, False]
    assert found[0]["log10_claim"] == pytest.approx(found[0]["log10_p"] + np.log10(4))
    # Three readings of 64 bits reach 3e-19 for one look and not for four.
    strict = ("verify", "--trust-key", "--alpha", 3e-19, "--key", made / "key", "--suspect", made / "marked.keras")
    if found[0]["score"] == 1.0:
        assert run(*strict)["marked"] is True
        run(*strict, "--key", tmp_path / "wrong", code=1)


def test_verdict_as_text(made: Path, capsys) -> None:
    assert main(["verify", "--trust-key", "--suspect", str(made / "marked.keras"), "--key", str(made / "key")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"VERIFIED: {made}/marked.keras carries the mark")
    assert re.search(r"with a chance of 1 in [\d,.e^+ ]+", lines[0])
    assert "(exact binomial tail)" in lines[-2]
    assert lines[-1].startswith("Standing: taken on trust")
    assert main(["verify", "--trust-key", "--suspect", str(made / "host.keras"), "--key", str(made / "key")]) == 1
    assert capsys.readouterr().out.startswith(f"NOT VERIFIED: {made}/host.keras gives no proof")


def test_changed_key_is_invalid_evidence(made: Path, tmp_path: Path, run) -> None:
    shutil.copytree(made / "key", tmp_path / "key")
    content = bytearray((tmp_path / "key" / "arrays.npz").read_bytes())
    content[100] ^= 1
    (tmp_path / "key" / "arrays.npz").write_bytes(content)
    found = run("verify", "--trust-key", "--suspect", made / "marked.keras", "--key", tmp_path / "key", code=3)
    assert "arrays.npz" in found["error"]


@pytest.mark.parametrize("name", ["cut.keras", "cut.npz"])
def test_damaged_suspect_is_a_usage_error(name: str, made: Path, tmp_path: Path, run) -> None:
    (tmp_path / name).write_bytes((made / "marked.keras").read_bytes()[:1000])
    assert name in run("verify", "--trust-key", "--suspect", tmp_path / name, "--key", made / "key", code=2)["error"]


def test_recorded_answers(made: Path, key: OwnerKey, tmp_path: Path, run) -> None:
    run("probes", "--key", made / "key", "--out", tmp_path / "probes")
    assert stat.S_IMODE((tmp_path / "probes").stat().st_mode) == 0o700
    files = sorted((tmp_path / "probes").iterdir())
    probes = np.stack([decode_image(file.read_bytes(), file.name) for file in files])
    np.testing.assert_array_equal(probes, key.arrays["probes"])
    answers = to_uint8(open_suspect(str(made / "marked.keras"))(probes).clip(0, 1))
    (tmp_path / "answers").mkdir()
    words = ("probes", "--key", made / "key", "--answers", tmp_path / "answers", "--out")
    for file, answer in zip(files[1:], answers[1:], strict=True):
        (tmp_path / "answers" / file.name).write_bytes(encode_png(answer))
    assert "1 are missing, for instance 00000.png" in run(*words, tmp_path / "a.npz", code=2)["error"]
    (tmp_path / "answers" / "00000.png").write_bytes(encode_png(answers[0]))
    assert "must end in .npz" in run(*words, tmp_path / "a.png", code=2)["error"]
    run(*words, tmp_path / "a.npz")
    found = run("verify", "--trust-key", "--suspect", tmp_path / "a.npz", "--key", made / "key")
    assert (found["marked"], found["access"]) == (True, "outputs")
    assert "exists already" in run(*words, tmp_path / "a.npz", code=2)["error"]


def test_attack_gives_a_model_or_answers(made: Path, tmp_path: Path, run) -> None:
    words = ("--suspect", made / "marked.keras", *SMALL, "--out")
    pruned = run("attack", "prune", "--set", "share=0.01", "--key", made / "key", *words, tmp_path / "pruned")
    assert pruned["attack"] == "prune(0.01)"
    assert pruned["verdict"]["marked"] is True
    assert (
        run("verify", "--trust-key", "--suspect", tmp_path / "pruned/model.keras", "--key", made / "key")["marked"]
        is True
    )
    squeezed = run("attack", "jpeg", *words, tmp_path / "jpeg")
    with np.load(squeezed["out"]) as stored:
        assert stored["inputs"].shape == stored["outputs"].shape == (16, 32, 32, 3)
    assert "verdict" not in squeezed


def test_attack_says_what_is_wrong(made: Path, tmp_path: Path, run) -> None:
    words = (*SMALL, "--out", tmp_path / "x", "--suspect")
    assert "Did you mean `prune`?" in run("attack", "prun", *words, made / "marked.keras", code=2)["error"]
    found = run("attack", "jpeg", "--set", "qualty=3", *words, made / "marked.keras", code=2)
    assert "Did you mean `quality`?" in found["error"]
    assert (
        "needs a suspect with access WEIGHTS"
        in run("attack", "prune", *words, made / "served/public/1", code=2)["error"]
    )


def test_evaluate_then_certify(made: Path, key: OwnerKey, tmp_path: Path, run) -> None:
    policy = {
        "min_psnr_marked_vs_unmarked_db": 10.0,
        "max_host_loss_db": 20.0,
        "alpha": 1e-3,
        "must_survive": ["prune(0.01)"],
    }
    (tmp_path / "attacks.json").write_text('[{"attack": "prune", "share": 0.01}]')
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    words = ("evaluate", "--model", made / "marked.keras", "--host", made / "host.keras", "--key", made / "key",
             "--attacks", tmp_path / "attacks.json", "--patches", 16, "--out", tmp_path / "out",
             "--policy")  # fmt: skip
    found = run(*words, tmp_path / "policy.json")
    assert found["blessed"] is True
    assert {row["suspect"]: row["marked"] for row in found["rows"]}["unmarked host"] is False
    page = (tmp_path / "out" / "report.html").read_text()
    assert key.fingerprint in page
    assert page.count("data:image/png") > 12
    model, paper = made / "served/sealed/1", tmp_path / "model.json"
    words = ("certificate", "--write", paper, "--model", model, "--key", made / "key")
    assert "also needs --report, --policy" in run(*words, code=2)["error"]
    run(*words, "--report", tmp_path / "out/report.json", "--policy", tmp_path / "policy.json")
    check = ("certificate", "--check", paper, "--model")
    found = run(*check, model, "--key", made / "key")
    assert (found["checked"], found["blessed"]) == (["signature", "model", "key"], True)
    assert found["public_key"] == run("inspect", made / "key")["certificate_public_key"]
    assert "saved_model.pb changed" in run(*check, made / "served/public/1", code=3)["error"]
    assert "it is somebody else's" in run(*check, model, "--public-key", "00" * 32, code=3)["error"]


def test_a_process_of_its_own_is_quiet(made: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    words = ["inspect", made / "key", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tfwm.cli", *map(str, words)], cwd=Path(__file__).parents[2], env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["scheme"] == "deep_watermarking"
    assert done.stderr == ""
