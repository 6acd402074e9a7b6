"""The pipeline: `configs` says what, `pipeline` wires it, the runners run or compile it."""

from __future__ import annotations

import importlib
from typing import Any

_ARTIFACTS = ("AttackReportArtifact", "DataReportArtifact", "OwnerKeyArtifact", "ReleasePapersArtifact")


def __getattr__(name: str) -> Any:
    # Late, because it loads tfx; see tfwm.components.artifacts for why they are found here.
    if name in _ARTIFACTS:
        return getattr(importlib.import_module("tfwm.components.artifacts"), name)
    raise AttributeError(f"module `pipelines` has no attribute `{name}`")
