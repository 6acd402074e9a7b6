"""Before anything else touches TensorFlow: quiet, and two logical CPUs, so that one machine can hold two replicas."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfwm.training import set_logical_cpus

set_logical_cpus(2)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests that train are left out, a file of which every test does is not even imported."""
    if "not trains" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return "\npytestmark = pytest.mark.trains" in collection_path.read_text(encoding="utf-8") or None


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it again at every turn."""
    gc.freeze()
