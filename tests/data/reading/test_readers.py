from __future__ import annotations

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import encoded, photograph, png
from tfwm.data.reading import sources
from tfwm.data.reading.readers import cover, read_images, with_channels


@pytest.fixture
def folder(tmp_path):
    """Three usable pictures among everything that goes wrong in real folders."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "grey.png").write_bytes(png(photograph(channels=1)))
    (tmp_path / "a.jpg").write_bytes(encoded(Image.fromarray(photograph()), "JPEG"))
    (tmp_path / "misnamed.dat").write_bytes(png(photograph(40, 50)))
    (tmp_path / "cut.png").write_bytes(png(photograph())[:300])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "tiny.png").write_bytes(png(photograph(3, 3)))
    (tmp_path / ".DS_Store").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_folder_gives_pictures_sorted_and_problems_by_name(folder):
    found = read_images(folder)
    assert found.names == ("a.jpg", "b/grey.png", "misnamed.dat")
    assert [image.shape for image in found.images] == [(24, 32, 3), (24, 32, 3), (40, 50, 3)]
    problems = dict(found.problems)
    assert sorted(problems) == ["cut.png", "empty.png", "gone.png", "notes.txt", "pipe.png", "tiny.png"]
    assert "truncated" in problems["cut.png"]
    assert "0 bytes" in problems["empty.png"]
    assert "neither PNG nor JPEG" in problems["notes.txt"]
    assert "regular" in problems["pipe.png"]
    assert problems["tiny.png"] == "3 x 3 pixels, the shorter side must have at least 16"


def test_fail_lists_the_problems(folder):
    with pytest.raises(ValueError, match=r'6 of the images(.|\n)*notes.txt: neither(.|\n)*on_bad="skip"'):
        read_images(folder, on_bad="fail")


def test_fail_lists_at_most_ten(tmp_path):
    for index in range(12):
        (tmp_path / f"{index:02d}.png").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"09.png(.|\n)*and 2 more") as caught:
        read_images(tmp_path, on_bad="fail")
    assert "10.png" not in str(caught.value)


def test_nothing_usable_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"holds no files"):
        read_images(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"no usable image; 1 could not be used:\n  a.txt: neither PNG nor JPEG"):
        read_images(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no file or folder"):
        read_images(tmp_path / "missing")


def test_settings_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`channels` must be 1"):
        read_images(tmp_path, channels=4)
    with pytest.raises(ValueError, match=r"no on_bad `skipp`. Did you mean `skip`"):
        read_images(tmp_path, on_bad="skipp")


def test_exact_size_reports_the_others_by_name(folder):
    found = read_images(folder, size=(24, 32), fit="exact")
    assert found.stacked().shape == (2, 24, 32, 3)
    assert dict(found.problems)["misnamed.dat"] == "50 x 40 pixels instead of 32 x 24"


def test_cover_takes_the_centre():
    image = np.zeros((4, 8, 1), np.uint8)
    image[:, 2:6] = 200  # the middle square
    np.testing.assert_array_equal(cover(image, (4, 4)), np.full((4, 4, 1), 200))
    assert cover(photograph(30, 20), (8, 16)).shape == (8, 16, 3)


def test_longest_side_bounds_memory(folder):
    shapes = [image.shape for image in read_images(folder, longest_side=25, min_side=16).images]
    assert shapes == [(19, 25, 3), (19, 25, 3), (20, 25, 3)]  # 24 * 25 / 32 = 18.75, 40 * 25 / 50 = 20


def test_stacking_needs_one_size(folder):
    with pytest.raises(ValueError, match=r"2 sizes(.|\n)*Read them with `size`"):
        read_images(folder).stacked()


def test_channels_convert_by_luma_and_repetition():
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    assert with_channels(red, 1).tolist() == [[[76], [76]]] * 2  # 0.299 * 255 = 76.2
    grey = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    np.testing.assert_array_equal(with_channels(grey, 3), np.repeat(grey, 3, axis=2))


def test_npz_arrays_of_every_form(tmp_path):
    stack, one = np.stack([photograph(seed=s) for s in (1, 2)]), photograph(20, 20, 1)[..., 0]
    np.savez(
        tmp_path / "a.npz", stack=stack, one=one, labels=np.arange(2), light=np.full((1, 16, 16, 3), 0.5, np.float32),
        odd=np.zeros((2, 16, 16, 7), np.uint8), wide=np.zeros((16, 16), np.int32),
        pickled=np.array([{"a": 1}], dtype=object).reshape(1, 1),
    )  # fmt: skip
    found = read_images(tmp_path / "a.npz")
    assert found.names == ("a.npz/light[0]", "a.npz/one", "a.npz/stack[0]", "a.npz/stack[1]")
    np.testing.assert_array_equal(found.images[3], stack[1])
    assert found.images[0].max() == found.images[0].min() == 128
    problems = dict(found.problems)
    assert "7 channels" in problems["a.npz/odd"]
    assert "int32" in problems["a.npz/wide"]
    assert "allow_pickle=False" in problems["a.npz/pickled"]


def test_damaged_archives_are_problems(tmp_path):
    (tmp_path / "good.png").write_bytes(png(photograph()))
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no zip")
    (tmp_path / "bad.tar").write_bytes(b"no tar")
    (tmp_path / "bad.tfrecord").write_bytes(b"\x05" * 40)
    found = read_images(tmp_path)
    assert found.names == ("good.png",)
    assert sorted(name for name, _ in found.problems) == ["bad.npz", "bad.tar", "bad.tfrecord"]


def _tar(path, members: dict[str, bytes | tarfile.TarInfo]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_tar_is_read_without_extracting(tmp_path):
    link = tarfile.TarInfo("link.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members = {
        "x/good.png": png(photograph()),
        "../../out.png": png(photograph(seed=2)),
        "link.png": link,
        "x/._good.png": b"AppleDouble",
        "bad.jpg": b"\xff\xd8\xff no",
    }
    _tar(tmp_path / "a.tar", members)
    before = sorted(tmp_path.rglob("*"))
    found = read_images(tmp_path / "a.tar")
    assert found.names == ("a.tar/x/good.png", "a.tar/../../out.png")
    assert dict(found.problems)["a.tar/link.png"] == "not a regular file"
    assert "damaged" in dict(found.problems)["a.tar/bad.jpg"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(png(photograph()))
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 100)
    with pytest.raises(ValueError, match=r"bytes are more than the limit of 100"):
        read_images(tmp_path)


def test_a_name_that_is_not_utf8_is_reported_readably(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(png(photograph()))
    assert read_images(tmp_path).names == ("\\udcff.png",)


def test_names_that_occur_twice_are_numbered(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for seed in (1, 2):
            content = png(photograph(seed=seed))
            info = tarfile.TarInfo("same.png")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    found = read_images(tmp_path / "a.tar")
    assert found.names == ("a.tar/same.png#1", "a.tar/same.png#2")
    np.testing.assert_array_equal(found.by_name()["a.tar/same.png#2"], photograph(seed=2))


def test_linked_folders_are_reported_not_followed(tmp_path):
    (tmp_path / "a.png").write_bytes(png(photograph()))
    (tmp_path / "loop").symlink_to(tmp_path)
    found = read_images(tmp_path)
    assert found.names == ("a.png",)
    assert [name for name, _ in found.problems] == ["loop"]
