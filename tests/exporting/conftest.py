"""One exported model of every kind that the tests of this folder share."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest

from tests.exporting.cases import CASES, Case


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    return {kind: make(tmp_path_factory.mktemp(kind)) for kind, make in CASES.items()}


@pytest.fixture(params=CASES)
def case(cases: dict[str, Case], request: pytest.FixtureRequest) -> Case:
    return cases[request.param]


@pytest.fixture
def restored(cases: dict[str, Case]) -> Case:
    return cases["restoration"]


@pytest.fixture
def classified(cases: dict[str, Case]) -> Case:
    return cases["classification"]
