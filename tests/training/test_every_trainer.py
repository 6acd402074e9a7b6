"""What every trainer must bear: half precision, XLA, and two replicas."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

import tfwm
from tests.replicas import check_two_replicas
from tests.training.trainers import CASES, CODED
from tfwm.training import Metered, NetworkTrainer, Run

pytestmark = pytest.mark.trains

RATE = 1e-2
SCALE = 256.0


def compiled(name: str, jit: bool = False, rate: float = RATE) -> Metered:
    trainer = CASES[name].make()
    trainer.compile(**{each: _optimizer(rate) for each in trainer.trained}, jit_compile=jit)
    return trainer


def _optimizer(rate: float) -> keras.optimizers.Optimizer:
    """In float16 with a scale of the loss that summed losses bear: with the usual one they skip their first steps."""
    optimizer = keras.optimizers.SGD(rate)
    half = keras.mixed_precision.global_policy().name == "mixed_float16"
    return keras.mixed_precision.LossScaleOptimizer(optimizer, initial_scale=SCALE) if half else optimizer


def after_two_steps(name: str, run: Run) -> tuple[list[np.ndarray], list[np.ndarray], dict[str, float]]:
    """Weights before and after, and the figures."""
    with run.scope():
        trainer = compiled(name, run.jit)
        weights = [weight for each in trainer.trained.values() for weight in each]
        before = [weight.numpy() for weight in weights]
        history = trainer.fit(CASES[name].stream(0, 2), steps_per_epoch=2, verbose=0).history
    return before, [weight.numpy() for weight in weights], {each: values[0] for each, values in history.items()}


def moved(before: list[np.ndarray], after: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(new - old) for old, new in zip(before, after, strict=True)])


def trainers(cls: type) -> Iterator[type]:
    for each in cls.__subclasses__():
        yield each
        yield from trainers(each)


def test_no_trainer_is_left_out() -> None:
    for module in pkgutil.walk_packages(tfwm.__path__, "tfwm."):
        if not module.name.startswith("tfwm.components"):
            importlib.import_module(module.name)
    known = {cls for cls in trainers(Metered) if cls.__module__.startswith("tfwm.")} - {NetworkTrainer}
    assert {type(case.make()) for case in CASES.values()} == known


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", CASES)
def test_half_precision_goes_nearly_the_same_way(name: str, precision: str, tmp_path: Path) -> None:
    whole = after_two_steps(name, Run(tmp_path))
    half = after_two_steps(name, Run(tmp_path, precision=precision))
    assert all(weight.dtype == np.float32 and np.isfinite(weight).all() for weight in half[1])
    way, other = moved(*whole[:2]), moved(*half[:2])
    assert np.linalg.norm(way) > 0
    # Rounding turns the way of these steps a little: by a sixth of its length, and no figure by a tenth.
    assert way @ other / (np.linalg.norm(way) * np.linalg.norm(other)) > 0.9
    assert half[2] == pytest.approx(whole[2], rel=0.1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_xla_takes_the_same_steps(name: str, tmp_path: Path) -> None:
    plain, compiled_by_xla = (after_two_steps(name, Run(tmp_path, jit=jit)) for jit in (False, True))
    way, other = moved(*plain[:2]), moved(*compiled_by_xla[:2])
    np.testing.assert_allclose(other, way, rtol=0, atol=1e-3 * np.abs(way).max() + 1e-6)
    assert compiled_by_xla[2] == pytest.approx(plain[2], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", ["H, R and D", "H, R and D, R in parts", "the proxy", "R and C",
                                  "R and C, R in parts", "C alone"])  # fmt: skip
def test_deep_watermarking_takes_the_same_step_on_two_replicas(name: str, tmp_path: Path) -> None:
    """R in parts too: each replica reads its own share in parts, and what they learn is added up."""
    assert CODED.together == 2
    check_two_replicas(
        # The proxy's steps are small at first.
        lambda: compiled(name, rate=20.0 if name == "the proxy" else 0.5), CASES[name].stream, tmp_path, moves=1e-4,
        spread=lambda change: min(2e-5, 4e-6 + 2e-3 * change),
    )  # fmt: skip
