"""Rates worked out by hand; SGD with momentum and weight decay as classifiers are trained; wrong settings."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.config import from_dict, to_dict
from tfwm.training import Descent, Schedule


def _rates(schedule: Schedule, steps: Iterable[int]) -> list[float]:
    """The rates at which an optimizer takes the steps of these numbers."""
    optimizer, weight, rates = schedule.optimizer(), tf.Variable(0.0), []
    optimizer.build([weight])
    for step in steps:
        optimizer.iterations.assign(step)
        optimizer.apply_gradients([(tf.constant(0.0), weight)])
        rates.append(float(optimizer.learning_rate))
    return rates


@pytest.mark.parametrize(
    "decay, rates",
    [
        ("constant", [1.0, 1.0, 1.0, 1.0, 1.0]),
        # Constant for the first half, then 2 - 2 * step / 8.
        ("linear", [1.0, 1.0, 1.0, 0.5, 0.0]),
        # 0.05 + 0.95 * (1 + cos(pi * step / 8)) / 2 at steps 0, 2, 4, 6, 8.
        ("cosine", [1.0, 0.860876, 0.525, 0.189124, 0.05]),
    ],
)
def test_decays(decay: str, rates: list[float]) -> None:
    assert _rates(Schedule(4, 2, 2, 1.0, decay), (0, 2, 4, 6, 8)) == pytest.approx(rates, abs=1e-5)


def test_schedules() -> None:
    schedule = Schedule(4, 25, 8, 1e-3, "cosine", 0.9)
    assert schedule.steps == 100
    assert schedule.scaled(0.5) == Schedule(2, 25, 8, 1e-3, "cosine", 0.9)
    assert schedule.scaled(0.01).epochs == 1
    assert schedule.optimizer().beta_1 == 0.9


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
        ({"steps_per_epoch": -1}, "`steps_per_epoch` must be at least 1, got -1"),
        ({"patience": 0}, "`patience` must be at least 1, got 0"),
        ({"batch_size": 7}, r"`batch_size` must be even \(pairs share a mark\), got 7"),
        ({"judged_on": "testing"}, "no set of pictures `testing`.* Known: training, validation"),
        ({"keep": "first"}, "no epoch to keep `first`"),
        ({"decay": "cosin"}, "no decay `cosin`. Did you mean `cosine`"),
    ],
)
def test_schedules_out_of_range(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(**{"epochs": 1, "steps_per_epoch": 1, **changes})


def test_what_schedules_got_later_is_written_where_it_says_something() -> None:
    before = {"epochs", "steps_per_epoch", "batch_size", "learning_rate", "decay", "beta_1", "patience"}
    assert set(to_dict(Schedule(1, 1))) == before
    assert set(to_dict(Schedule(1, 1, keep="best"))) == before | {"keep"}
    assert from_dict(Schedule, to_dict(Schedule(1, 1, judged_on="validation"))).judged_on == "validation"


def test_a_tenth_after_two_fifths_and_again_after_four() -> None:
    # 100 epochs: steps 0 to 40 of 100 at the full rate, since the boundary belongs to the rate before it.
    rates = _rates(Descent(100, 1, 20, 0.1), range(100))
    assert rates[:41] == pytest.approx([0.1] * 41)
    assert rates[41:81] == pytest.approx([0.01] * 40)
    assert rates[81:] == pytest.approx([0.001] * 19)


def test_the_papers_schedule_is_the_default() -> None:
    schedule = Descent(100, 500)
    assert (schedule.batch_size, schedule.learning_rate) == (100, 0.1)
    assert (schedule.beta_1, schedule.weight_decay) == (0.9, 5e-4)
    assert schedule.decay == "steps"
    assert schedule.steps == 50_000
    assert isinstance(schedule.scaled(0.1), Descent)
    assert schedule.scaled(0.1).epochs == 10


def test_two_steps_by_hand() -> None:
    # Rate 0.1, momentum 0.5, decay 0.2; gradient 1. The decay takes 0.1 * 0.2 = 2 % off, then w += v.
    # Step 1: v = -0.1, w = 2 * 0.98 - 0.1 = 1.86. Step 2: v = -0.05 - 0.1 = -0.15, w = 1.86 * 0.98 - 0.15 = 1.6728.
    optimizer = Descent(1, 2, 2, 0.1, "constant", 0.5, weight_decay=0.2).optimizer()
    weight = tf.Variable(2.0)
    for expected in (1.86, 1.6728):
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
        assert float(weight) == pytest.approx(expected)


def test_loss_scaling_and_unknown_decays() -> None:
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert isinstance(Descent(1, 1).optimizer(), keras.mixed_precision.LossScaleOptimizer)
    finally:
        keras.mixed_precision.set_global_policy(before)
    with pytest.raises(ValueError, match="no decay `stepps`. Did you mean `steps`"):
        Descent(1, 1, decay="stepps")
