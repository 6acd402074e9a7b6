from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache


@pytest.fixture(scope="session")
def paper_cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One cache for all of the paper's tables: what several of them need is trained once."""
    return Cache(tmp_path_factory.mktemp("quan2020"))


@pytest.fixture
def smoke(paper_cache: Cache) -> Context:
    """The smallest scale; it needs no data folder."""
    return Context("smoke", (0,), Path("nowhere"), paper_cache)


@pytest.fixture
def desk(tmp_path: Path) -> Context:
    """For what is decided before anything is trained."""
    return Context("desk", (0,), Path("nowhere"), Cache(tmp_path))
