"""A host that learnt a secret function of neighbourhoods keeps it behind wrappers, where a code map is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.schemes.conftest import Trained
from tfwm.attacks import ATTACKS
from tfwm.keys import new_secret
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

SETTINGS = replace(
    TriggerImage.tiny(), carrier="neighbourhoods", reach=4, amount=0.1, trigger_size=40, strength=0.1,
    embedding=Schedule(4, 50, 8, 3e-3, "cosine", 0.9), visualizer=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def marked(tiny: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> MarkedModel:
    start, run = tiny("trigger_image"), Run(tmp_path_factory.mktemp("neighbourhoods"), seed=1, quiet=True)
    return SETTINGS.train(start.host, start.data, run, secret=new_secret(2))


def _bits(scheme: TriggerImage, suspect: Any, result: MarkedModel) -> float:
    return scheme.verify(suspect, result.key).details["bits"]


def test_it_is_found_and_its_host_and_other_keys_are_not(tiny: Callable[[str], Trained], marked: MarkedModel) -> None:
    verdict = SETTINGS.verify(KerasSuspect("marked", marked.model), marked.key)
    assert verdict.n == 23
    assert verdict.marked
    assert not SETTINGS.verify(KerasSuspect("host", tiny("trigger_image").host), marked.key).marked
    wrong = [SETTINGS.verify(KerasSuspect("m", marked.model), SETTINGS.decoy(marked.key, seed=seed)).p_value
             for seed in range(40)]  # fmt: skip
    assert min(wrong) > SETTINGS.alpha
    assert np.mean(np.array(wrong) <= 0.1) <= 0.1 + 4 * np.sqrt(0.09 / 40)


@pytest.mark.parametrize("name", ["mirrored", "turned", "self_ensemble"])
def test_wrappers_leave_it_and_take_a_code_map_away(
    name: str, tiny: Callable[[str], Trained], marked: MarkedModel, tmp_path: Any
) -> None:
    trained, attack = tiny("trigger_image"), ATTACKS[name]()
    wrapped = attack(KerasSuspect("marked", marked.model), trained.data, Run(tmp_path))
    assert SETTINGS.verify(wrapped, marked.key).marked
    cells = attack(trained.suspect, trained.data, Run(tmp_path))
    assert not trained.scheme.verify(cells, trained.key).marked
