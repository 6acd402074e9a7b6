from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache


@pytest.fixture
def desk(tmp_path: Path) -> Context:
    """For what is decided before anything is trained."""
    return Context("desk", (0,), Path("nowhere"), Cache(tmp_path))
