"""What an experiment runs with, and the real data sets."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tfwm.data import encode_png
from tfwm.papers import SCALES, Context
from tfwm.papers.engine.data import data_folder, digest

GREY = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30, 1)


@pytest.fixture
def data(context: Context) -> Path:
    context.data.mkdir()
    with tarfile.open(context.data / "two.tar", "w") as archive:
        for name, content in (("set/a.png", encode_png(GREY)), ("set/b.png", encode_png(np.repeat(GREY, 3, 2)))):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    np.savez(context.data / "stack.npz", x=np.stack([GREY[..., 0], GREY[..., 0] // 2]))
    return context.data


def test_pictures_of_a_tar_with_their_own_channels(context: Context, data: Path) -> None:
    found = context.dataset("two.tar")
    assert {name: image.shape for name, image in found.items()} == {"set/a.png": (20, 30, 1), "set/b.png": (20, 30, 3)}
    np.testing.assert_array_equal(found["set/a.png"], GREY)


def test_pictures_of_an_npz(context: Context, data: Path) -> None:
    found = context.dataset("stack.npz")
    assert list(found) == ["x[0]", "x[1]"]
    np.testing.assert_array_equal(found["x[1]"], GREY // 2)


def test_a_damaged_picture_is_an_error(context: Context, data: Path) -> None:
    with tarfile.open(data / "two.tar", "a") as archive:
        archive.addfile(tarfile.TarInfo("set/c.png"))
    with pytest.raises(ValueError, match=r"`two.tar/set/c.png` is not a usable image"):
        context.dataset("two.tar")


def test_an_archive_without_pictures(context: Context, data: Path) -> None:
    np.savez(data / "labels.npz", y=np.arange(3))
    with pytest.raises(ValueError, match=r"labels.npz` holds no pictures"):
        context.dataset("labels.npz")


def test_missing_data_say_what_to_give(context: Context) -> None:
    with pytest.raises(FileNotFoundError, match="`bsd68_gray.tar` is not in `.*data`.*--data or TFWM_DATA.*smoke"):
        context.dataset("bsd68_gray.tar")


def test_where_data_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFWM_DATA", "from/variable")
    assert data_folder("given") == Path("given")
    assert data_folder() == Path("from/variable")
    monkeypatch.delenv("TFWM_DATA")
    assert data_folder() == Path(__file__).resolve().parents[4] / "shared/data"


def test_digests_change_with_everything() -> None:
    variants = [
        digest(GREY), digest(GREY, GREY), digest(GREY.astype(np.int16)), digest(GREY.reshape(30, 20, 1)),
        digest({"a": GREY}), digest({"b": GREY}), digest(GREY // 2),
    ]  # fmt: skip
    assert len(set(variants)) == len(variants)
    assert digest(GREY) == digest(np.asfortranarray(GREY))


@pytest.mark.parametrize("scale", SCALES)
def test_at_picks_by_scale(scale: str, context: Context) -> None:
    assert dataclasses.replace(context, scale=scale).at(smoke="smoke", desk="desk", paper="paper") == scale


def test_the_machine_works_where_and_with_the_seed_it_is_told(context: Context, tmp_path: Path) -> None:
    run = context.run_in(tmp_path, seed=5)
    assert (run.directory, run.seed, run.quiet) == (tmp_path, 5, True)
    assert context.run.seed == 0


def test_a_context_is_checked(context: Context) -> None:
    with pytest.raises(ValueError, match="There is no scale `dask`. Did you mean `desk`?"):
        dataclasses.replace(context, scale="dask")
    with pytest.raises(ValueError, match="`seeds` must hold at least one seed"):
        dataclasses.replace(context, seeds=())
