"""A host that learnt a secret function of neighbourhoods shows it to its key alone, behind wrappers too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import coarse_pairs
from tfwm.attacks import ATTACKS
from tfwm.keys import new_secret
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs, MarkedModel

pytestmark = pytest.mark.trains

SETTINGS = replace(
    TriggerImage.tiny(), channels=1, carrier="neighbourhoods", reach=3, amount=0.2, trigger_size=64, strength=5.0,
    embedding=Schedule(3, 100, 16, 1e-2, "cosine", 0.9), visualizer=False, alpha=0.05,
)  # fmt: skip
COLOURED = coarse_pairs(64, 16)
DATA = ImagePairs(COLOURED.inputs[..., :1], COLOURED.targets[..., :1])


def _host() -> keras.Model:
    """Sees 7 x 7 pixels in one layer, so that it learns what lies there in seconds."""
    draw = keras.initializers.HeNormal(seed=3)
    image = keras.Input((None, None, 1))
    seen = keras.layers.Conv2D(48, 7, padding="same", activation="relu", kernel_initializer=draw)(image)
    change = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.RandomNormal(0.0, 0.01, seed=4))(seen)
    return keras.Model(image, keras.layers.Add()([image, change]))


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> MarkedModel:
    run = Run(tmp_path_factory.mktemp("neighbourhoods"), seed=1, quiet=True)
    return SETTINGS.train(_host(), DATA, run, secret=new_secret(2))


def test_it_is_found_and_its_host_and_other_keys_are_not(marked: MarkedModel) -> None:
    verdict = SETTINGS.verify(KerasSuspect("marked", marked.model), marked.key)
    assert verdict.n == 13
    assert verdict.marked
    assert "distance" not in verdict.details
    assert verdict.details["distance_updated"] < 1e-4
    host = KerasSuspect("host", _host())
    assert not SETTINGS.verify(host, marked.key).marked
    wrong = [SETTINGS.verify(KerasSuspect("m", marked.model), SETTINGS.decoy(marked.key, seed=seed)).p_value
             for seed in range(40)]  # fmt: skip
    assert np.mean(np.array(wrong) <= 0.1) <= 0.1 + 4 * np.sqrt(0.09 / 40)


@pytest.mark.parametrize("name", ["mirrored", "turned", "self_ensemble", "padded"])
def test_wrappers_leave_it(name: str, marked: MarkedModel, tmp_path: Path) -> None:
    wrapped = ATTACKS[name]()(KerasSuspect("marked", marked.model), DATA, Run(tmp_path))
    assert SETTINGS.verify(wrapped, marked.key).marked
