"""What the tables print: intervals of chance against scipy, figures from the cache, verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context
from tfwm.papers.classifiers.measure import chance_interval, clean_accuracy, found, measured, p_text
from tfwm.papers.classifiers.models import data_of
from tfwm.papers.engine.cache import Cache
from tfwm.papers.engine.subjects import Subject
from tfwm.schemes.deep_stego import DeepStego


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("smoke", (0,), tmp_path, Cache(tmp_path / "cache"))


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
@pytest.mark.parametrize("n", [8, 20, 120, 500])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_intervals_of_chance_are_scipys(n: int, classes: int, confidence: float) -> None:
    low, high = chance_interval(n, classes, confidence)
    assert (low * n, high * n) == pytest.approx(binom.interval(confidence, n, 1 / classes))
    within = binom.cdf(round(high * n), n, 1 / classes) - binom.cdf(round(low * n) - 1, n, 1 / classes)
    assert within >= confidence


def test_what_120_samples_of_ten_classes_say() -> None:
    # 12 +- 3.29 by chance: 4 to 21.
    assert chance_interval(120, 10) == (4 / 120, 21 / 120)


def _always_first() -> keras.Model:
    image = keras.Input((28, 28, 1))
    made = keras.Model(image, keras.layers.Dense(10)(keras.layers.Flatten()(image)))
    made.set_weights([np.zeros((784, 10)), np.eye(10)[0]])
    return made


def test_accuracy_is_of_the_test_part_and_measured_once(context: Context) -> None:
    asked: list[int] = []

    def model() -> keras.Model:
        asked.append(1)
        return _always_first()

    subject = Subject({"what": "constant", "recipe_version": 1}, model, host="lenet5")
    labels = data_of(context, "lenet5")["test"].labels
    assert clean_accuracy(context, subject) == pytest.approx(100 * np.mean(labels == 0))
    assert clean_accuracy(context, subject) == pytest.approx(100 * np.mean(labels == 0))
    assert len(asked) == 1


def test_settings_tell_two_figures_apart(context: Context) -> None:
    subject = Subject({"what": "constant", "recipe_version": 1}, _always_first)
    figures = [measured(context, subject, "a figure", lambda folder, s=s: s, strength=s) for s in (1, 2, 1)]
    assert figures == [1, 2, 1]


def test_a_verdict_without_its_sentence_is_json() -> None:
    settings = DeepStego(image_size=28, channels=1, samples=20)
    probes = np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), dtype=np.uint8)
    key = OwnerKey(settings.name, settings.to_dict(), new_secret(1), {"probes": probes})
    verdict = found(Subject({"what": "constant"}, _always_first, host="lenet5"), key)
    assert verdict["score"] == pytest.approx(np.mean(settings.key_labels(key) == 0))
    assert not verdict["marked"]
    assert p_text(verdict) == f"p = {verdict['p_value']:.1e}"
    assert p_text({"p_value": 1.234e-34}) == "p = 1.2e-34"
