"""SGD of classifiers, worked out by hand: momentum, weight decay, and rates that fall to a tenth twice."""

from __future__ import annotations

import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.training import Descent


def _rates(schedule: Descent) -> list[float]:
    rate = schedule.optimizer()._learning_rate
    return [float(rate(step)) for step in range(schedule.steps)]


def test_a_tenth_after_two_fifths_and_again_after_four() -> None:
    # 100 epochs: steps 0 to 40 of 100 at the full rate, since the boundary belongs to the rate before it.
    rates = _rates(Descent(100, 1, 20, 0.1))
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
