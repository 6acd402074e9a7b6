"""What the tables print: what chance reaches against scipy, figures of classifiers that a test has laid out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from tests.papers.standins import StandIns, brightener, key_with, memory, numbered, pixel_reader, smoke, with_classes
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.li2019.measure import (
    accuracy_on_test,
    clean_accuracy,
    most_by_chance,
    p_text,
    secret_labels,
    share_labelled,
    verdict_with,
)
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes.deep_stego import DeepStego
from tfwm.suspects import FunctionSuspect

BLACK = np.zeros((20, 28, 28, 1), np.uint8)


@pytest.mark.parametrize("chance", [1 / 2, 1 / 9, 1 / 99])
@pytest.mark.parametrize("n", [8, 20, 120, 500])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.995])
def test_the_most_hits_by_chance_are_scipys(n: int, chance: float, confidence: float) -> None:
    most = most_by_chance(n, chance, confidence)
    assert most * n == pytest.approx(binom.ppf(confidence, n, chance))
    assert binom.cdf(round(most * n), n, chance) >= confidence > binom.cdf(round(most * n) - 1, n, chance)


def test_what_120_samples_say() -> None:
    # A chance of one in ten: 12 +- 3.29; of one in nine: 13.3 +- 3.44.
    assert most_by_chance(120, 0.1) == 21 / 120
    assert most_by_chance(120, 1 / 9) == 23 / 120


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


@pytest.mark.usefixtures("brighteners")
def test_a_verdict_asks_with_the_key_of_its_owner(tmp_path) -> None:
    """Two hosts that know the first pixels of the same samples; of the second, no answer is its own key's label."""
    settings = DeepStego(image_size=28, channels=1, samples=20)
    context, subjects, labels = smoke(StandIns(tmp_path)), [], []
    samples = numbered(20, (28, 28, 1))
    for seed in (1, 2):
        key = key_with(settings, seed, samples, brightener(0.0, (28, 28, 1)))
        labels.append(secret_labels(key))
        host = memory(samples, (labels[-1] + seed - 1) % 10)
        recipe = {"what": f"host of {seed}", "recipe_version": 1}
        subjects.append(Subject(recipe, lambda host=host: host, lambda key=key: key))
    first, second = subjects
    assert verdict_with(context, first)["hits"] == 20
    assert verdict_with(context, second)["hits"] == 0
    assert verdict_with(context, second, first)["hits"] == np.sum((labels[1] + 1) % 10 == labels[0])
    assert verdict_with(context, first, second)["hits"] == np.sum(labels[1] == labels[0])


def test_a_p_value_as_the_tables_print_it() -> None:
    assert p_text({"p_value": 1.234e-34}) == "p = 1.2e-34"
