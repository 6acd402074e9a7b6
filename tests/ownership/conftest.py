"""A key, a report, a model of two files, and its certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ownership.network import Network
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report, Row
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership import write_certificate


@pytest.fixture
def key() -> OwnerKey:
    probes = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    return OwnerKey("cells", {"size": 8}, new_secret(3), {"probes": probes}, {"extractor": Network(0.5)})  # type: ignore[dict-item]


@pytest.fixture
def report() -> Report:
    verdict = {
        "marked": True,
        "score": 1.0,
        "threshold": 0.8,
        "p_value": 5.4e-20,
        "n": 64,
        "null": "chance",
        "alpha": 1e-6,
    }
    row = Row("jpeg(50)", "attack", "marked", {"attack": "jpeg"}, "marked", None, verdict, True, 30.0, 40.0, 0.9, 1.5,
              "/home/owner/model.keras")  # fmt: skip
    return Report((row,), {"host_psnr_db": 31.5}, 1.5, {"python": "3.10"})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "1"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return folder


@pytest.fixture
def path(tmp_path: Path, model: Path, key: OwnerKey, report: Report) -> Path:
    return write_certificate(
        tmp_path / "served" / "1.json", model_directory=model, key=key, report=report, decision=Decision(True)
    )


@pytest.fixture
def edit(path: Path) -> Callable[..., None]:
    """Changes the document in place."""

    def change(action: Callable[[dict[str, Any]], Any]) -> None:
        document = json.loads(path.read_text())
        action(document)
        path.write_text(json.dumps(document))

    return change
