"""What a user sees while a pipeline runs: a line a component instead of TFX's four thousand."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from absl import logging as absl_logging

_NOISY = ("apache_beam", "tensorflow", "tensorflow_data_validation", "h5py")


class _Announce(logging.Filter):
    """Lets errors through, and turns TFX's word that a component starts into a line of progress."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg == "Component %s is running.":
            print(f"{record.args[0]} ...", file=sys.stderr, flush=True)  # type: ignore[index]
        return record.levelno >= logging.ERROR


@contextmanager
def quiet(verbose: bool = False) -> Iterator[None]:
    """Silences TFX, Beam and TensorFlow but for errors; `verbose` leaves everything as it is."""
    if verbose:
        yield
        return
    announce, absl_logger = _Announce(), absl_logging.get_absl_logger()
    before = {name: logging.getLogger(name).level for name in _NOISY}
    verbosity = absl_logging.get_verbosity()
    # At INFO, because the filter has to see the line that names the component.
    absl_logging.set_verbosity(absl_logging.INFO)
    absl_logger.addFilter(announce)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        absl_logger.removeFilter(announce)
        absl_logging.set_verbosity(verbosity)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
