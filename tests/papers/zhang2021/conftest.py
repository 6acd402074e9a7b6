"""A marked model that nobody trained, for figures: its pictures mean nothing, but they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme, smoothing_host
from tests.papers.standins import Brighten, StandIns
from tfwm.keys import new_secret
from tfwm.papers.zhang2021.scales import TASKS
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.training import key_of_networks
from tfwm.types import MarkedModel


def brighter(by: float, channels: int = 3) -> keras.Model:
    """A network for pictures of any size that adds a number to every value."""
    image = keras.Input((None, None, channels))
    network = keras.Model(image, Brighten()(image))
    network.set_weights([by])
    return network


@pytest.fixture(scope="session")
def keys() -> dict[str, Any]:
    """An owner's key of untrained networks for each task."""
    made = {}
    for name, task in TASKS.items():
        scheme = smallest_scheme(image_size=32, channels=task.channels, mark_channels=task.channels)
        probes = coarse_pairs(scheme.probes, scheme.image_size, seed=9)
        probes = type(probes)(probes.inputs[..., : task.channels], probes.targets[..., : task.channels])
        host = brighter(0.0, task.channels) if task.channels == 1 else smoothing_host()
        made[name] = key_of_networks(scheme, build(scheme, 3), checked_mark(scheme), probes, host, new_secret(5))
    return made


@pytest.fixture
def laid_out(tmp_path: Path, keys: dict[str, Any]) -> Callable[..., StandIns]:
    """A cache of networks that brighten: hosts by nothing, marked hosts by a grey level, surrogates by two."""

    def cache(
        figures: dict[str, Any], level: float = 1 / 255, others: dict[str, MarkedModel] | None = None
    ) -> StandIns:  # fmt: skip
        def network(recipe: dict[str, Any], by: float) -> keras.Model:
            return brighter(by, 1 if "debone" in recipe["what"].lower() else 3)

        def marked(recipe: dict[str, Any]) -> MarkedModel:
            task = "debone" if recipe["what"].startswith("Debone") else "derain"
            return MarkedModel(network(recipe, level), keys[task])

        return StandIns(
            tmp_path, figures=figures, marked={**(others or {}), "*": marked},
            models={"*surrogate*": lambda recipe: network(recipe, 2 * level), "host *": lambda r: network(r, 0.0)},
        )  # fmt: skip

    return cache
