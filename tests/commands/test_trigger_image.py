"""Every command on a grey denoiser that was marked with trigger images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from serving.server import Server
from tests.commands.conftest import runner
from tfwm.cli import main
from tfwm.data import decode_image, encode_png, to_uint8
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_of
from tfwm.suspects import open_suspect

pytestmark = pytest.mark.trains

DENOISE = ("--task", "denoise", "--preset", "tiny", "--scheme", "trigger_image")


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds what `tfwm protect` wrote, and `served/denoiser/1`; copy it, do not change it."""
    out = tmp_path_factory.mktemp("trigger") / "mine"
    words = ["--network", "dncnn", "--channels", "1", "--patches", "96", "--set", "triggers=2", "--out", str(out)]
    assert main(["protect", *DENOISE, *words]) == 0
    export = ["export", "--model", str(out / "marked.keras"), "--key", str(out / "key")]
    assert main([*export, "--out", str(out / "served/denoiser/1")]) == 0
    return out


@pytest.fixture(scope="module")
def secret(denoiser: Path) -> OwnerKey:
    return OwnerKey.load(denoiser / "key")


@pytest.fixture
def ask(secret: OwnerKey, capsys):
    return runner(secret, capsys)


def test_protect_makes_a_grey_pair_of_networks(denoiser: Path, secret: OwnerKey) -> None:
    for name in ("marked", "host"):
        network = open_suspect(str(denoiser / f"{name}.keras")).model
        assert network.input_shape == network.output_shape == (None, None, None, 1)
    assert secret.scheme == "trigger_image"
    assert scheme_of(secret).probe_images(secret).shape == (1, 16, 16, 1)


def test_verify_asks_as_it_is_told(denoiser: Path, ask) -> None:
    words = ("verify", "--trust-key", "--key", denoiser / "key", "--suspect")
    found = ask(*words, denoiser / "marked.keras")
    assert (found["marked"], found["n"], found["asked_with"]) == (True, 16, [])
    assert ask(*words, denoiser / "host.keras", code=1)["marked"] is False
    both = ask(*words, denoiser / "marked.keras", "--set", "reveal=2")
    assert (both["marked"], both["n"], both["asked_with"]) == (True, 32, ["reveal=2"])
    error = ask(*words, denoiser / "marked.keras", "--set", "revel=2", code=2)["error"]
    assert "Did you mean `reveal`?" in error
    assert (
        "`reveal` must be at most `triggers`, 2, got 3"
        in (ask(*words, denoiser / "marked.keras", "--set", "reveal=3", code=2)["error"])
    )


def test_a_changed_way_of_asking_is_told_in_words_too(denoiser: Path, capsys) -> None:
    words = ["verify", "--trust-key", "--key", str(denoiser / "key"), "--suspect", str(denoiser / "marked.keras")]
    assert main([*words, "--set", "reveal=2"]) == 0
    assert capsys.readouterr().out.endswith("Asked with reveal=2 instead of the key's own settings.\n")
    assert main(words) == 0
    assert "Asked with" not in capsys.readouterr().out


def test_recorded_answers_reveal_one_trigger_image_only(denoiser: Path, tmp_path: Path, ask) -> None:
    words = ("probes", "--key", denoiser / "key")
    assert ask(*words, "--out", tmp_path / "probes")["probes"] == [1, 16, 16, 1]
    (file,) = (tmp_path / "probes").iterdir()
    trigger = decode_image(file.read_bytes(), file.name)
    answer = to_uint8(open_suspect(str(denoiser / "marked.keras"))(trigger[None]).clip(0, 1))[0]
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / file.name).write_bytes(encode_png(answer))
    ask(*words, "--answers", tmp_path / "answers", "--out", tmp_path / "answers.npz")
    found = ask("verify", "--trust-key", "--key", denoiser / "key", "--suspect", tmp_path / "answers.npz")
    assert (found["marked"], found["access"]) == (True, "outputs")
    assert ask(*words, "--set", "reveal=2", "--out", tmp_path / "two")["probes"] == [2, 16, 16, 1]


