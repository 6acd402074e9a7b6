"""A subject keeps its key and host through an attack; an unmarked one says that it has none."""

from __future__ import annotations

import pytest

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers.engine.subjects import Subject

KEY = OwnerKey("deep_stego", {}, new_secret(1), {}, {})
RECIPE = {"what": "resnet18 marked", "recipe_version": 3, "seed": 1}


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
