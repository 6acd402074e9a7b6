"""`tfwm export` and `tfwm extract` with a classifier's key: no picture in, none out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.server import Server
from tests.commands.conftest import runner
from tests.toy_classifier import KeySamples, key_of, log10_p, partly_right, samples_of, toy_classifier
from tfwm.cli import main
from tfwm.exporting import signatures_of
from tfwm.keys import OwnerKey
from tfwm.schemes import SCHEMES

pytestmark = pytest.mark.trains

COUNT, WRONG = 30, 3


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEMES.places, KeySamples.name, "tests.toy_classifier:KeySamples")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `marked.keras` and `key`."""
    folder = tmp_path_factory.mktemp("classifier")
    model, samples = toy_classifier(), samples_of(COUNT)
    model.save(folder / "marked.keras")
    key_of(samples, partly_right(model, samples, WRONG)[0]).save(folder / "key")
    return folder


@pytest.fixture
def ask(marked: Path, capsys):
    return runner(OwnerKey.load(marked / "key"), capsys)


@pytest.fixture(scope="module")
def endpoint(marked: Path) -> Iterator[str]:
    """Serves `sealed` and `public`, as the command writes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCHEMES.places, KeySamples.name, "tests.toy_classifier:KeySamples")
        words = ["export", "--model", str(marked / "marked.keras")]
        assert main([*words, "--key", str(marked / "key"), "--out", str(marked / "served/sealed/1")]) == 0
        assert main([*words, "--public", "--out", str(marked / "served/public/1")]) == 0
    with Server({name: marked / "served" / name for name in ("sealed", "public")}) as server:
        yield f"grpc://{server.address}"


def test_export_lists_the_signatures_that_are_there(marked: Path, tmp_path: Path, ask) -> None:
    words = ("export", "--model", marked / "marked.keras", "--out")
    sealed = ask(*words, tmp_path / "sealed", "--key", marked / "key")
    public = ask(*words, tmp_path / "public", "--public")
    assert sealed["signatures"] == signatures_of(tmp_path / "sealed") == ["serving_default", "serving_bytes", "extract"]
    assert public["signatures"] == signatures_of(tmp_path / "public") == ["serving_default", "serving_bytes"]


def test_extract_counts_the_key_samples(marked: Path, endpoint: str, ask, capsys) -> None:
    words = ("extract", "--suspect", f"{endpoint}/sealed", "--key", marked / "key")
    right, wrong = ask(*words), ask(*words, "--wrong-token")
    expected = log10_p(COUNT - WRONG, COUNT)
    assert (right["hits"], right["n"], right["token"]) == (COUNT - WRONG, COUNT, "owner")
    assert right["log10_p"] == pytest.approx(expected, abs=1e-4)
    assert (wrong["hits"], wrong["n"], wrong["log10_p"], wrong["token"]) == (0, 0, 0.0, "wrong")
    assert main([*map(str, words)]) == 0
    said = capsys.readouterr().out
    assert f"27 of 30 key samples get their labels, read with the owner's token; log10 p = {expected:.2f} for a" in said
    assert main([*map(str, words), "--wrong-token"]) == 0
    assert "A wrong token opens nothing in grpc://127.0.0.1" in capsys.readouterr().out


def test_extract_from_a_public_classifier(marked: Path, endpoint: str, ask) -> None:
    found = ask("extract", "--suspect", f"{endpoint}/public", "--key", marked / "key", code=4)
    assert "Does the model have the signature `extract`?" in found["error"]


@pytest.mark.parametrize("option", ["--picture", "--out", "--through-model"])
def test_pictures_are_not_for_classifiers(marked: Path, tmp_path: Path, option: str, ask) -> None:
    words = ("extract", "--suspect", "grpc://127.0.0.1:1/m", "--key", marked / "key", option, tmp_path / "a.png")
    error = ask(*words, code=2)["error"]
    assert f"`{option}` must not be given with a key of the scheme key_samples, which marks classifiers" in error


@pytest.mark.parametrize(
    "given, missing",
    [
        ((), "`--picture` and `--out` must"),
        (("--picture", "a.png"), "`--out` must"),
        (("--out", "a"), "`--picture` must"),
    ],
)
def test_pictures_are_demanded_for_images(tmp_path: Path, given: tuple[str, ...], missing: str, capsys) -> None:
    key = OwnerKey("deep_watermarking", {}, key_of(samples_of(1), samples_of(1)[:, 0, 0, 0]).secret)
    key.save(tmp_path / "key")
    words = ("extract", "--suspect", "grpc://127.0.0.1:1/m", "--key", tmp_path / "key", *given)
    error = runner(key, capsys)(*words, code=2)["error"]
    assert (
        f"{missing} be given with a key of the scheme deep_watermarking, which marks restoration networks. Give it"
        in error
    )
