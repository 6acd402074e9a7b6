"""Hosts that are classifiers: settings that are refused, and trainings that repeat and resume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfwm.config import from_dict, to_dict
from tfwm.data.tasks.trial import photograph_patches
from tfwm.kinds.classification_hosts import ClassifierSettings, train_classifier
from tfwm.networks.classifiers import CLASSIFIERS
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Run
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

SHORT = replace(ClassifierSettings.tiny(), schedule=Descent(1, 3, 10, 0.05, "cosine"))


@pytest.fixture(scope="module")
def data() -> LabelledImages:
    return photograph_patches("owner", 30, 16, seed=0)


def test_presets_and_json() -> None:
    for settings in (ClassifierSettings(), ClassifierSettings.fast(), ClassifierSettings.tiny()):
        assert settings.network in CLASSIFIERS
        assert from_dict(ClassifierSettings, to_dict(settings)) == settings
    paper = ClassifierSettings()
    assert (paper.network, paper.width, paper.schedule.steps) == ("resnet18", 1.0, 50_000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"network": "resnet81"}, "no network `resnet81`. Did you mean `resnet18`"),
     ({"augment": "crop_flp"}, "no augmentation `crop_flp`. Did you mean `crop_flip`")],
)  # fmt: skip
def test_unknown_names_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClassifierSettings(**changes)


def test_weights_depend_on_the_runs_seed_and_a_finished_training_is_not_repeated(
    data: LabelledImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weights(folder: str, seed: int) -> list[np.ndarray]:
        return train_classifier(data, SHORT, Run(tmp_path / folder, seed=seed, quiet=True)).get_weights()

    first = weights("first", 1)
    for again in (weights("again", 1), first):
        for weight, same in zip(again, first, strict=True):
            np.testing.assert_allclose(weight, same, rtol=0, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(weights("other", 2), first))
    monkeypatch.setattr("keras.src.engine.training.Model.fit", None)
    for weight, same in zip(weights("first", 1), first, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_answers_are_logits_of_every_class(data: LabelledImages, tmp_path: Path) -> None:
    answers = KerasSuspect("host", train_classifier(data, SHORT, Run(tmp_path, quiet=True)))(data.images)
    assert answers.shape == (30, 10)
    assert answers.min() < 0


def test_fewer_images_than_a_batch_are_refused(data: LabelledImages, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`batch_size` must be from 1 to the number of examples, 5, got 10"):
        train_classifier(data[:5], SHORT, Run(tmp_path, quiet=True))