def test_a_served_denoiser_is_verified_and_read(denoiser: Path, secret: OwnerKey, tmp_path: Path, ask) -> None:
    (tmp_path / "trigger.png").write_bytes(encode_png(scheme_of(secret).probe_images(secret)[0]))
    words = ("extract", "--key", denoiser / "key", "--picture", tmp_path / "trigger.png")
    with Server({"denoiser": denoiser / "served/denoiser"}) as server:
        suspect = f"grpc://{server.address}/denoiser"
        assert ask("verify", "--trust-key", "--suspect", suspect, "--key", denoiser / "key")["marked"] is True
        words = (*words, "--suspect", suspect, "--through-model", tmp_path / "answer.png", "--out")
        right = ask(*words, tmp_path / "logo.png")
        wrong = ask(*words, tmp_path / "noise.png", "--wrong-token")
    answer, logo, noise = (
        decode_image((tmp_path / name).read_bytes(), name).astype(int)
        for name in ("answer.png", "logo.png", "noise.png")
    )
    assert answer.shape == (16, 16, 1)
    # What is served lies in [0, 1]; the network itself answers beyond.
    plain = open_suspect(str(denoiser / "marked.keras"))(scheme_of(secret).probe_images(secret)).clip(0, 1)
    drawn = to_uint8(secret.networks["extractor"](plain).numpy()[0])
    assert np.abs(logo - drawn).max() <= 2
    assert np.abs(noise - drawn).max() > 100
    assert (right["token"], wrong["token"]) == ("owner", "wrong")
    assert abs(wrong["nc_centred"]) < 0.05


def test_attack_reads_pictures_as_the_suspect_does(denoiser: Path, tmp_path: Path, ask) -> None:
    words = ("--task", "denoise", "--patches", "8", "--size", "16", "--out", tmp_path / "out", "--suspect")
    found = ask("attack", "jpeg", *words, denoiser / "marked.keras")
    with np.load(found["out"]) as stored:
        assert stored["inputs"].shape == stored["outputs"].shape == (8, 16, 16, 1)
    found = ask("attack", "jpeg", "--channels", 1, *words, denoiser / "served/denoiser/1")
    with np.load(found["out"]) as stored:
        assert stored["outputs"].shape == (8, 16, 16, 1)


def test_evaluate_draws_grey_pictures_and_cells(denoiser: Path, tmp_path: Path, ask) -> None:
    policy = {
        "min_psnr_marked_vs_unmarked_db": 20.0, "max_host_loss_db": 5.0, "alpha": 1e-3, "must_survive": ["prune(0.01)"],
    }  # fmt: skip
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    (tmp_path / "attacks.json").write_text('[{"attack": "prune", "share": 0.01}]')
    found = ask(
        "evaluate", "--model", denoiser / "marked.keras", "--host", denoiser / "host.keras", "--key", denoiser / "key",
        "--task", "denoise", "--patches", 8, "--attacks", tmp_path / "attacks.json", "--policy",
        tmp_path / "policy.json", "--out", tmp_path / "out",
    )  # fmt: skip
    assert found["blessed"] is True
    assert {row["suspect"]: row["marked"] for row in found["rows"]}["unmarked host"] is False
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "16 of 16 cells agree" in page
    assert page.count("data:image/png") > 12


def test_a_host_of_ones_own_decides_the_channels(denoiser: Path, tmp_path: Path, ask) -> None:
    words = ("protect", *DENOISE, "--host", denoiser / "host.keras", "--patches", 16, "--epochs-scale", 0.1)
    made = ask(*words, "--set", "sigma=25", "--out", tmp_path / "mine")
    assert OwnerKey.load(made["key"]).settings["channels"] == 1
    assert "[n, 16, 16, 3]" in ask(*words, "--channels", 3, "--out", tmp_path / "other", code=2)["error"]
    derain = [word if word != "denoise" else "derain" for word in words]
    error = ask(*derain, "--set", "sigma=25", "--out", tmp_path / "rain", code=2)["error"]
    assert "`sigma` of 25 adds noise, which is for --task denoise, got derain" in error


def test_a_grey_key_of_the_other_scheme(denoiser: Path, tmp_path: Path, ask) -> None:
    """Hidden marks in a grey host's outputs: every setting that names channels follows the host."""
    words = ("protect", "--task", "denoise", "--preset", "tiny", "--host", denoiser / "host.keras", "--patches", 32)
    small = ("extractor_blocks=1", "embedder_downs=2", "proxy_downs=2", "probes=4")
    fields = [word for field in small for word in ("--set", field)]
    made = ask(*words, *fields, "--epochs-scale", 0.05, "--out", tmp_path / "mine")
    assert OwnerKey.load(made["key"]).arrays["probes"].shape == (4, 32, 32, 1)
    assert ask("verify", "--trust-key", "--suspect", made["host"], "--key", made["key"], code=1)["marked"] is False


def test_a_multi_input_host_is_refused(tmp_path: Path, ask) -> None:
    first, second = keras.Input((16, 16, 1)), keras.Input((16, 16, 1))
    keras.Model([first, second], keras.layers.Add()([first, second])).save(tmp_path / "two.keras")
    found = ask("protect", *DENOISE, "--host", tmp_path / "two.keras", "--out", tmp_path / "x", code=2)
    assert "Give an image-to-image network" in found["error"]
