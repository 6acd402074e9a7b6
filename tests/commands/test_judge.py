"""Commit, reveal and judge, as their user calls them; the networks are as they were drawn."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving.server import Server
from tests.ownership.authority import Authority, serving
from tests.ownership.toys import SAMPLES, SCHEME, SHOWN, classifier, innocent, key_of, recorded, thief
from tfwm.cli import main
from tfwm.digests import released_weights
from tfwm.exporting import export

pytestmark = pytest.mark.trains  # whole commands

AUTHORITY = Authority(time=datetime(2026, 3, 1, tzinfo=timezone.utc))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key with its model, controls, an authority's certificate and what two suspects answer; copy what you change."""
    folder = tmp_path_factory.mktemp("judge")
    for name, seed in (("ours", 3), ("theirs", 5)):
        key_of(seed).save(folder / name / "key")
        export(classifier(seed), folder / name / "served/1", public=True, warmup=False)
    (folder / "controls").mkdir()
    for seed in (1, 2):
        classifier(seed).save(folder / f"controls/control_{seed}.keras")
    (folder / "tsa.pem").write_bytes(AUTHORITY.pem)
    recorded(folder / "innocent.npz", key_of(), innocent())
    recorded(folder / "thief.npz", key_of(), thief(key_of(), key_of(5)))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*words: object, code: int = 0) -> dict:
        capsys.readouterr()
        assert main([*map(str, words), "--json"]) == code
        printed = capsys.readouterr().out
        assert key_of().secret.hex() not in printed
        return json.loads(printed)

    return call


@pytest.fixture
def owner(place: Path, tmp_path: Path) -> Path:
    """A copy of the owner's folder."""
    return Path(shutil.copytree(place / "ours", tmp_path / "ours"))


def _committed(run, owner: Path, place: Path, authority: Authority = AUTHORITY) -> dict:
    with serving(authority) as url:
        return run(
            "commit", owner / "key", "--model", owner / "served/1", "--identity", "Example Labs",
            "--new-signing-key", owner / "owner.pem", "--timestamp-url", url, "--tsa-ca", place / "tsa.pem",
        )  # fmt: skip


def test_the_users_story(run, owner: Path, place: Path) -> None:
    made = _committed(run, owner, place)
    assert made["time"].startswith("2026-03-01")
    assert Path(made["commitment"]).is_file()
    shown = run("reveal", owner / "key", "--samples", SHOWN, "--out", owner / "bundle", "--purpose", "a dispute")
    assert (shown["shown"], shown["blocks_left"], shown["timestamp"]) == ([0, SHOWN], 1, True)
    words = ["judge", owner / "bundle", "--controls", place / "controls", "--tsa-ca", place / "tsa.pem"]
    transcript = owner / "transcript.jsonl"
    found = run(*words, "--suspect", place / "thief.npz", "--released", "2026-04-01", "--transcript", transcript)
    (only,) = found["bundles"]
    assert (found["verified"], only["case"], only["identity"], only["signer"]) == (
        True, "committed", "Example Labs", made["public_key"],
    )  # fmt: skip
    assert only["tries"] == 1
    assert only["log10_claim"] == pytest.approx(only["log10_p"] + 2.417, abs=1e-3)  # 261 looks
    checked = run("judge", "--check-transcript", transcript, "--public-key", found["judge_public_key"])
    assert checked["lines"] > 10
    assert key_of().secret.hex() not in transcript.read_text()
    many = run(*words, "--suspect", place / "thief.npz", "--released", "2026-04-01", "--commitments", 1000)
    assert many["bundles"][0]["log10_claim"] == pytest.approx(only["log10_claim"] + 3)
    late = run(*words, "--suspect", place / "thief.npz", "--released", "2026-02-01")
    assert (late["verified"], late["bundles"][0]["case"], late["bundles"][0]["tries"]) == (True, "uncommitted", 2**40)
    assert run(*words, "--suspect", place / "innocent.npz", code=1)["verified"] is False


