"""`tfwm protect --no-host`: a data set of target images, or what an algorithm outputs, is marked; there is no model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import photograph
from tfwm.cli import main
from tfwm.data import decode_image, encode_png, make_pairs, sample_patches
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_of
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float, open_suspect

pytestmark = pytest.mark.trains

WORDS = ["protect", "--no-host", "--preset", "tiny", "--scheme", "spread_spectrum", "--patches", "96"]


def photographs(folder: Path) -> Path:
    folder.mkdir()
    for number in range(9):
        (folder / f"picture {number}.png").write_bytes(encode_png(photograph(48, 40 + number, seed=number)))
    return folder


@pytest.mark.parametrize("task", ["derain", "smooth_rtv"])
def test_target_images_are_marked_and_who_learns_them_is_found(task: str, tmp_path: Path, capsys) -> None:
    data, out = photographs(tmp_path / "data"), tmp_path / "out"
    assert main([*WORDS, "--data", str(data), "--task", task, "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verified"]
    assert found["count"] == 9
    assert 30 < found["psnr_marked_vs_unmarked_db"] < 45
    assert "host" not in found
    assert not (out / "host.keras").exists()
    key, barrier = OwnerKey.load(out / "key"), open_suspect(str(out / "marked.keras"))
    for number, path in enumerate(sorted((out / "targets").iterdir())):
        marked = decode_image(path.read_bytes(), path.name)
        image = photograph(48, 40 + number, seed=number)
        target = make_pairs(task, image[None], seed=0).targets
        assert marked.shape == image.shape
        np.testing.assert_allclose(as_float(marked), barrier(target)[0], atol=1 / 255)
        assert (marked != target[0]).any()
    # A traditional algorithm with the barrier behind it, in whose place a thief's network would stand.
    targets = key.arrays["unmarked"]
    served = FunctionSuspect("algorithm", lambda _: barrier(targets))
    assert scheme_of(key).verify(served, key).marked
    assert not scheme_of(key).verify(FunctionSuspect("unmarked", lambda _: as_float(targets)), key).marked


def test_people_are_told_what_to_release(tmp_path: Path, capsys) -> None:
    assert main([*WORDS, "--data", str(photographs(tmp_path / "data")), "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "9 pictures; release these in place of yours" in text
    assert "Unmarked host" not in text
    assert "tfwm verify --suspect SUSPECT" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--network", "unet"], "`--network` is for a host, got it with --no-host"),
        (["--scheme", "trigger_image"], "`--no-host` takes a scheme that marks pictures, got --scheme trigger_image"),
        (["--scheme", "blind_watermark"], "Use one of deep_watermarking, spread_spectrum"),
    ],
)
def test_what_makes_no_sense_without_a_host(words, message, tmp_path: Path, capsys) -> None:
    assert main([*WORDS, *words, "--out", str(tmp_path / "out"), "--json"]) == 2
    assert message in json.loads(capsys.readouterr().out)["error"]
    assert not (tmp_path / "out").exists()


def test_an_algorithm_behind_which_the_barrier_stands() -> None:
    """The barrier is an ordinary layer of pictures: it does not matter what made them."""
    import tempfile

    from tfwm.schemes import make_scheme
    from tfwm.training import Run

    scheme = make_scheme("dct_mark", "tiny")
    clean = sample_patches([photograph(96, 96, seed=seed) for seed in range(4)], 96, 32, seed=0)
    made = scheme.train(None, make_pairs("smooth_rtv", clean, seed=0), Run(tempfile.mkdtemp(), quiet=True))
    barrier = KerasSuspect("barrier", made.model)
    probes = scheme.probe_images(made.key)
    algorithm = lambda images: make_pairs("smooth_rtv", np.asarray(images), seed=0).targets  # noqa: E731
    assert scheme.verify(FunctionSuspect("marked", lambda _: barrier(algorithm(probes))), made.key).marked
    assert not scheme.verify(FunctionSuspect("bare", lambda _: as_float(algorithm(probes))), made.key).marked
