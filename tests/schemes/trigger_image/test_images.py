"""Eq. 1 to 3 with numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.schemes.trigger_image.conftest import CODED, RANKED, draws
from tfwm.data import decode_image, encode_png
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.settings import GRADIENTS

# K in fifths of white. Central differences, one-sided at the borders:
#   0.0 0.2 0.4     along rows  0.2 0.2 0.2     along columns  0.4  0.4  0.4
#   0.4 0.6 0.8                 0.2 0.2 0.2                    0.2  0.3  0.3
#   0.4 0.8 1.0                 0.4 0.3 0.2                    0.0  0.2  0.2
FIFTHS = np.array([[0, 1, 2], [2, 3, 4], [2, 4, 5]])
TRIGGER = (51 * FIFTHS).astype(np.uint8)[None, :, :, None]
SLOPES = np.array([[0.6, 0.6, 0.6], [0.4, 0.5, 0.5], [0.4, 0.5, 0.4]])
SMALL = TriggerImage(image_size=3, trigger_size=3, visualizer=False)
SR = replace(SMALL, upsampling=2)


def _g(settings: TriggerImage, trigger: np.ndarray = TRIGGER) -> np.ndarray:
    return images.verification_images(settings, trigger)[0, ..., 0]


def test_eq_2_takes_the_gradient_off() -> None:
    np.testing.assert_allclose(_g(SMALL), FIFTHS / 5 - SLOPES, atol=1e-6)
    np.testing.assert_allclose(_g(replace(SMALL, gradient="gentle")), FIFTHS / 5 - SLOPES / 2, atol=1e-6)


def test_eq_3_adds_it() -> None:
    np.testing.assert_allclose(_g(SR), FIFTHS / 5 + SLOPES, atol=1e-6)


def test_the_mixed_sobel_by_hand() -> None:
    # Corners 0, 2, 2, 5 of the neighbourhood: |0 - 2 - 2 + 5| = 1 fifth; mirrored borders cancel.
    expected = FIFTHS / 5.0
    expected[1, 1] -= 0.2
    for gradient in ("sobel", "wrapped_sobel"):
        np.testing.assert_allclose(_g(replace(SMALL, gradient=gradient)), expected, atol=1e-6)


def test_the_authors_sobel_wraps_around() -> None:
    trigger = np.zeros((1, 3, 3, 1), np.uint8)
    trigger[0, [0, 2], [0, 2], 0] = 255
    # |255 + 255| = 510 levels; modulo 256 that is 254.
    assert _g(replace(SMALL, gradient="sobel"), trigger)[1, 1] == pytest.approx(-2.0)
    assert _g(replace(SMALL, gradient="wrapped_sobel"), trigger)[1, 1] == pytest.approx(-254 / 255)


def test_channels_do_not_mix() -> None:
    colours = np.concatenate([TRIGGER, TRIGGER[:, ::-1], TRIGGER[:, :, ::-1]], axis=-1)
    for gradient in GRADIENTS:
        settings = replace(SMALL, gradient=gradient, channels=3)
        found = images.verification_images(settings, colours)
        for channel in range(3):
            alone = images.verification_images(settings, colours[..., channel : channel + 1])
            np.testing.assert_array_equal(found[..., channel : channel + 1], alone)


def test_an_enlarged_picture_by_hand() -> None:
    # Linear interpolation from 2 to 4 pixels: a quarter and three quarters of the way.
    pixels = np.array([[0, 100], [0, 100]], np.uint8)
    both = images.enlarged(np.stack([pixels, pixels.T], axis=-1), 2)
    np.testing.assert_array_equal(both[..., 0], np.tile([0, 25, 75, 100], (4, 1)))
    np.testing.assert_array_equal(both[..., 1], both[..., 0].T)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_host_receives_enlarged_triggers(factor: int) -> None:
    settings = replace(RANKED, upsampling=factor, channels=3)
    found = images.triggers(settings, draws(settings))
    assert found.shape == (1, 8 * factor, 8 * factor, 3)
    small = images.triggers(replace(settings, upsampling=1), draws(settings))
    np.testing.assert_array_equal(found[0], images.enlarged(small[0], factor))


def test_triggers_are_a_function_of_the_key() -> None:
    settings = replace(RANKED, triggers=3, alpha=0.2)
    found = images.triggers(settings, draws(settings))
    assert (found.dtype, found.shape) == (np.uint8, (3, 8, 8, 1))
    np.testing.assert_array_equal(found, images.triggers(settings, draws(settings)))
    # A network that was trained or is asked in another way can be asked for the same images.
    unlike = replace(settings, strength=0.5, gradient="sobel", coded=True, cells=4, reveal=2, decoys=99)
    np.testing.assert_array_equal(found, images.triggers(unlike, draws(unlike)))
    assert np.mean(found == images.triggers(settings, draws(settings, 2))) < 0.05


def test_no_two_pictures_of_a_key_are_alike() -> None:
    settings = replace(RANKED, triggers=3, alpha=0.2)
    others = images.decoys(settings, draws(settings), 20).reshape(60, 8, 8, 1)
    every = np.concatenate([images.triggers(settings, draws(settings)), others])
    for index, picture in enumerate(every):
        assert np.mean(picture == np.delete(every, index, axis=0)) < 0.05


def test_triggers_are_evenly_spread_grey_levels() -> None:
    large = replace(RANKED, trigger_size=160)
    levels = images.triggers(large, draws(large, 3))
    counts = np.bincount(levels.ravel(), minlength=256)  # 100 each, give or take 10
    assert len(counts) == 256
    assert counts.min() > 50
    assert counts.max() < 150


@pytest.mark.parametrize("channels", [1, 3])
def test_triggers_survive_a_png_file(channels: int) -> None:
    settings = replace(RANKED, channels=channels)
    (picture,) = images.triggers(settings, draws(settings))
    np.testing.assert_array_equal(decode_image(encode_png(picture), "trigger"), picture)


def test_a_code_changes_g_in_the_cells_of_one_sign_only() -> None:
    asked = images.triggers(CODED, draws(CODED))
    plain = images.verification_images(CODED, asked)
    codes = images.owner_codes(CODED, draws(CODED))
    changed = images.verification_images(CODED, asked, codes) - plain
    cells = np.abs(changed).reshape(4, 2, 4, 2).max(axis=(1, 3))
    assert set(np.unique(codes)) == {-1.0, 1.0}
    np.testing.assert_array_equal(cells < 1e-6, codes[0] > 0)
    assert np.abs(cells[codes[0] < 0]).min() > 0.05


def test_codes_differ_from_trigger_to_trigger_and_key_to_key() -> None:
    settings = replace(CODED, triggers=3, cells=8)
    codes, others = (images.owner_codes(settings, draws(settings, seed)) for seed in (1, 2))
    assert codes.shape == (3, 8, 8)
    for first, second in ((codes[0], codes[1]), (codes[1], codes[2]), (codes, others)):
        assert 0.25 < np.mean(first == second) < 0.75
    # Some of the pieces have the bits that they have among all.
    np.testing.assert_array_equal(images.owner_codes(settings, draws(settings).only([2])), codes[2:])


def test_cell_means_by_hand() -> None:
    picture = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_allclose(images.cell_means(picture, 2), [[[2.5, 4.5], [10.5, 12.5]]])
