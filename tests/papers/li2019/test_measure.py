"""What the tables print: intervals of chance against scipy, figures of classifiers that a test has laid out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from tests.papers.standins import StandIns, brightener, key_with, pixel_reader, smoke, with_classes
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.li2019.measure import (
    accuracy_on_test,
    chance_interval,
    clean_accuracy,
    p_text,
    secret_labels,
    share_labelled,
    verdict_with,
)
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes.deep_stego import DeepStego
from tfwm.suspects import FunctionSuspect

BLACK = np.zeros((20, 28, 28, 1), np.uint8)


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


def test_accuracy_is_of_the_test_part_in_percent_and_measured_once(tmp_path) -> None:
    context, asked = smoke(StandIns(tmp_path)), []
    test = parts_of(context, "lenet5")["test"]

    def model():
        asked.append(1)
        return pixel_reader((28, 28, 1))

    read = np.rint(test.images[:, 0, 0, 0] / 255.0 * 9)
    subject = Subject({"what": "reader", "recipe_version": 1}, model, host="lenet5")
    assert 0 < np.mean(read == test.labels) < 1
    for _ in range(2):
        assert clean_accuracy(context, subject) == pytest.approx(100 * np.mean(read == test.labels))
    assert len(asked) == 1


def test_accuracy_of_an_endpoint(tmp_path) -> None:
    context = smoke(StandIns(tmp_path))
    labels = parts_of(context, "resnet18")["test"].labels
    always_7 = FunctionSuspect("always", lambda images: np.eye(10, dtype=np.float32)[np.full(len(images), 7)])
    assert accuracy_on_test(context, "resnet18", always_7) == pytest.approx(100 * np.mean(labels == 7))


def test_how_often_samples_get_their_labels() -> None:
    labels = np.arange(20) % 10
    shown = np.where(np.arange(20) < 15, labels, (labels + 3) % 10)
    assert share_labelled(pixel_reader((28, 28, 1)), with_classes(BLACK, shown), labels) == 15 / 20


def test_a_verdict_asks_with_the_key_of_its_owner(tmp_path) -> None:
    """Two hosts that read the same pixel: each key's samples show its own labels, of which the other has few."""
    settings = DeepStego(image_size=28, channels=1, samples=20)
    context, subjects = smoke(StandIns(tmp_path)), []
    for seed in (1, 2):
        key = key_with(settings, seed, BLACK, BLACK, brightener(0.0, (28, 28, 1)))
        key = replace(key, arrays={**key.arrays, "probes": with_classes(BLACK, (secret_labels(key) + seed - 1) % 10)})
        recipe = {"what": f"host of {seed}", "recipe_version": 1}
        subjects.append(Subject(recipe, lambda: pixel_reader((28, 28, 1)), lambda key=key: key))
    first, second = subjects
    assert verdict_with(context, first)["hits"] == 20
    assert verdict_with(context, second)["hits"] == 0
    assert verdict_with(context, second, first)["hits"] == 20


def test_a_p_value_as_the_tables_print_it() -> None:
    assert p_text({"p_value": 1.234e-34}) == "p = 1.2e-34"
