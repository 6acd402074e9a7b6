"""One step of a trainer on one replica and on two, for tests that both come to the same weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tfwm.training import DatasetAt, Run


@dataclass(frozen=True)
class Step:
    """The weights of a trainer and of its optimizers before and after one step, in one order, and its figures."""

    names: Sequence[str]
    before: Sequence[np.ndarray]
    after: Sequence[np.ndarray]
    figures: dict[str, float]


def one_step(make: Callable[[], keras.Model], stream: DatasetAt, strategy: str, folder: Path) -> Step:
    """Trains on the stream's first batch.

    Args:
      make: gives a compiled trainer; called in the scope of the strategy.
      stream: of global batches.
      strategy: `default`, which has one replica here, or `mirrored`, which has two.
      folder: nothing is written to it.
    """
    with Run(folder, strategy=strategy).scope() as scope:
        assert scope.num_replicas_in_sync == (2 if strategy == "mirrored" else 1)
        trainer = make()
        # Counters of means depend on the number of replicas.
        counters = {id(weight) for metric in trainer.metrics for weight in metric.weights}
        weights = [weight for weight in trainer.weights if id(weight) not in counters]
        before = [weight.numpy() for weight in weights]
        history = trainer.fit(stream(0, 1), steps_per_epoch=1, verbose=0).history
    figures = {name: values[0] for name, values in history.items()}
    return Step([weight.name for weight in weights], before, [weight.numpy() for weight in weights], figures)


def check_two_replicas(
    make: Callable[[], keras.Model], stream: DatasetAt, folder: Path, *, moves: float, spread: Callable[[float], float]
) -> None:
    """Asserts that a step on two replicas gives the weights and figures of one on one replica.

    Args:
      make: gives a compiled trainer, always with the same weights.
      stream: of global batches.
      folder: nothing is written to it.
      moves: the weight that changes most must change by more than this.
      spread: from the largest change of a weight to how far both may lie apart.
    """
    one, two = (one_step(make, stream, strategy, folder) for strategy in ("default", "mirrored"))
    for start, same in zip(one.before, two.before, strict=True):
        np.testing.assert_array_equal(start, same)
    changes = [np.abs(after - before).max() for before, after in zip(one.before, one.after)]
    assert max(changes) > moves
    for name, weight, other, change in zip(one.names, one.after, two.after, changes, strict=True):
        # Keras's fused batch norm keeps the unbiased variance and the synchronised one the biased: of 4 pictures of
        # 144 pixels a share of 1 in 576 lies between them, times a variance of about 1 and some updates of a tenth.
        apart = 1e-3 if "moving_variance" in name else spread(change)
        np.testing.assert_allclose(other, weight, rtol=0, atol=apart, err_msg=name)
    assert two.figures == pytest.approx(one.figures, rel=1e-3, abs=1e-5)
