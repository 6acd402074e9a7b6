"""Where and on what a training runs: strategies and precision."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorflow import keras

from tfwm.training import Run


def test_a_child_is_the_same_machine_elsewhere(tmp_path: Path) -> None:
    run = Run(tmp_path, seed=3, quiet=True, steps_scale=0.5)
    assert run.child("a").child("b") == Run(tmp_path / "a" / "b", seed=3, quiet=True, steps_scale=0.5)


def test_scope_sets_the_precision_and_puts_it_back(tmp_path: Path) -> None:
    with Run(tmp_path, precision="mixed_bfloat16").scope():
        assert keras.mixed_precision.global_policy().name == "mixed_bfloat16"
    with pytest.raises(KeyError), Run(tmp_path, precision="mixed_float16").scope():
        raise KeyError
    assert keras.mixed_precision.global_policy().name == "float32"


def test_an_unknown_strategy(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="no strategy `mirorred`. Did you mean `mirrored`"),
        Run(tmp_path, strategy="mirorred").scope(),
    ):
        raise AssertionError("the block must not run")


def test_one_mirrored_strategy_a_process(tmp_path: Path) -> None:
    """Two of them would number their collective operations alike, and TensorFlow would mix them up."""
    run = Run(tmp_path, strategy="mirrored")
    with run.scope() as first:
        assert first.num_replicas_in_sync == 2
    with run.child("x").scope() as second:
        assert second is first
