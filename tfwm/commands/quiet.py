"""TensorFlow's start-up noise: registration errors of cuBLAS, grpc's log lines, deprecations of others."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Read when the libraries are loaded, so set before. At level 2 the cuBLAS lines still show: they are errors.
SILENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "NONE"}


@contextmanager
def quiet(verbose: bool) -> Iterator[None]:
    """Silences what is not ours while the block runs; the user's own environment variables go first."""
    if verbose:
        yield
        return
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)
    from absl import logging as absl_logging

    absl_logging.set_verbosity(absl_logging.ERROR)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
