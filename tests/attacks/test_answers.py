from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.attacks.toys import patches
from tfwm.attacks import Blur, Crop, GaussianNoise, Jpeg, Resize, Rotate
from tfwm.suspects import FunctionSuspect, RecordedSuspect, as_float
from tfwm.suspects.trivial import echo


def test_jpeg_is_what_pillow_writes(data, run) -> None:
    images = patches(1, seed=4)
    buffer = io.BytesIO()
    Image.fromarray(images[0]).save(buffer, "JPEG", quality=30)
    expected = np.asarray(Image.open(buffer)) / 255.0
    np.testing.assert_allclose(Jpeg(30)(echo(), data, run)(images)[0], expected, atol=1e-6)


def test_jpeg_takes_grey_and_refuses_two_channels(data, run) -> None:
    attacked = Jpeg(30)(echo(), data, run)
    assert attacked(patches(2, seed=4)[..., :1]).shape == (2, 16, 16, 1)
    with pytest.raises(ValueError, match="must have 1 or 3 channels for JPEG, got 2"):
        attacked(patches(2, seed=4)[..., :2])


def test_lower_quality_costs_more(data, run) -> None:
    images = patches(4, seed=4)
    errors = [np.abs(Jpeg(quality)(echo(), data, run)(images) - as_float(images)).mean() for quality in (90, 50, 10)]
    assert errors[0] < errors[1] < errors[2]


def test_noise_has_its_sigma_and_belongs_to_the_picture(data, run) -> None:
    grey = np.full((2, 64, 64, 3), 128, np.uint8)
    grey[1, 0, 0] = 127
    attacked = GaussianNoise(0.05)(echo(), data, run)
    answers = attacked(grey)
    # 12,288 draws: the standard error of the deviation is 0.6 %.
    assert (answers[0] - 128 / 255).std() == pytest.approx(0.05, rel=0.03)
    np.testing.assert_array_equal(attacked(grey[::-1])[::-1], answers)
    assert np.abs(answers[0] - answers[1]).mean() > 0.01
    other = GaussianNoise(0.05, seed=1)(echo(), data, run)
    assert np.abs(other(grey) - answers).mean() > 0.01


def test_crop_enlarges_the_centre(data, run) -> None:
    # Only the middle 8 x 8 of 16 x 16 is white: cropped to half, nothing but white is left.
    images = np.zeros((1, 16, 16, 3), np.uint8)
    images[:, 4:12, 4:12] = 255
    np.testing.assert_allclose(Crop(0.5)(echo(), data, run)(images), 1.0, atol=1e-6)


def test_resize_keeps_smooth_parts_and_loses_a_checkerboard(data, run) -> None:
    rows, columns = np.indices((16, 16))
    board = (255 * ((rows + columns) % 2)).astype(np.uint8)[None, ..., None]
    attacked = Resize(0.5)(echo(), data, run)
    assert np.abs(attacked(board)[:, 4:12, 4:12] - 0.5).max() < 0.05
    flat = np.full((1, 17, 31, 3), 100, np.uint8)
    np.testing.assert_allclose(attacked(flat), 100 / 255, atol=1e-5)


def test_quarter_turn_is_exact(data, run) -> None:
    images = patches(2, seed=4)
    turned = Rotate(90.0)(echo(), data, run)(images)
    np.testing.assert_allclose(turned, np.rot90(as_float(images), axes=(1, 2)), atol=1e-4)


def test_blur_of_a_point_is_a_gaussian(data, run) -> None:
    point = np.zeros((1, 17, 17, 1), np.uint8)
    point[0, 8, 8] = 255
    blurred = Blur(1.0)(echo(), data, run)(point)[0, ..., 0]
    assert blurred.sum() == pytest.approx(1.0, abs=1e-4)
    # Neighbour to centre: exp(-1 / (2 sigma^2)) = 0.6065.
    assert blurred[8, 9] / blurred[8, 8] == pytest.approx(0.6065, abs=1e-3)


def test_wide_blur_of_a_tiny_picture(data, run) -> None:
    assert np.isfinite(Blur(20.0)(echo(), data, run)(patches(1, seed=4)[:, :5, :3])).all()


@pytest.mark.parametrize("attack", [Rotate(3.0), Blur(1.0)])
def test_no_warning_of_the_end_of_addons(attack, data, run) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        attack(echo(), data, run)(patches(1, seed=4))


def test_logits_are_refused(data, run) -> None:
    classifier = FunctionSuspect("classifier", lambda images: images.mean(axis=(1, 2)))
    with pytest.raises(ValueError, match=r"answers with images .* got \[2, 3\] from `classifier`"):
        Jpeg()(classifier, data, run)(patches(2, seed=4))


def test_what_is_outside_zero_to_one_is_clipped_first(data, run) -> None:
    loud = FunctionSuspect("loud", lambda images: images * 3 - 1)
    answers = Resize(0.5)(loud, data, run)(patches(2, seed=4))
    assert answers.min() >= 0
    assert answers.max() <= 1


def test_recorded_outputs_can_be_filtered(data, run) -> None:
    recorded = RecordedSuspect.record("recorded", data.inputs, data.targets / 255.0)
    assert Jpeg(60)(recorded, data, run)(data.inputs).shape == data.inputs.shape
