import os

import numpy as np
import pytest
import tensorflow as tf

from tfwm.components.examples import FORMS, listing_digest, read_split
from tfwm.data import with_channels, write_folder, write_pairs
from tfwm.data.reading.decode import as_pillow
from tfwm.kinds import KINDS
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs


def _pairs(count, size=4):
    inputs = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    return ImagePairs(inputs, 255 - inputs)


def test_pairs_come_in_the_order_of_their_names_whatever_beam_did(tmp_path):
    pairs = _pairs(4)
    write_pairs(pairs[2:], tmp_path / "Split-owner" / "data-0.gz", names=["d.png", "b.png"])
    write_pairs(pairs[:2], tmp_path / "Split-owner" / "data-1.gz", names=["c.png", "a.png"])
    read = read_split(str(tmp_path), "owner", RESTORATION)
    np.testing.assert_array_equal(read.inputs, pairs.inputs[[1, 3, 0, 2]])
    np.testing.assert_array_equal(read.targets, pairs.targets[[1, 3, 0, 2]])


def test_pictures_are_brought_to_the_channels_that_the_models_take(tmp_path):
    pairs = _pairs(2)
    write_pairs(pairs, tmp_path / "colour" / "Split-owner" / "data.gz")
    luma = read_split(str(tmp_path / "colour"), "owner", RESTORATION, channels=1)
    expected = with_channels(pairs.inputs[0], 1)
    assert luma.targets.shape == (2, 4, 4, 1)
    assert np.abs(luma.inputs[0].astype(int) - expected).max() <= 1
    grey = ImagePairs(pairs.inputs[..., :1], pairs.targets[..., :1])
    write_pairs(grey, tmp_path / "grey" / "Split-owner" / "data.gz")
    np.testing.assert_array_equal(
        read_split(str(tmp_path / "grey"), "owner", RESTORATION, channels=1).inputs, grey.inputs
    )
    repeated = read_split(str(tmp_path / "grey"), "owner", RESTORATION).inputs
    np.testing.assert_array_equal(repeated, grey.inputs.repeat(3, axis=-1))


def test_pictures_count_by_any_spelling_of_their_endings(tmp_path):
    form, names = FORMS[RESTORATION], ("a.png", "b.PNG", "c.jpg", "d.JPEG", "e.Jpg")
    for part in ("owner", "attacker", "test"):
        write_folder(_pairs(1, 16), tmp_path / part)
        (tmp_path / part / "00000.png").rename(tmp_path / part / "a.png")
    picture = as_pillow(np.concatenate([_pairs(1, 16).inputs[0], _pairs(1, 16).targets[0]], axis=1))
    for name in names[1:]:
        picture.save(tmp_path / "owner" / name)
    for name in (".DS_Store", "._a.png", "notes.txt", "f.webp"):
        (tmp_path / "owner" / name).touch()
    assert form.arranged(tmp_path, tmp_path / "root", seed=0) == tmp_path
    assert form.passed_over(tmp_path) == ["owner/f.webp", "owner/notes.txt"]
    assert sorted(file.name for file in (tmp_path / "owner").glob(form.pattern)) == list(names)
    assert sorted(tf.io.gfile.glob(str(tmp_path / "owner" / form.pattern))) == [
        str(tmp_path / "owner" / n) for n in names
    ]
    for name in names:
        example = form.example(name, (tmp_path / "owner" / name).read_bytes(), ())
        assert example.features.feature["image/width"].int64_list.value[0] == 16, name


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no split `test`"):
        read_split(str(tmp_path), "test", RESTORATION)


def test_pictures_of_several_sizes_are_refused(tmp_path):
    write_pairs(_pairs(1, 4), tmp_path / "Split-test" / "data-0", names=["a.png"])
    write_pairs(_pairs(1, 8), tmp_path / "Split-test" / "data-1", names=["b.png"])
    with pytest.raises(ValueError, match=r"share one size.*`b\.png`"):
        read_split(str(tmp_path), "test", RESTORATION)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_statistics_of_size_and_look(kind):
    assert {"image/height", "image/width", "image/channels", "image/mean", "image/std", "image/sharpness"} <= set(
        FORMS[kind].scalars
    )


def _folder(tmp_path):
    for name in ("owner/a/1.png", "owner/b/2.png", "attacker/a/3.png", "test/b/4.png", "test/b/5.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))
    return tmp_path


def _changed(folder):
    (folder / "owner/a/1.png").write_bytes(b"another")


def _added(folder):
    (folder / "test/b/6.JPG").write_bytes(b"new")


def _deleted(folder):
    (folder / "test/b/5.jpeg").unlink()


def _moved(folder):
    """To another class: the number of files, their sizes and their times stay."""
    (folder / "owner/a/1.png").rename(folder / "owner/b/1.png")


@pytest.mark.parametrize("change", [_changed, _added, _deleted, _moved])
def test_whatever_happens_to_a_picture_changes_the_listing(tmp_path, change):
    folder = _folder(tmp_path)
    before = listing_digest(folder, CLASSIFICATION)
    change(folder)
    assert listing_digest(folder, CLASSIFICATION) != before


def test_litter_is_no_change(tmp_path):
    folder = _folder(tmp_path)
    before = listing_digest(folder, CLASSIFICATION)
    for name in ("owner/.DS_Store", "owner/a/Thumbs.db", "owner/a/._1.png", "owner/.trash/9.png", "test/b/notes.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"litter")
    assert listing_digest(folder, CLASSIFICATION) == before
