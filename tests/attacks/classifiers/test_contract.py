"""What every registered attack on classifiers promises, and those on any network that classifiers are given to."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from tfwm.attacks import (
    ATTACKS,
    Compose,
    EvadeDetected,
    ExtractClassifier,
    FinePrune,
    NeuralCleanse,
    Prune,
    Quantize,
    RequestJpeg,
    RequestResize,
    TuneClassifier,
    WeightNoise,
    attack_from_dict,
    attack_to_dict,
)  # fmt: skip
from tfwm.data.reading.labelled import photograph_patches
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.training import Descent
from tfwm.types import Access, Attack

SHORT = Descent(epochs=1, steps_per_epoch=2, batch_size=10, learning_rate=0.05, decay="constant")
EXAMPLES = {
    "tune_classifier": TuneClassifier(schedule=SHORT),
    "extract_classifier": ExtractClassifier("lenet1", 0.5, augment="none", schedule=SHORT),
    "fine_prune": FinePrune(0.3, SHORT),
    "neural_cleanse": NeuralCleanse(steps=10, batch=2, schedule=SHORT),
    "request_jpeg": RequestJpeg(30),
    "request_resize": RequestResize(0.5),
    # Nearly all pictures: an ordinary setting leaves ordinary queries alone.
    "evade_detected": EvadeDetected("random", "features", 0.9),
}
ANY_NETWORK = {
    "prune": Prune(0.3), "quantize": Quantize(3), "weight_noise": WeightNoise(0.3),
    "compose": Compose((Prune(0.3), TuneClassifier("last", SHORT), RequestJpeg(30))),
}  # fmt: skip
QUERIES = photograph_patches("test", 6, 16, seed=9).images


@pytest.fixture(params=EXAMPLES | ANY_NETWORK)
def attack(request: pytest.FixtureRequest) -> Attack:
    return (EXAMPLES | ANY_NETWORK)[request.param]


def test_every_registered_attack_has_an_example() -> None:
    on_classifiers = {name: kind for name, kind in ATTACKS.items() if getattr(kind, "on", "") == "classifier"}
    assert {name: type(attack) for name, attack in EXAMPLES.items()} == on_classifiers
    assert all(isinstance(attack, Attack) for attack in EXAMPLES.values())


def test_gives_a_new_suspect_that_answers_differently_and_leaves_the_old_one(attack, suspect, data, run) -> None:
    before, weights = suspect(QUERIES), [value.copy() for value in suspect.model.get_weights()]
    flags = [layer.trainable for layer in suspect.model.layers]
    stolen = attack(suspect, data, run)
    answers = stolen(QUERIES)
    assert stolen.name == f"{attack!r} of toy" or isinstance(attack, Compose)
    assert stolen.access == attack.leaves
    assert (stolen.access == Access.WEIGHTS) == isinstance(stolen, KerasSuspect)
    assert answers.shape == before.shape == (6, 10)
    assert answers.dtype == np.float32
    assert np.isfinite(answers).all()
    assert np.abs(answers - before).max() > 1e-4
    np.testing.assert_array_equal(suspect(QUERIES), before)
    assert [layer.trainable for layer in suspect.model.layers] == flags
    for old, new in zip(weights, suspect.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # The same seed elsewhere gives the same answers, whatever the batch.
    again = attack(suspect, data, run.child("again"))
    apart = np.concatenate([again(QUERIES[index : index + 1]) for index in range(6)])
    np.testing.assert_allclose(answers, apart, atol=1e-4)


def test_labels_are_short_stable_and_unique() -> None:
    assert [repr(attack) for attack in EXAMPLES.values()] == [
        "tune_classifier(all)", "extract_classifier(lenet1-0.5, scores)", "fine_prune(0.3)",
        "neural_cleanse(0.2, 10 steps)", "request_jpeg(30)", "request_resize(0.5)",
        "evade_detected(random, features, 0.9)",
    ]  # fmt: skip
    assert (
        repr(TuneClassifier(augment="crop", freeze_statistics=True)) == "tune_classifier(all, crop, frozen statistics)"
    )
    assert repr(FinePrune(augment="crop_flip")) == "fine_prune(0.3, crop_flip)"


@cache
def _stored(name: str) -> str:
    return json.dumps(attack_to_dict((EXAMPLES | ANY_NETWORK)[name]))


@pytest.mark.parametrize("name", EXAMPLES | ANY_NETWORK)
def test_round_trip_through_json(name: str) -> None:
    assert attack_from_dict(json.loads(_stored(name))) == (EXAMPLES | ANY_NETWORK)[name]
    assert name == "compose" or attack_from_dict({"attack": name}) == ATTACKS[name]()


@pytest.mark.parametrize("name", EXAMPLES)
def test_less_access_than_needed_is_refused(name: str, suspect, data, run) -> None:
    attack = EXAMPLES[name]
    closed = FunctionSuspect("closed", suspect, Access(attack.needs - 1))
    with pytest.raises(ValueError, match=f"needs a suspect with access {attack.needs.name}, got .* Give "):
        attack(closed, data, run)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"request_jpeg", "request_resize"}))
def test_what_is_no_classifier_of_the_task_is_refused(name: str, suspect, data, run) -> None:
    class Pictures:
        name, access, model = "pictures", Access.WEIGHTS, suspect.model

        def __call__(self, images):
            return images.astype(np.float32)

    with pytest.raises(ValueError, match=r"must be scores \[\d+, 10\].* Is the suspect a classifier of 10 classes"):
        EXAMPLES[name](Pictures(), data, run)


def test_a_detector_on_pixels_needs_answers_alone(suspect, data) -> None:
    assert (EvadeDetected().needs, EvadeDetected(detector="features").needs) == (Access.QUERIES, Access.WEIGHTS)
    assert Compose((RequestJpeg(), EvadeDetected())).needs == Access.QUERIES
    with pytest.raises(ValueError, match="needs WEIGHTS, but `request_jpeg"):
        Compose((RequestJpeg(), EvadeDetected(detector="features")))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TuneClassifier("first"), "There is no choice of layers `first`. .*Known: all, last"),
        (lambda: TuneClassifier(augment="flips"), "There is no augmentation `flips`"),
        (lambda: ExtractClassifier("resnet8"), "There is no network `resnet8`. Did you mean `resnet"),
        (lambda: ExtractClassifier(width=0.0), "`width` must be a number from 0.01 to 4, got 0.0. Use 1"),
        (lambda: ExtractClassifier(answers="score"), "no kind of answers `score`. Did you mean `scores`"),
        (lambda: FinePrune(30), "`share` must be .* got 30. It is a share, not a percentage: use 0.3"),
        (lambda: NeuralCleanse(share=0.0), "`share` must be .* got 0.0. It is a share"),
        (lambda: NeuralCleanse(steps=0), "`steps` must be a whole number from 1 to 100000, got 0. Use 300"),
        (lambda: NeuralCleanse(batch=0), "`batch` must be .* got 0. Use 16"),
        (lambda: RequestJpeg(0), "`quality` must be a whole number from 1 to 100, got 0. Use 75"),
        (lambda: RequestResize(1.5), "`factor` must be .* got 1.5. Use 0.5"),
        (lambda: EvadeDetected("contents"), "There is no method `contents`. Did you mean `content`"),
        (lambda: EvadeDetected(detector="deep"), "There is no detector `deep`"),
        (lambda: EvadeDetected(false_alarm=1.0), "`false_alarm` must be .* got 1.0. It is a share"),
    ],
)
def test_settings_out_of_range_are_refused_with_the_remedy(build, message) -> None:
    with pytest.raises(ValueError, match=message):
        build()
