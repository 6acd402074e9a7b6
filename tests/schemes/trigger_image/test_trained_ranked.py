"""A host that was trained on plain triggers, as the paper has it, is found by its rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.schemes.conftest import Trained
from tests.schemes.trigger_image.test_ranked import NULLS
from tfwm.keys import new_secret
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import FunctionSuspect, KerasSuspect, RecordedSuspect
from tfwm.training import Run
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

RANKED = replace(TriggerImage.tiny(), coded=False, visualizer=False, triggers=2, decoys=199, alpha=0.01)


@dataclass
class Both:
    """The marked model and the host it was."""

    result: MarkedModel
    host: KerasSuspect

    def named(self, name: str) -> KerasSuspect:
        return KerasSuspect(name, self.result.model)


@pytest.fixture(scope="module")
def both(tiny: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> Both:
    start = tiny("trigger_image")
    run = Run(tmp_path_factory.mktemp("ranked"), seed=1, quiet=True)
    return Both(RANKED.train(start.host, start.data, run, secret=new_secret(2)), KerasSuspect("host", start.host))


def test_either_trigger_proves_it(both: Both) -> None:
    asked = set()
    for part in (0, 1):
        verdict = replace(RANKED, part=part).verify(both.named("m"), both.result.key)
        assert verdict.marked
        assert verdict.looks == 2
        assert verdict.p_value == 1 / 200
        assert verdict.details["distance"] <= verdict.details["eta"]
        assert verdict.details["distance"] < 0.7 * verdict.details["distance_nearest_decoy"]
        assert verdict.details["distance_updated"] < 1e-4
        asked.add(verdict.details["distance"])
    assert len(asked) == 2
    assert RANKED.verify(both.host, both.result.key).p_value > 0.01


def test_nobody_else_and_no_other_key(both: Both) -> None:
    for name, answer in NULLS.items():
        assert not RANKED.verify(FunctionSuspect(name, answer), both.result.key).marked, name
    values = [RANKED.verify(both.named("m"), RANKED.decoy(both.result.key, seed=seed)).p_value for seed in range(30)]
    assert np.mean(np.array(values) <= 0.1) <= 0.1 + 4 * np.sqrt(0.09 / 30)
    assert min(values) < 0.5 < max(values)


def test_recorded_answers_prove_it_too(both: Both) -> None:
    probes = RANKED.probe_images(both.result.key)
    recorded = RecordedSuspect.record("recorded", probes, both.named("m")(probes).clip(0, 1))
    assert RANKED.verify(recorded, both.result.key).marked
    # At 8 bits, as in PNG files.
    pixels = np.round(255 * both.named("m")(probes).clip(0, 1)).astype(np.uint8)
    assert RANKED.verify(RecordedSuspect.record("files", probes, pixels), both.result.key).marked


def test_a_key_without_a_visualizer_has_no_picture(both: Both) -> None:
    assert both.result.key.networks == {}
    assert RANKED.extractor_outputs == ()
    assert RANKED.reading(both.named("m"), both.result.key) == {}