def test_pieces_that_were_shown_are_burnt(run, owner: Path) -> None:
    words = ["reveal", owner, "--samples", 25]
    assert run(*words, "--out", owner / "a")["shown"] == [0, 25]
    assert run(*words, "--out", owner / "b")["shown"] == [25, 50]
    assert "the first 50 were shown in 2 disputes" in run(*words, "--out", owner / "c", code=2)["error"]
    assert not (owner / "c").exists()
    assert "exists already" in run(*words, "--out", owner / "a", code=2)["error"]
    assert run("reveal", owner, "--samples", SAMPLES - 50, "--out", owner / "d")["shown"] == [50, SAMPLES]
    run("inspect", owner / "key")  # the ledger lies beside the key, which is as it was


def test_a_changed_bundle_is_invalid_evidence_with_its_word(run, owner: Path, place: Path) -> None:
    run("reveal", owner, "--samples", SHOWN, "--out", owner / "bundle")
    (owner / "bundle/more.txt").write_text("more")
    words = ["judge", owner / "bundle", "--controls", place / "controls", "--suspect", place / "thief.npz"]
    found = run(*words, "--transcript", owner / "transcript.jsonl", code=3)
    assert (found["code"], found["exit_code"]) == ("extra-file", 3)
    lines = [json.loads(line) for line in (owner / "transcript.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["start", "refused", "end"]
    assert lines[1]["facts"]["code"] == "extra-file"
    (owner / "transcript.jsonl").write_text((owner / "transcript.jsonl").read_text().replace("extra", "other"))
    assert run("judge", "--check-transcript", owner / "transcript.jsonl", code=3)["code"] == "transcript"


def test_two_owners(run, owner: Path, place: Path, tmp_path: Path) -> None:
    """The thief has overwritten the model and committed to his own key, after the owner."""
    other = Path(shutil.copytree(place / "theirs", tmp_path / "theirs"))
    _committed(run, owner, place)
    _committed(run, other, place, Authority(time=datetime(2026, 3, 9, tzinfo=timezone.utc)))
    for folder in (owner, other):
        run("reveal", folder, "--samples", SHOWN, "--out", folder / "bundle")
    suspect = thief(key_of(), key_of(5))
    both = SCHEME.asked(key_of()).images, SCHEME.asked(key_of(5)).images
    images = np.concatenate(both)
    np.savez(tmp_path / "both.npz", inputs=images, outputs=suspect(images))
    words = ["--controls", place / "controls", "--suspect", tmp_path / "both.npz", "--released", "2026-04-01"]
    found = run("judge", other / "bundle", owner / "bundle", *words, "--tsa-ca", place / "tsa.pem")
    assert [(each["verified"], each["looks"]) for each in found["bundles"]] == [(True, 2 * 261)] * 2
    assert found["prevails"] == str(owner / "bundle")
    undecided = run("judge", other / "bundle", owner / "bundle", *words, code=1)
    assert (undecided["verified"], undecided["prevails"]) == (False, None)


def test_text_for_people(owner: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reveal", str(owner), "--samples", str(SHOWN), "--out", str(owner / "bundle")]) == 0
    assert "burnt" in capsys.readouterr().out
    words = ["judge", str(owner / "bundle"), "--controls", str(place / "controls"), "--suspect"]
    assert main([*words, str(place / "thief.npz")]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"VERIFIED: {place}/thief.npz carries the mark of")
    assert "2^40" in text
    assert "It is not the chance that the model was not stolen" in " ".join(text.split())
    assert main([*words, str(place / "innocent.npz")]) == 1
    assert capsys.readouterr().out.startswith("NOT VERIFIED")


def test_a_commitment_is_never_replaced_and_needs_a_model(run, owner: Path, place: Path) -> None:
    words = ["commit", owner, "--model", owner / "served/1", "--identity", "Example Labs"]
    made = run(*words, "--new-signing-key", owner / "owner.pem")
    assert made["timestamp"] is None
    assert "never replaced" in run(*words, "--signing-key", owner / "owner.pem", code=2)["error"]
    again = run(*words, "--signing-key", owner / "owner.pem", "--out", owner / "again.json")
    assert (again["digest"], again["public_key"]) == (made["digest"], made["public_key"])
    none = run("commit", owner, "--identity", "x", "--signing-key", owner / "owner.pem", "--out", owner / "x", code=2)
    assert "marked.keras is not there" in none["error"]
    unreachable = ["--timestamp-url", "http://127.0.0.1:9/", "--out", owner / "y.json"]
    run(*words, "--signing-key", owner / "owner.pem", *unreachable, code=4)
    assert not (owner / "y.json").exists()
    other = run("reveal", owner, "--commitment", owner / "again.json", "--samples", 30, "--out", owner / "bundle")
    assert other["committed"] is True
    run("commit", place / "theirs", "--model", owner / "served/1", "--identity", "Other", "--signing-key",
        owner / "owner.pem", "--out", owner / "theirs.json")  # fmt: skip
    wrong = ["--commitment", owner / "theirs.json", "--samples", 30, "--out", owner / "wrong"]
    assert run("reveal", owner, *wrong, code=3)["code"] == "commitment-mismatch"


def test_judge_says_what_it_lacks(run, place: Path, tmp_path: Path) -> None:
    assert "got no bundles" in run("judge", code=2)["error"]
    assert "--controls" in run("judge", "b", "--suspect", "s", code=2)["error"]
    assert (
        "not there" in run("judge", tmp_path / "b", "--suspect", "s", "--controls", place / "controls", code=2)["error"]
    )


def test_a_served_suspect(run, owner: Path, place: Path) -> None:
    run("reveal", owner, "--samples", SHOWN, "--out", owner / "bundle")
    words = ["judge", owner / "bundle", "--controls", place / "controls", "--transcript", owner / "transcript.jsonl"]
    with Server({"ours": owner / "served"}) as server:
        found = run(*words, "--suspect", f"grpc://{server.address}/ours", code=1)
        assert (found["verified"], found["served_versions"]) == (False, [1])
    lines = [json.loads(line) for line in (owner / "transcript.jsonl").read_text().splitlines()]
    (answer,) = (line["facts"] for line in lines if line["facts"].get("role") == "suspect")
    assert answer["name"] == f"grpc://{server.address}/ours"
    assert answer["versions"] == [1]
    run(*words, "--suspect", f"grpc://{server.address}/ours", code=4)
    events = [json.loads(line)["event"] for line in (owner / "transcript.jsonl").read_text().splitlines()]
    assert events[-3:] == ["no-answer", "unreachable", "end"]


def test_the_folder_of_a_run_has_its_model(run, owner: Path) -> None:
    classifier(3).save(owner / "marked.keras")
    made = run("commit", owner, "--identity", "Example Labs", "--new-signing-key", owner / "owner.pem")
    assert (made["files"], made["weights"]) == (1, released_weights(owner / "served/1"))


def test_weights_are_known_again_after_another_export(place: Path, tmp_path: Path) -> None:
    model = classifier(3)
    model.save(tmp_path / "model.keras")
    export(model, tmp_path / "again [2]", public=True, warmup=False)
    digest = released_weights(place / "ours/served/1")
    assert digest == released_weights(tmp_path / "again [2]") == released_weights(tmp_path / "model.keras")
    assert digest != released_weights(place / "theirs/served/1")
    tf.saved_model.save(model, str(tmp_path / "as_keras_writes_it"))
    assert released_weights(tmp_path / "as_keras_writes_it") == digest


def test_verify_believes_a_commitment_with_a_third_partys_time(run, owner: Path, place: Path, tmp_path: Path) -> None:
    made = _committed(run, owner, place)
    words = ("verify", "--suspect", place / "thief.npz", "--key", owner / "key")
    assert run(*words)["standing"] == "uncommitted"
    committed = (*words, "--commitment", made["commitment"])
    assert run(*committed, "--released", "2026-04-01")["standing"] == "uncommitted"  # nobody is trusted for the time
    trusted = (*committed, "--tsa-ca", place / "tsa.pem")
    found = run(*trusted, "--released", "2026-04-01")
    assert (found["standing"], found["tries"], found["log10_claim"]) == ("committed", 1.0, found["log10_p"])
    for released in ((), ("--released", "2026-03-01"), ("--released", "2026-02-01")):
        assert run(*trusted, *released)["standing"] == "uncommitted"
    other = ("verify", "--suspect", place / "thief.npz", "--key", place / "theirs/key")
    assert run(*other, "--commitment", made["commitment"], code=3)["code"] == "commitment-mismatch"
    assert "Leave one of them out" in run(*trusted, "--trust-key", code=2)["error"]
