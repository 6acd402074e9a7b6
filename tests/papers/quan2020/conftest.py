from __future__ import annotations

from pathlib import Path

import pytest

from tests.papers.standins import smoke
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The smallest scale with networks that are really trained, what several tests need once."""
    return smoke(Cache(tmp_path_factory.mktemp("quan2020")))


@pytest.fixture
def desk(tmp_path: Path) -> Context:
    """For what is decided before anything is trained."""
    return Context("desk", (0,), Path("nowhere"), Cache(tmp_path))
