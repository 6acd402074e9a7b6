from __future__ import annotations

import pytest

from tests.papers.standins import smoke
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The smallest scale with networks that are really trained, each once for all tests."""
    return smoke(Cache(tmp_path_factory.mktemp("trained")))
