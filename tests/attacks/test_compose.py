from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import patches
from tfwm.attacks import (
    Compose,
    EvadeDetected,
    GaussianNoise,
    Jpeg,
    Prune,
    Quantize,
    RequestJpeg,
    Resize,
    Surrogate,
    TuneClassifier,
    attack_from_dict,
    attack_to_dict,
)  # fmt: skip
from tfwm.training import Schedule
from tfwm.types import CLASSIFICATION, RESTORATION, Access

TINY = Surrogate("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 1, batch_size=4, decay="constant"))


def test_each_attack_gets_what_the_one_before_left(suspect, data, run) -> None:
    queries = patches(2, seed=6)
    combined = Compose((Jpeg(40), Resize(0.5)))(suspect, data, run)
    by_hand = Resize(0.5)(Jpeg(40)(suspect, data, run), data, run)
    np.testing.assert_array_equal(combined(queries), by_hand(queries))
    swapped = Compose((Resize(0.5), Jpeg(40)))(suspect, data, run)
    assert np.abs(swapped(queries) - combined(queries)).max() > 1e-3


def test_needs_the_least_that_serves_every_part() -> None:
    assert Compose((Jpeg(), Resize())).needs == Access.OUTPUTS
    assert Compose((Jpeg(), TINY, Prune())).needs == Access.QUERIES
    assert Compose((Prune(), Jpeg())).needs == Access.WEIGHTS
    assert Compose((Compose((Jpeg(), TINY)), Prune())).needs == Access.QUERIES


def test_a_network_at_the_end_is_saved(suspect, data, run) -> None:
    stolen = Compose((GaussianNoise(0.01), TINY, Prune(0.5), Quantize(4)))(suspect, data, run)
    assert stolen.access == Access.WEIGHTS
    assert stolen.name == (
        "quantize(4) of prune(0.5) of surrogate(plain_cnn-4, 2 blocks, l1) of gaussian_noise(0.01) of toy"
    )
    saved = keras.models.load_model(run.directory / "model.keras", compile=False)
    images = patches(2, seed=6)
    np.testing.assert_array_equal(saved(images / np.float32(255)), stolen(images))


def test_nested_round_trip() -> None:
    attack = Compose((Compose((Jpeg(30), TINY)), Prune(0.1)))
    assert attack_from_dict(attack_to_dict(attack)) == attack
    assert repr(attack) == "jpeg(30) + surrogate(plain_cnn-4, 2 blocks, l1) + prune(0.1)"


def test_it_is_for_the_hosts_that_all_its_parts_are_for() -> None:
    assert Compose.kinds == Compose((Prune(), Quantize())).kinds == (RESTORATION, CLASSIFICATION)
    assert Compose((Prune(), Jpeg())).kinds == (RESTORATION,)
    assert Compose((Prune(), TuneClassifier())).kinds == (CLASSIFICATION,)
    assert Compose((RequestJpeg(), Compose((Resize(), Jpeg())))).kinds == (RESTORATION,)
    with pytest.raises(ValueError, match=r"kind of host in common, got `tune_classifier\(all\)` for classification, "):
        Compose((TuneClassifier(), Jpeg()))


def test_a_detector_on_pixels_needs_answers_alone() -> None:
    assert (EvadeDetected().needs, EvadeDetected(detector="features").needs) == (Access.QUERIES, Access.WEIGHTS)
    assert Compose((RequestJpeg(), EvadeDetected())).needs == Access.QUERIES
    with pytest.raises(ValueError, match="needs WEIGHTS, but `request_jpeg"):
        Compose((RequestJpeg(), EvadeDetected(detector="features")))
