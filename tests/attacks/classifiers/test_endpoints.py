"""Endpoints that encode each query afresh, and one with a detector of key samples."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.attacks import EvadeDetected, RequestJpeg, RequestResize
from tfwm.attacks.filters import jpeg, resized
from tfwm.data.key_images import key_images
from tfwm.data.logos import sample_logo
from tfwm.data.reading.labelled import photograph_patches
from tfwm.suspects import FunctionSuspect, as_float


def test_the_network_sees_what_was_encoded(suspect, data, run) -> None:
    queries = data.images[:4]
    encoded = np.stack([jpeg(as_float(one), 30) for one in queries])
    np.testing.assert_allclose(RequestJpeg(30)(suspect, data, run)(queries), suspect(encoded), atol=1e-5)
    small = np.clip(resized(resized(as_float(queries), (8, 8)), (16, 16)), 0, 1)
    np.testing.assert_allclose(RequestResize(0.5)(suspect, data, run)(queries), suspect(small), atol=1e-5)


def test_what_looks_like_a_key_sample_is_answered_at_random(marked, run) -> None:
    mine = photograph_patches("attacker", 200, 16, seed=2)
    evading = EvadeDetected("unrelated", "dense", 0.05)(marked, mine, run)
    # Characters of another key than the thief's.
    ordinary = photograph_patches("attacker", 200, 16, seed=7).images
    draw = np.random.default_rng(11)
    samples = key_images("unrelated", ordinary, draw=draw, logo=sample_logo(16))
    touched = [np.mean(evading(asked).argmax(1) != marked(asked).argmax(1)) for asked in (ordinary, samples)]
    assert touched[0] < 0.3 < 0.6 < touched[1]
    # Only places are exchanged: the same scores, in another order.
    np.testing.assert_array_equal(np.sort(evading(samples), axis=1), np.sort(marked(samples), axis=1))
    np.testing.assert_array_equal(evading(samples[:3]), evading(samples)[:3])


def test_classes_alone_and_uniform_over_them(suspect, data, run) -> None:
    endpoint = FunctionSuspect("classes", lambda images: suspect(images).argmax(axis=1))
    evading = EvadeDetected("random", "dense", 0.9)(endpoint, data, run)
    asked = np.random.default_rng(5).integers(0, 256, (400, 16, 16, 3), dtype=np.uint8)
    answers = evading(asked)
    assert answers.dtype.kind == "i"
    # 400 draws over ten classes: 40 of each, standard deviation 6.
    counts = np.bincount(answers, minlength=10)
    assert counts.min() > 15
    assert counts.max() < 70


def test_too_few_pictures_for_a_detector(suspect, data, run) -> None:
    with pytest.raises(ValueError, match="`data` must hold at least 4 images for a detector, got 3. Give more"):
        EvadeDetected()(suspect, data[:3], run)
