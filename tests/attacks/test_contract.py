"""What every attack promises, whatever kind of host it is for: all of `ATTACKS`, those of other packages too."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.attacks import (
    ATTACKS,
    Compose,
    Jpeg,
    Overwrite,
    Prune,
    RequestJpeg,
    TuneClassifier,
    attack_from_dict,
    attack_to_dict,
)  # fmt: skip
from tfwm.data.tasks.trial import photograph_patches
from tfwm.kinds import KINDS, kind_called
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.training import Descent
from tfwm.types import CLASSIFICATION, RESTORATION, Access, Attack, ImagePairs, LabelledImages

pytestmark = pytest.mark.trains

EXAMPLES = {name: attack.example() for name, attack in ATTACKS.items()}
STEP = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 20, "decay": "constant"}
# What one example cannot show: a composition for one kind alone, and overwriting a classifier's mark.
MORE = (
    Compose((Prune(0.3), Jpeg(50))),
    Compose((Prune(0.3), TuneClassifier("last", Descent(1, 2, 10, 0.05, "constant")), RequestJpeg(30))),
    Overwrite({"scheme": "content_mark", "preset": "tiny", "host": STEP}),
)
CASES = [(attack, kind) for attack in (*EXAMPLES.values(), *MORE) for kind in attack.kinds]
LABELS = {
    "surrogate": "surrogate(plain_cnn-4, 2 blocks, l1)", "fine_tune": "fine_tune(all, l2)", "prune": "prune(0.3)",
    "quantize": "quantize(4)", "weight_noise": "weight_noise(0.1, seed 5)",
    "reinitialize_last": "reinitialize_last(2, l2, sigma 5)", "distill": "distill(l2, sigma 5)",
    "overwrite": "overwrite(trigger_image, 2 keys)", "evade": "evade(0.9, blur 1)", "jpeg": "jpeg(50)",
    "gaussian_noise": "gaussian_noise(0.05, seed 5)", "crop": "crop(0.7)", "resize": "resize(0.5)",
    "rotate": "rotate(5)", "blur": "blur(1)", "tune_classifier": "tune_classifier(all)",
    "extract_classifier": "extract_classifier(lenet1-0.5, scores)", "fine_prune": "fine_prune(0.3)",
    "neural_cleanse": "neural_cleanse(0.2, 10 steps)", "request_jpeg": "request_jpeg(30)",
    "request_resize": "request_resize(0.5)", "evade_detected": "evade_detected(random, features, 0.9)",
    "mirrored": "mirrored(horizontal)", "turned": "turned(90)", "self_ensemble": "self_ensemble(mean)",
    "tiled": "tiled(2 x 3, overlap 2)", "padded": "padded(8, reflect)", "shifted": "shifted(5 down, 3 right, cyclic)",
    "averaged_shifts": "averaged_shifts(2, reflected)", "rescaled": "rescaled(1.5)",
    "channels_reordered": "channels_reordered(gbr)", "averaged_channels": "averaged_channels()",
    "negative": "negative()", "toned": "toned(0.5; gamma 1.5)",
    "grey_correction": "grey_correction()", "colours_fitted": "colours_fitted(8)",
    "mean_subtracted": "mean_subtracted(flat, 8)", "components_subtracted": "components_subtracted(ordinary, 8, 2)",
    "demarked": "demarked(plain_cnn-4, 2 blocks, l2)", "request_shift": "request_shift(2 down, 1 left)",
    "ensemble_scores": "ensemble_scores(1, mirrored)", "class_alone": "class_alone()",
    "oracle_remove": "oracle_remove(no extractor)", "oracle_replace": "oracle_replace(no extractor)",
    "compose": "prune(0.3) + quantize(4)",
}  # fmt: skip


@dataclass(frozen=True)
class Theft:
    """A stolen host of a kind, the thief's own data, and what is asked of the result."""

    suspect: KerasSuspect
    data: ImagePairs | LabelledImages
    queries: np.ndarray


