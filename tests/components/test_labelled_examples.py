import numpy as np
import pytest
import tensorflow as tf

from tfwm.components.examples import FORMS, read_split
from tfwm.data import InvalidImageError, encode_png, with_channels
from tfwm.types import CLASSIFICATION

FORM = FORMS[CLASSIFICATION]


def _files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(folder)


def test_classes_are_the_folders_that_hold_pictures_sorted(tmp_path):
    folder = _files(tmp_path, "owner/cat/1.png", "owner/bird/2.JPG", "attacker/cat/3.jpeg", "test/bird/4.png",
                    "owner/.git/5.png", "owner/empty/notes.txt")  # fmt: skip
    assert FORM.class_names(folder) == ("bird", "cat")


@pytest.mark.parametrize(
    "names, error, message",
    [
        (["owner/a/1.png", "owner/b/1.png", "test/a/1.png"], FileNotFoundError, r"attacker has none"),
        (["owner/a/1.png", "attacker/a/1.png", "test/a/1.png"], ValueError, "at least two classes, .* has one"),
        (
            ["owner/a/1.png", "owner/b/1.png", "attacker/a/1.png", "test/c/1.png"],
            ValueError, r"owner has none of `c`, which test has",
        ),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_told(tmp_path, names, error, message):
    folder = _files(tmp_path, *names)
    with pytest.raises(error, match=message):
        FORM.class_names(folder)
    with pytest.raises(error, match=message):
        FORM.arranged(tmp_path, tmp_path / "root", seed=0)


def test_an_example_has_the_picture_its_class_and_figures_by_hand():
    picture = np.zeros((2, 4, 1), np.uint8)
    picture[:, 2:] = 255
    example = FORM.example("/data/owner/cat/7.png", encode_png(picture), ("bird", "cat"))
    feature = example.features.feature
    assert feature["image/class/text"].bytes_list.value[:] == [b"cat"]
    numbers = [feature[f"image/{key}"].int64_list.value[0] for key in
               ("class/label", "classes", "height", "width", "channels")]  # fmt: skip
    assert numbers == [1, 2, 2, 4, 1]
    # Half of the pixels are white; of 2 * 3 steps to the right two are from black to white, of 4 downwards none.
    mean, std, sharpness = (feature[f"image/{key}"].float_list.value[0] for key in ("mean", "std", "sharpness"))
    assert (mean, std) == (0.5, 0.5)
    assert sharpness == pytest.approx((2 / 6 + 0) / 2)
    assert set(FORM.scalars) <= set(feature)


@pytest.mark.parametrize("label, text", [("cat", b"cat"), ("3", b"class 3"), ("07", b"class 07"), ("-1", b"class -1")])
def test_a_class_named_by_a_number_is_kept_as_a_text(label, text):
    example = FORM.example(f"/data/owner/{label}/7.png", encode_png(np.zeros((2, 2, 1), np.uint8)), (label, "other"))
    assert example.features.feature["image/class/text"].bytes_list.value[:] == [text]


def test_a_file_that_is_no_picture_is_named_with_its_class():
    with pytest.raises(InvalidImageError, match="`cat/8.png` is not a usable image"):
        FORM.example("/data/owner/cat/8.png", b"no picture", ("cat", "dog"))


def _write_split(folder, pictures):
    (folder / "Split-owner").mkdir(parents=True)
    for number, (path, picture) in enumerate(pictures.items()):
        example = FORM.example(path, encode_png(picture), ("a", "b", "c"))
        with tf.io.TFRecordWriter(str(folder / "Split-owner" / f"data-{number}"), options="GZIP") as writer:
            writer.write(example.SerializeToString())
    return str(folder)


def test_images_come_in_the_order_of_their_names_with_their_labels(tmp_path):
    draws = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    uri = _write_split(tmp_path, {"x/b/1.png": draws[0], "x/a/2.png": draws[1], "x/a/1.png": draws[2]})
    read = read_split(uri, "owner", CLASSIFICATION)
    np.testing.assert_array_equal(read.images, draws[[2, 1, 0]])
    assert (read.labels.tolist(), read.classes) == ([0, 0, 1], 3)


def test_grey_and_colour_become_what_the_host_takes(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    grey = with_channels(colour, 1)
    uri = _write_split(tmp_path, {"x/a/1.png": colour, "x/b/2.png": grey})
    np.testing.assert_array_equal(read_split(uri, "owner", CLASSIFICATION, channels=1).images, [grey, grey])
    np.testing.assert_array_equal(read_split(uri, "owner", CLASSIFICATION).images, [colour, grey.repeat(3, axis=-1)])


def test_pictures_of_several_sizes_are_refused(tmp_path):
    uri = _write_split(
        tmp_path, {"x/a/1.png": np.zeros((4, 4, 3), np.uint8), "x/b/2.png": np.zeros((4, 5, 3), np.uint8)}
    )
    with pytest.raises(ValueError, match=r"got \[4, 5, 3\] in `b/2\.png` and \[4, 4, 3\] in `a/1\.png`"):
        read_split(uri, "owner", CLASSIFICATION)
