from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.papers import Context
from tfwm.papers.engine import registry
from tfwm.papers.engine.cache import Cache
from tfwm.registry import Table


@pytest.fixture
def toy_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which every making leaves a line."""
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log.txt"))
    return tmp_path / "log.txt"


@pytest.fixture
def toy(toy_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the toy paper is registered."""
    monkeypatch.setattr(registry, "PAPERS", Table("paper", {"toy": "tests.papers.toy:EXPERIMENTS"}))


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def cache(tmp_path: Path, lines: list[str]) -> Cache:
    return Cache(tmp_path / "cache", progress=lines.append)


@pytest.fixture
def context(cache: Cache, tmp_path: Path, lines: list[str], toy: None) -> Context:
    return Context("desk", (0,), tmp_path / "data", cache, lines.append)
