"""An endpoint with a detector of key samples: whom it answers at random, and how."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.attacks import EvadeDetected
from tfwm.data.key_images import key_images
from tfwm.data.logos import sample_logo
from tfwm.data.tasks.trial import photograph_patches
from tfwm.suspects import FunctionSuspect

pytestmark = pytest.mark.trains


def test_what_looks_like_a_key_sample_is_answered_at_random(marked_classifier, run) -> None:
    mine = photograph_patches("attacker", 200, 16, seed=2)
    evading = EvadeDetected("unrelated", "dense", 0.05)(marked_classifier, mine, run)
    # Characters of another key than the thief's.
    ordinary = photograph_patches("attacker", 200, 16, seed=7).images
    draw = np.random.default_rng(11)
    samples = key_images("unrelated", ordinary, draw=draw, logo=sample_logo(16))
    touched = [np.mean(evading(asked).argmax(1) != marked_classifier(asked).argmax(1)) for asked in (ordinary, samples)]
    assert touched[0] < 0.3 < 0.6 < touched[1]
    # Only places are exchanged: the same scores, in another order.
    np.testing.assert_array_equal(np.sort(evading(samples), axis=1), np.sort(marked_classifier(samples), axis=1))
    np.testing.assert_array_equal(evading(samples[:3]), evading(samples)[:3])


def test_classes_alone_and_uniform_over_them(classifier_suspect, labelled, run) -> None:
    endpoint = FunctionSuspect("classes", lambda images: classifier_suspect(images).argmax(axis=1))
    evading = EvadeDetected("random", "dense", 0.9)(endpoint, labelled, run)
    asked = np.random.default_rng(5).integers(0, 256, (400, 16, 16, 3), dtype=np.uint8)
    answers = evading(asked)
    assert answers.dtype.kind == "i"
    # 400 draws over ten classes: 40 of each, standard deviation 6.
    counts = np.bincount(answers, minlength=10)
    assert counts.min() > 15
    assert counts.max() < 70


def test_too_few_pictures_for_a_detector(classifier_suspect, labelled, run) -> None:
    with pytest.raises(ValueError, match="`data` must hold at least 4 images for a detector, got 3. Give more"):
        EvadeDetected()(classifier_suspect, labelled[:3], run)
