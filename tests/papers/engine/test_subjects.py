"""A subject keeps its key and host through an attack; what is measured of it is measured once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from tensorflow import keras

from tests.papers.standins import brightener, key_with, memory, numbered
from tfwm.attacks import FineTune
from tfwm.config import to_dict
from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context
from tfwm.papers.engine import snapshots as engine
from tfwm.papers.engine.snapshots import snapshots
from tfwm.papers.engine.subjects import Subject, attacked_once, measured, verdict_on
from tfwm.papers.li2019.measure import secret_labels
from tfwm.schemes.deep_stego import DeepStego
from tfwm.suspects import KerasSuspect

KEY = OwnerKey("deep_stego", {}, new_secret(1), {}, {})
RECIPE = {"what": "resnet18 marked", "recipe_version": 3, "seed": 1}


def _network(weight: float) -> keras.Model:
    layer = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(weight))
    return keras.Sequential([keras.Input((None, None, 1)), layer])


def _weight(network: keras.Model) -> float:
    return float(network.get_weights()[0].squeeze())


SUBJECT = Subject(RECIPE, lambda: _network(1.0), lambda: KEY, "resnet18")


def test_an_attack_keeps_key_and_host_and_makes_another_recipe() -> None:
    subject = Subject(RECIPE, lambda: "network", lambda: KEY, "resnet18")
    attacked = subject.attacked("tuned", {"epochs": 10}, lambda: "tuned network")
    assert (attacked.model(), attacked.owner_key(), attacked.host) == ("tuned network", KEY, "resnet18")
    assert attacked.recipe == {
        "what": "resnet18 marked, tuned", "recipe_version": 3, "attack": {"epochs": 10}, "of": RECIPE,
    }  # fmt: skip
    assert (subject.model(), subject.recipe) == ("network", RECIPE)
    assert attacked.attacked("tuned", {"epochs": 20}, lambda: "").recipe["of"] == attacked.recipe


def test_an_unmarked_host_has_no_key() -> None:
    with pytest.raises(ValueError, match="`classifier vgg13` has no key: it holds no mark. Ask with a marked host's"):
        Subject({"what": "classifier vgg13"}, lambda: "network").owner_key()


def test_an_attack_that_takes_long_happens_once(context: Context, lines: list[str]) -> None:
    for _ in range(2):
        attacked = attacked_once(context, SUBJECT, "tuned", {"epochs": 10}, lambda folder: _network(2.0))
        assert attacked.recipe == SUBJECT.attacked("tuned", {"epochs": 10}, SUBJECT.model).recipe
        assert (_weight(attacked.model()), attacked.owner_key()) == (2, KEY)
    assert lines == ["resnet18 marked, tuned: training", "resnet18 marked, tuned: from the cache"]


def test_figures_are_measured_once_and_told_apart_by_their_settings(context: Context, lines: list[str]) -> None:
    figures = [measured(context, SUBJECT, "a figure", lambda folder, s=s: s, strength=s) for s in (1, 2, 1)]
    assert figures == [1, 2, 1]
    assert lines == [f"a figure of resnet18 marked: {how}" for how in ("measuring", "measuring", "from the cache")]


@pytest.mark.usefixtures("brighteners")
@pytest.mark.parametrize(("right", "marked"), [(20, True), (13, True), (10, False), (2, False)])
def test_a_verdict_is_what_the_keys_scheme_finds(right: int, marked: bool) -> None:
    shape = (28, 28, 1)
    settings, covers = DeepStego(image_size=28, channels=1, samples=20), numbered(20, shape)
    key = key_with(settings, 1, covers, brightener(0.0, shape))
    labels = secret_labels(key)
    found = verdict_on(memory(covers, np.where(np.arange(20) < right, labels, (labels + 1) % 10)), key)
    assert (found["hits"], found["n"], found["score"]) == (right, 20, right / 20)
    assert found["p_value"] == pytest.approx(binom.sf(right - 1, 20, 1 / 9))
    assert found["marked"] is marked


def test_copies_after_several_epochs_come_from_one_training(context: Context, lines: list[str], monkeypatch) -> None:
    trained: list[tuple] = []

    def tuned_at(attack, suspect, data, run, *, epochs) -> dict[int, KerasSuspect]:
        trained.append((attack, _weight(suspect.model), data, run.seed, epochs))
        return {number: KerasSuspect("copy", _network(number)) for number in epochs}

    monkeypatch.setattr(engine, "tuned_at", tuned_at)
    attack = FineTune(sigma=3.0)
    copies = snapshots(context, SUBJECT, "on new data", attack, lambda: "new", (10, 20), {"data": "new"})
    assert list(copies) == [10, 20]
    assert trained == []
    assert [_weight(copies[number].model()) for number in (20, 10, 20)] == [20, 10, 20]
    assert trained == [(attack, 1, "new", 0, (10, 20))]
    assert copies[20].owner_key() is KEY
    assert copies[20].recipe == {
        "what": "resnet18 marked, 20 epochs on new data", "recipe_version": 3, "of": RECIPE,
        "attack": {"epoch": 20, **to_dict(attack), "data": "new"},
    }  # fmt: skip
    assert lines[0] == "resnet18 marked, tuned on new data: measuring"
