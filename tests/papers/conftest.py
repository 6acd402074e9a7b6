from __future__ import annotations

import pytest

from tests.papers.standins import brightener, smoke
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego


@pytest.fixture
def brighteners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders add a number to every value of a cover, so that a test can work out what they make."""
    for scheme in (BlindWatermark, DeepStego):
        monkeypatch.setattr(scheme, "new_encoder", lambda self, seed: brightener(0.0, self.shape))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The smallest scale with networks that are really trained, each once for all tests."""
    return smoke(Cache(tmp_path_factory.mktemp("trained")))
