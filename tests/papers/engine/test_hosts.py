"""A paper's hosts: what their recipes say, what they are trained with, and that every training happens once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context
from tfwm.papers.engine import hosts
from tfwm.papers.engine.cache import Cache
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.hosts import TrainedHosts, seed_of
from tfwm.types import ImagePairs, MarkedModel

PAIRS = ImagePairs(np.zeros((1, 4, 4, 1), np.uint8), np.ones((1, 4, 4, 1), np.uint8))
HOST = {
    "what": "host dncnn", "recipe_version": 1, "seed": 5, "settings": {"filters": 4},
    "data": digest(PAIRS.inputs, PAIRS.targets),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    filters: int = 4


def _network(weight: float) -> keras.Model:
    layer = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(weight))
    return keras.Sequential([keras.Input((None, None, 1)), layer])


def _weight(network: keras.Model) -> float:
    return float(network.get_weights()[0].squeeze())


@dataclass(frozen=True)
class Doubling:
    """A scheme whose marked model has twice the host's weight."""

    name: ClassVar[str] = "doubling"
    strength: float = 2.0

    def train(self, host: keras.Model, data: Any, run: Any, *, secret: bytes) -> MarkedModel:
        key = OwnerKey(self.name, {}, secret, {"seed": np.array(run.seed)})
        return MarkedModel(_network(self.strength * _weight(host)), key)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What was trained: a host's weight is the seed of its training."""
    trained: list[tuple] = []

    def train_host(data: Any, settings: Any, run: Any) -> keras.Model:
        trained.append((data, settings, run.seed))
        return _network(run.seed)

    monkeypatch.setattr(hosts, "kind_called", {"restoration": SimpleNamespace(train_host=train_host)}.__getitem__)
    return trained


@pytest.fixture
def known() -> TrainedHosts:
    return TrainedHosts("restoration", "host", lambda context, name: Settings(), lambda context, name: PAIRS)


@pytest.fixture
def at_seed_5(cache: Cache, tmp_path) -> Context:
    return Context("desk", (5,), tmp_path, cache)


def test_a_host_is_trained_once_with_its_data_its_settings_and_its_seed(at_seed_5, known, trainings, lines) -> None:
    first = known.unmarked(at_seed_5, "dncnn")
    assert (first.recipe, first.host, trainings) == (HOST, "dncnn", [])
    assert _weight(first.model()) == _weight(known.unmarked(at_seed_5, "dncnn").model()) == 5
    assert trainings == [(PAIRS, Settings(), 5)]
    other = known.unmarked(at_seed_5, "dncnn", seed=2)
    assert (other.recipe, _weight(other.model())) == ({**HOST, "seed": 7}, 7)
    assert lines == ["host dncnn seed 5: training", "host dncnn seed 5: from the cache", "host dncnn seed 7: training"]


def test_other_data_are_another_host(at_seed_5, known) -> None:
    turned = replace(known, data=lambda context, name: ImagePairs(PAIRS.targets, PAIRS.inputs))
    assert turned.unmarked(at_seed_5, "dncnn").recipe != known.unmarked(at_seed_5, "dncnn").recipe


def test_a_host_is_marked_once_and_gives_model_and_key(at_seed_5, known, trainings, lines) -> None:
    secret = new_secret(1)
    subject = known.marked(at_seed_5, "dncnn", Doubling(), "doubling, twice", secret=secret, seed=1, key=3)
    assert subject.recipe == {
        "what": "dncnn marked by doubling, twice", "recipe_version": 1, "seed": 6, "key": 3,
        "scheme": {"scheme": "doubling", "strength": 2.0}, "host": {**HOST, "seed": 6},
    }  # fmt: skip
    assert _weight(subject.model()) == 12
    assert (subject.owner_key().secret, subject.owner_key().arrays["seed"]) == (secret, 6)
    assert [line.rpartition(": ")[2] for line in lines] == ["embedding", "training", *["from the cache"] * 2]


def test_a_mark_may_start_from_another_host(at_seed_5, known, trainings) -> None:
    start = replace(known.unmarked(at_seed_5, "dncnn"), model=lambda: _network(10.0))
    subject = known.marked(at_seed_5, "dncnn", Doubling(), "doubling", secret=new_secret(1), seed=1, start=start)
    assert subject.recipe["host"] == HOST
    assert (_weight(subject.model()), trainings) == (20, [])


def test_a_control_is_the_host_after_further_training(at_seed_5, known, trainings) -> None:
    subject = known.control(
        at_seed_5, "dncnn", "tuned", lambda host, run: _network(_weight(host) + 10 * run.seed), schedule={"epochs": 8}
    )
    assert subject.recipe == {
        "what": "host dncnn, tuned", "recipe_version": 1, "seed": 5, "schedule": {"epochs": 8}, "host": HOST,
    }  # fmt: skip
    assert _weight(subject.model()) == 55
    with pytest.raises(ValueError, match="`host dncnn, tuned` has no key"):
        subject.owner_key()


def test_several_seeds_have_tables_of_their_own(at_seed_5, known) -> None:
    assert seed_of(at_seed_5, 2) == 7
    several = replace(at_seed_5, seeds=(0, 1))
    with pytest.raises(ValueError, match=r"take one seed at a time, got \[0, 1\]. Run them once for each"):
        known.unmarked(several, "dncnn")
