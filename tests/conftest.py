"""Before anything else touches TensorFlow: quiet, and two logical CPUs, so that one machine can hold two replicas."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfwm.training import set_logical_cpus

set_logical_cpus(2)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it again at every turn."""
    gc.freeze()
