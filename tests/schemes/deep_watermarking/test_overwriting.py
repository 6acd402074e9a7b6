"""A mark under another mark: the network that overwrites in training, and where it stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import coarse_pairs, smallest_scheme, smoothing_host
from tfwm.data.drawings import drawing
from tfwm.data.logos import own_logo
from tfwm.evidence.statistics import centred_nc, nc
from tfwm.schemes.deep_watermarking.marker import Marker
from tfwm.schemes.deep_watermarking.marks import ALIKE, checked_marks
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.overwriting import Overwriter, overwriter_settings
from tfwm.schemes.deep_watermarking.settings import Distortions
from tfwm.suspects import as_float
from tfwm.training import Run

SEEDS = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (8, 2)))


def test_ninety_drawings_are_distinct_and_no_blank() -> None:
    marks = [as_float(drawing(str(number), 32)) for number in range(90)]
    assert max(centred_nc(one, other) for one, other in combinations(marks, 2)) < ALIKE - 0.1
    assert max(nc(np.ones_like(mark), mark) for mark in marks) < 0.93
    np.testing.assert_array_equal(drawing("17", 32), own_logo("drawing:17", 32))
    # A drawing stays what it is at another size: the mean of four pixels is one of half the size.
    halved = drawing("17", 64).reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - drawing("17", 32)).mean() < 8.0
    with pytest.raises(ValueError, match="`logo` drawing: must be followed by a number"):
        own_logo("drawing:", 32)


def test_the_network_that_overwrites_hides_a_drawing_for_each_picture() -> None:
    owner = smallest_scheme(overwriting=3)
    settings = overwriter_settings(owner)
    assert (settings.coded, settings.marks, settings.overwriting) == (False, 3, 0)
    assert (settings.initial, settings.embedder_filters) == (owner.initial, owner.embedder_filters)
    marks, built = as_float(checked_marks(settings)), build(settings, 3)
    images = as_float(coarse_pairs(8, 16).targets)
    over = Overwriter(built.embedder, tf.constant(marks))(images, SEEDS).numpy()
    carried = [[built.embedder(np.concatenate([image, mark], axis=-1)[None])[0].numpy() for mark in marks]
               for image in images]  # fmt: skip
    errors = np.abs(np.asarray(carried) - over[:, None]).max(axis=(2, 3, 4))
    assert errors.min(axis=1).max() < 1e-5
    assert len(set(errors.argmin(axis=1))) > 1


def test_half_of_the_pairs_are_overwritten_and_overwritten_ones_without_a_mark_are_clean() -> None:
    settings = smallest_scheme(distortions=Distortions(), clean_stride=2, overwriting=2)
    marker = Marker(settings, None, np.zeros((16, 16, 3), np.float32), lambda images, seeds: images + 0.25)
    batch = {"inputs": tf.fill((8, 16, 16, 3), 0.1), "outputs": tf.fill((8, 16, 16, 3), 0.2), "seed": SEEDS}
    added = marker.seen(tf.fill((8, 16, 16, 3), 0.5), batch).numpy() - 0.5
    each = added.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(added, each[:, None, None, None] * np.ones_like(added), atol=1e-6)
    np.testing.assert_allclose(sorted(set(np.round(each, 6))), [0.0, 0.25], atol=1e-6)
    np.testing.assert_array_equal(each[::2], each[1::2])
    values = [float(np.unique(part)[0]) for part in marker.clean(batch)]
    np.testing.assert_allclose(values, [0.1, 0.2, 0.45], atol=1e-6)
    assert [len(part) for part in marker.clean(batch)] == [4, 4, 4]
    assert len(Marker(settings, None, np.zeros((16, 16, 3), np.float32)).clean(batch)) == 2


def test_how_many_marks_may_overwrite() -> None:
    with pytest.raises(ValueError, match="`overwriting` must be a whole number from 0 to 1000, got -1"):
        smallest_scheme(overwriting=-1)


@pytest.mark.trains
@pytest.mark.parametrize("stage", [True, False])
def test_a_training_with_it_goes_from_start_to_key_and_resumes(stage: bool, tmp_path: Path) -> None:
    scheme = replace(smallest_scheme(overwriting=2), adversarial_stage=stage)
    made = [scheme.train(smoothing_host(), coarse_pairs(40, 16, seed=1), Run(tmp_path, quiet=True), secret=bytes(32))
            for _ in range(2)]  # fmt: skip
    assert list((tmp_path / "checkpoints").glob("overwriter-*"))
    one, two = (each.key.networks["extractor"].get_weights() for each in made)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
