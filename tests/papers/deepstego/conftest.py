from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache


@pytest.fixture(scope="session")
def deepstego_cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One cache for all experiments: what several of them need is trained once."""
    return Cache(tmp_path_factory.mktemp("deepstego"))


@pytest.fixture
def smoke(deepstego_cache: Cache) -> Context:
    """The smallest scale; it needs no data folder."""
    return Context("smoke", (0,), Path("nowhere"), deepstego_cache)