@pytest.fixture
def thefts(suspect, data, classifier_suspect, labelled) -> dict[str, Theft]:
    return {
        RESTORATION: Theft(suspect, data, patches(3, seed=9)),
        CLASSIFICATION: Theft(classifier_suspect, labelled, photograph_patches("test", 6, 16, seed=9).images),
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_it_declares_itself(name: str) -> None:
    cls, example = ATTACKS[name], EXAMPLES[name]
    assert isinstance(example, Attack)
    assert type(example) is cls
    assert cls.name == name
    assert dataclasses.is_dataclass(cls)
    assert set(example.kinds) <= set(cls.kinds) <= set(KINDS)
    assert example.kinds
    assert len(cls.sentence.split()) > 2
    assert cls.sentence[0].islower()
    assert not cls.sentence.endswith(".")
    if cls.copies:  # a network of the thief's own, and nothing but answers to make it from
        assert example.needs < Access.WEIGHTS == example.leaves


@pytest.mark.parametrize("attack, kind", CASES, ids=[f"{attack!r} on {kind}" for attack, kind in CASES])
def test_gives_a_new_suspect_that_answers_differently_and_leaves_the_old_one(attack, kind, thefts, run) -> None:
    suspect, data, queries = (getattr(thefts[kind], field) for field in ("suspect", "data", "queries"))
    before, weights = suspect(queries), [value.copy() for value in suspect.model.get_weights()]
    flags = [layer.trainable for layer in suspect.model.layers]
    stolen = attack(suspect, data, run)
    answers = stolen(queries)
    assert stolen is not suspect
    assert stolen.name == f"{attack!r} of toy" or isinstance(attack, Compose)
    assert stolen.access == attack.leaves
    assert (stolen.access == Access.WEIGHTS) == isinstance(stolen, KerasSuspect)
    assert answers.shape == before.shape
    assert answers.ndim == kind_called(kind).answer.rank
    assert answers.dtype == np.float32
    assert np.isfinite(answers).all()
    if kind == RESTORATION:
        assert answers.min() >= 0
        assert answers.max() <= 1
    assert np.abs(answers - before).max() > 1e-4
    np.testing.assert_array_equal(suspect(queries), before)
    assert [layer.trainable for layer in suspect.model.layers] == flags
    for old, new in zip(weights, suspect.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # The same seed elsewhere gives the same answers, whatever the batch.
    again = attack(suspect, data, run.child("again"))
    apart = np.concatenate([again(queries[index : index + 1]) for index in range(len(queries))])
    # JPEG of an answer rounds to steps of a level or more, so that a last bit can show as one. Scores are no levels.
    rounded = 0.05 if repr(attack).split(" + ")[-1].startswith("jpeg") else 1e-5
    np.testing.assert_allclose(answers, apart, atol=rounded if kind == RESTORATION else 1e-4)
    assert np.mean(np.abs(answers - apart)) < 1e-4


def test_labels_are_short_stable_and_unique() -> None:
    labels = {name: repr(attack) for name, attack in EXAMPLES.items()}
    assert {name: labels[name] for name in LABELS} == LABELS
    assert len(set(labels.values())) == len(labels)
    assert max(map(len, labels.values())) < 60


@pytest.mark.parametrize("attack", [*EXAMPLES.values(), *MORE], ids=repr)
def test_round_trip_through_json(attack: Attack) -> None:
    stored = json.loads(json.dumps(attack_to_dict(attack)))
    assert stored["attack"] == attack.name
    assert attack_from_dict(stored) == attack


def test_left_out_fields_take_their_defaults() -> None:
    whole = [
        name for name, cls in ATTACKS.items()
        if all(field.default is not dataclasses.MISSING for field in dataclasses.fields(cls))
    ]  # fmt: skip
    assert {"compose", "overwrite"}.isdisjoint(whole)
    for name in whole:
        assert attack_from_dict({"attack": name}) == ATTACKS[name]()


@pytest.mark.parametrize("attack, kind", CASES, ids=[f"{attack!r} on {kind}" for attack, kind in CASES])
def test_less_access_than_needed_is_refused(attack, kind, thefts, run) -> None:
    theft = thefts[kind]
    if attack.needs == Access.OUTPUTS:
        recorded = FunctionSuspect("recorded", theft.suspect, Access.OUTPUTS)
        assert attack(recorded, theft.data, run).access == Access.OUTPUTS
        return
    closed = FunctionSuspect("closed", theft.suspect, Access(attack.needs - 1))
    with pytest.raises(ValueError, match=f"needs a suspect with access {attack.needs.name}, got .* Give "):
        attack(closed, theft.data, run)


@pytest.mark.parametrize("name", [name for name, cls in ATTACKS.items() if cls.kinds == (CLASSIFICATION,)])
def test_what_is_no_classifier_of_the_task_is_refused(name: str, thefts, run) -> None:
    theft = thefts[CLASSIFICATION]

    class Pictures:
        name, access, model = "pictures", Access.WEIGHTS, theft.suspect.model

        def __call__(self, images):
            return images.astype(np.float32)

    with pytest.raises(ValueError, match=r"must be scores \[\d+, 10\].* Is the suspect a classifier of 10 classes"):
        EXAMPLES[name](Pictures(), theft.data, run)
