"""The one digest that names a training's checkpoints: another result can never hide behind the same name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.codedigest import code_digest
from tfwm.training.run import Run


def training_digest(settings: dict[str, Any], run: Run, *arrays: np.ndarray, files: Sequence[str] = ()) -> str:
    """SHA-256 over everything that a training depends on, 64 hex digits.

    Args:
      settings: JSON values.
      run: its seed, precision and scale count; where and how loudly it runs does not.
      arrays: the data, and start weights where there are some.
      files: paths in the settings whose content counts, for instance VGG's weights; empty ones are left out.

    Raises:
      FileNotFoundError: one of `files` is not there.
    """
    machine = {"seed": run.seed, "precision": run.precision, "steps_scale": run.steps_scale}
    contents = [_content(path) for path in files if path]
    document = json.dumps([settings, machine, contents, code_digest()], sort_keys=True)
    digest = hashlib.sha256(document.encode())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _content(path: str) -> str:
    if not Path(path).is_file():
        raise FileNotFoundError(f"`files` must name files that are there, got {path!r}: no file. Mend the settings.")
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
