"""tfwm proves who owns a deep model.

Nothing heavy is loaded here: `import tfwm` touches neither TensorFlow nor tfx.
"""

from __future__ import annotations

import importlib
from typing import Any

import serving  # noqa: F401  for the warnings that it leaves out

__version__ = "0.1.0"

_HOMES = {
    "Access": "tfwm.types",
    "DeepWatermarking": "tfwm.schemes",
    "HostSettings": "tfwm.kinds.restoration_hosts",
    "ImagePairs": "tfwm.types",
    "KerasSuspect": "tfwm.suspects",
    "MarkedModel": "tfwm.types",
    "OwnerKey": "tfwm.keys",
    "Policy": "tfwm.evaluation.policy",
    "Report": "tfwm.evaluation.report",
    "Run": "tfwm.training",
    "Schedule": "tfwm.training",
    "Surrogate": "tfwm.attacks",
    "Verdict": "tfwm.types",
    "decide": "tfwm.evaluation.policy",
    "evaluate": "tfwm.evaluation.battery",
    "export": "tfwm.exporting",
    "make_pairs": "tfwm.data",
    "make_scheme": "tfwm.schemes",
    "open_suspect": "tfwm.suspects",
    "photographs": "tfwm.data",
    "sample_patches": "tfwm.data",
    "train_host": "tfwm.kinds.restoration_hosts",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `tfwm` has no attribute `{name}`. It has: {', '.join(sorted(_HOMES))}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
