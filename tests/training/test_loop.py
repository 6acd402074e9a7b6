"""The training loop followed by hand: what resumes, when it ends, plateaus, and what the user sees."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.training import (
    Metered,
    Run,
    Schedule,
    Watch,
    descend,
    fit,
    mean_over_batch,
    save_history,
    scaled,
    stream_of,
)  # fmt: skip

pytestmark = pytest.mark.trains


class Line(Metered):
    """One weight w, loss (w - 1)^2: everything can be followed by hand."""

    def __init__(self) -> None:
        super().__init__(["loss"])
        self.weight = tf.Variable(3.0)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        return {"optimizer": [self.weight]}

    def train_step(self, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            losses = tf.square(self.weight - 1.0) * tf.ones_like(batch)
            loss = scaled(self.optimizer, mean_over_batch(losses))
        descend(self.optimizer, tape, loss, [self.weight])
        return self.record({"loss": losses})


def _stream(first: int, steps: int) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors(tf.zeros([2])).repeat(steps)


def _line(optimizer: keras.optimizers.Optimizer) -> Line:
    line = Line()
    line.compile(optimizer)
    return line


def _fit(run: Run, schedule: Schedule, line: Line | None = None, **changes: Any) -> tuple[list[dict], float]:
    line = line or _line(keras.optimizers.SGD(0.1))
    history = fit(line, _stream, schedule, run, **{"stage": "only", "digest": "0" * 16, **changes})
    return history, float(line.weight)


def test_gradient_descent_by_hand(tmp_path: Path) -> None:
    # w - 1 shrinks by 1 - 2 * 0.1 = 0.8 a step: 2, 1.6, 1.28; the mean loss of an epoch of two steps is
    # (4 + 2.56) / 2 = 3.28.
    history, weight = _fit(Run(tmp_path, quiet=True), Schedule(1, 2, 2, decay="constant"))
    assert history == [{"epoch": 1, "loss": pytest.approx(3.28)}]
    assert weight == pytest.approx(2.28)


@pytest.mark.parametrize("folder", ["plain", "run [1]", "what? a * of ä\\b"])
def test_a_longer_schedule_goes_on_where_a_shorter_one_stopped(tmp_path: Path, folder: str) -> None:
    run = Run(tmp_path / folder, quiet=True)
    _fit(run, Schedule(2, 2, 2, decay="constant"))
    history, weight = _fit(run, Schedule(5, 2, 2, decay="constant"))
    assert [line["epoch"] for line in history] == [1, 2, 3, 4, 5]
    assert weight == pytest.approx(1 + 2 * 0.8**10, rel=1e-5)


def test_a_batch_that_replicas_cannot_share_is_refused_by_the_name_of_what_is_in_it(tmp_path: Path) -> None:
    run = Run(tmp_path, strategy="mirrored", quiet=True)
    with run.scope():
        line = _line(keras.optimizers.SGD(0.1))
    stream = stream_of({"key_images": np.zeros([9, 4], np.float32)}, batch_size=5, seed=0)
    message = r"`key_images` must be a multiple of the 2 replicas .*, got 5\. Use 4 or 6"
    with pytest.raises(ValueError, match=message):
        fit(line, stream, Schedule(1, 1, 4), run, stage="only", digest="0" * 16)


def test_the_stream_starts_at_the_step_after_the_checkpoint(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def stream(first: int, steps: int) -> tf.data.Dataset:
        asked.append((first, steps))
        return _stream(first, steps)

    for epochs in (2, 5, 5):
        line = _line(keras.optimizers.SGD(0.1))
        schedule = Schedule(epochs, 3, 2, decay="constant")
        fit(line, stream, schedule, Run(tmp_path, quiet=True), stage="s", digest="d" * 16)
    assert asked == [(0, 6), (6, 9)]


@pytest.mark.parametrize("change", [{"stage": "other"}, {"digest": "1" * 16}])
def test_another_stage_or_digest_starts_afresh(tmp_path: Path, change: dict[str, str]) -> None:
    run, schedule = Run(tmp_path, quiet=True), Schedule(1, 2, 2, decay="constant")
    _fit(run, schedule)
    assert _fit(run, schedule, **change)[1] == pytest.approx(2.28)


def _below(limit: float):
    return lambda line: line["loss"] <= limit


def test_a_training_ends_with_the_epoch_that_is_enough(tmp_path: Path) -> None:
    # (w - 1)^2 before the steps: 4, 2.56, 1.6384, 1.048576; means of two: 3.28, 1.343488; the next is 0.5503.
    run, schedule = Run(tmp_path, quiet=True), Schedule(9, 2, 2, decay="constant")
    history, weight = _fit(run, schedule, enough=_below(1.4))
    assert [line["loss"] for line in history] == pytest.approx([3.28, 1.343488])
    assert weight == pytest.approx(1 + 2 * 0.8**4)
    # The same call again trains no more; one that wants more goes on.
    again, same = _fit(run, schedule, enough=_below(1.4))
    assert (again, same) == (history, weight)
    more, weight = _fit(run, schedule, enough=_below(0.6))
    assert [line["epoch"] for line in more] == [1, 2, 3]
    assert weight == pytest.approx(1 + 2 * 0.8**6)


def test_what_is_never_enough_runs_all_epochs(tmp_path: Path) -> None:
    history, _ = _fit(Run(tmp_path, quiet=True), Schedule(3, 2, 2, decay="constant"), enough=_below(0.0))
    assert len(history) == 3


def test_a_resumed_training_ends_when_it_is_enough(tmp_path: Path) -> None:
    run = Run(tmp_path, quiet=True)
    _fit(run, Schedule(1, 2, 2, decay="constant"), enough=_below(1.4))
    history, weight = _fit(run, Schedule(9, 2, 2, decay="constant"), enough=_below(1.4))
    assert [line["epoch"] for line in history] == [1, 2]
    assert weight == pytest.approx(1 + 2 * 0.8**4)


def test_plateau_cuts_the_rate_after_five_epochs_without_improvement(tmp_path: Path) -> None:
    # The rate 0 leaves the loss at 4: epoch 1 improves on nothing yet, epochs 2 to 6 do not: the cut comes after 6.
    line = _line(keras.optimizers.SGD(1e-12))
    run = Run(tmp_path, quiet=True)
    _fit(run, Schedule(5, 1, 2), line)
    assert float(line.optimizer.learning_rate) == pytest.approx(1e-12)
    # A resumed run remembers the epochs before.
    line = _line(keras.optimizers.SGD(1e-12))
    _fit(run, Schedule(6, 1, 2), line)
    assert float(line.optimizer.learning_rate) == pytest.approx(0.2e-12)
    line = _line(keras.optimizers.SGD(1e-12))
    _fit(run, Schedule(11, 1, 2), line)
    assert float(line.optimizer.learning_rate) == pytest.approx(0.04e-12)


@pytest.mark.parametrize("patience, cuts", [(5, 1), (3, 2), (8, 0)])
def test_the_patience_of_a_plateau_is_a_setting(tmp_path: Path, patience: int, cuts: int) -> None:
    # Epoch 1 sets the best loss; seven more do not improve on it.
    line = _line(keras.optimizers.SGD(1e-12))
    _fit(Run(tmp_path, quiet=True), Schedule(8, 1, 2, patience=patience), line)
    assert float(line.optimizer.learning_rate) == pytest.approx(0.2**cuts * 1e-12)


def test_a_plateau_cuts_the_discriminators_rate_too(tmp_path: Path) -> None:
    line = _line(keras.optimizers.SGD(1e-12))
    line.discriminator_optimizer = keras.optimizers.SGD(0.5)
    _fit(Run(tmp_path, quiet=True), Schedule(6, 1, 2), line)
    assert float(line.discriminator_optimizer.learning_rate) == pytest.approx(0.1)
    assert float(line.optimizer.learning_rate) == pytest.approx(0.2e-12)


class Overtaken(Line):
    """What it learns is 1, and what it is judged on is 2."""

    def test_step(self, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.record({"loss": tf.square(self.weight - 2.0) * tf.ones_like(batch)})


def _overtaken() -> Overtaken:
    line = Overtaken()
    line.compile(keras.optimizers.SGD(0.1))
    return line


def test_the_best_epoch_is_kept_and_a_longer_training_goes_on_from_the_last(tmp_path: Path) -> None:
    # Rate 1.1: w - 1 is multiplied by 1 - 2.2 = -1.2 a step, 2, -2.4, 2.88, -3.456: the first epoch's loss is lowest.
    run, diverging = Run(tmp_path, quiet=True), lambda: _line(keras.optimizers.SGD(1.1))
    for epochs in (2, 3, 3):
        history, weight = _fit(run, Schedule(epochs, 1, 2, decay="constant", keep="best"), diverging())
        assert [line["epoch"] for line in history] == list(range(1, epochs + 1))
        assert weight == pytest.approx(1 - 2.4)
    assert history[-1]["loss"] == pytest.approx(2.88**2, rel=1e-5)
    _, weight = _fit(Run(tmp_path / "last", quiet=True), Schedule(3, 1, 2, decay="constant"), diverging())
    assert weight == pytest.approx(1 - 3.456)


@pytest.mark.parametrize("stops", [(5,), (2, 5), (4, 5)])
def test_epochs_may_be_judged_on_what_is_not_trained_on(tmp_path: Path, stops: tuple[int, ...]) -> None:
    # w after each epoch of one step: 2.6, 2.28, 2.024, 1.8192, 1.65536; the third is closest to 2.
    for epochs in stops:
        schedule = Schedule(epochs, 1, 2, decay="constant", judged_on="validation", keep="best")
        history, weight = _fit(Run(tmp_path, quiet=True), schedule, _overtaken(), validation=_stream(0, 3))
    assert [line["val_loss"] for line in history] == pytest.approx(
        [0.36, 0.0784, 0.000576, 0.03268864, 0.1187767], rel=1e-4
    )
    assert [line["loss"] for line in history[:2]] == pytest.approx([4, 2.56])
    assert weight == pytest.approx(2.024)


def test_a_plateau_may_wait_for_what_is_not_trained_on(tmp_path: Path) -> None:
    # The loss falls all the time, the other rises from the fourth epoch on: cut after the fifth, with a patience of 2.
    line = _overtaken()
    schedule = Schedule(5, 1, 2, patience=2, judged_on="validation")
    _fit(Run(tmp_path, quiet=True), schedule, line, validation=_stream(0, 1))
    assert float(line.optimizer.learning_rate) == pytest.approx(0.02)


def test_without_pictures_kept_apart_nothing_is_judged_on_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`judged_on` of the only stage's schedule must be training: .* Use training"):
        _fit(Run(tmp_path, quiet=True), Schedule(1, 1, 2, judged_on="validation"))


class TwoRates(Line):
    """Its second rate waits longer, and for another figure, which never falls."""

    @property
    def plateaus(self) -> tuple[Watch, ...]:
        return Watch(("optimizer",)), Watch(("second",), figure="height", patience=3)

    def train_step(self, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**super().train_step(batch), "height": tf.constant(1.0)}


def test_rates_may_wait_for_figures_of_their_own_and_remember_them(tmp_path: Path) -> None:
    run = Run(tmp_path, quiet=True)
    for epochs, rate in ((3, 0.5), (4, 0.1), (7, 0.02)):
        line = TwoRates()
        line.compile(keras.optimizers.SGD(0.01))
        line.second = keras.optimizers.SGD(0.5)
        _fit(run, Schedule(epochs, 1, 2, patience=1), line)
        # Epoch 1 is the lowest height; the cuts come after the fourth and the seventh.
        assert float(line.second.learning_rate) == pytest.approx(rate)
        assert float(line.optimizer.learning_rate) == pytest.approx(0.01)


def test_a_checkpoint_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    run = Run(tmp_path, quiet=True)
    _fit(run, Schedule(1, 2, 2, decay="constant"))
    wider = _line(keras.optimizers.SGD(0.1))
    wider.second = tf.Variable(1.0)
    with pytest.raises(AssertionError, match="Found 1 Python objects that were not bound to checkpointed values"):
        _fit(run, Schedule(2, 2, 2, decay="constant"), wider)


def test_only_the_owner_reads_checkpoints(tmp_path: Path) -> None:
    _fit(Run(tmp_path, quiet=True), Schedule(1, 1, 2, decay="constant"))
    assert list((tmp_path / "checkpoints").rglob("*.index"))
    assert stat.S_IMODE((tmp_path / "checkpoints").stat().st_mode) == 0o700


def test_one_line_an_epoch_on_stderr_and_nothing_on_stdout(tmp_path: Path, capfd) -> None:
    _fit(Run(tmp_path), Schedule(2, 2, 2, decay="constant"))
    shown = capfd.readouterr()
    lines = [line for line in shown.err.splitlines() if "only" in line]
    assert [line.split()[:2] for line in lines] == [["only", "1/2"], ["only", "2/2"]]
    assert "loss 3.28" in lines[0]
    assert shown.out == ""


def test_quiet_is_quiet(tmp_path: Path, capfd) -> None:
    _fit(Run(tmp_path, quiet=True), Schedule(1, 2, 2, decay="constant"))
    assert "only" not in capfd.readouterr().err


def test_tensorboard_gets_monotone_steps(tmp_path: Path) -> None:
    run = Run(tmp_path, quiet=True)
    for epochs in (2, 4):
        _fit(run, Schedule(epochs, 1, 2, decay="constant"))
    events = sorted((tmp_path / "tensorboard" / "only").glob("events*"))
    steps = [
        event.step for path in events for event in tf.compat.v1.train.summary_iterator(str(path)) if event.summary.value
    ]
    assert steps == [1, 2, 3, 4]


def test_history_is_a_json_document(tmp_path: Path) -> None:
    path = save_history(tmp_path / "history.json", [{"epoch": 1, "loss": 0.5}])
    assert json.loads(path.read_text()) == [{"epoch": 1, "loss": 0.5}]


def test_a_stream_goes_on_where_it_was() -> None:
    arrays = {"images": np.arange(10, dtype=np.int64)}
    whole = list(stream_of(arrays, batch_size=2, seed=7)(0, 9))
    late = stream_of(arrays, batch_size=2, seed=7)(6, 3)
    later = stream_of(arrays, batch_size=2, seed=7, first_step=4)(2, 3)
    for made in (late, later):
        for batch, expected in zip(made, whole[6:], strict=True):
            assert set(batch) == {"images", "seed"}
            for name in batch:
                np.testing.assert_array_equal(batch[name], expected[name])
    other = list(stream_of(arrays, batch_size=2, seed=8)(0, 9))
    assert any((one["images"] != two["images"]).numpy().any() for one, two in zip(whole, other))
