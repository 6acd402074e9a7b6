"""Nothing is made twice, whoever asks and whatever is killed meanwhile."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers.engine.cache import Cache
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

RECIPE: dict[str, Any] = {"what": "host dncnn", "recipe_version": 1, "seed": 3, "settings": {"filters": 4}}


def network(weight: float = 2.0) -> keras.Model:
    layer = keras.layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(weight))
    return keras.Sequential([keras.Input((None, None, 1)), layer])


def never(folder: Path) -> Any:
    raise AssertionError("made again")


def test_a_model_is_trained_once(cache: Cache, lines: list[str]) -> None:
    first = cache.model(RECIPE, lambda folder: network())
    second = Cache(cache.root, lines.append).model(RECIPE, never)
    assert lines == ["host dncnn seed 3: training", "host dncnn seed 3: from the cache"]
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])


@pytest.mark.parametrize(
    "change",
    [{"seed": 4}, {"recipe_version": 2}, {"settings": {"filters": 5}}, {"data": "abc"}, {"what": "host red"}],
    ids=str,
)
def test_another_recipe_is_another_thing(change: dict[str, Any], cache: Cache) -> None:
    cache.value(RECIPE, lambda folder: 1)
    assert cache.value({**RECIPE, **change}, lambda folder: 2) == 2


def test_another_tensorflow_is_another_thing(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.value(RECIPE, lambda folder: 1)
    monkeypatch.setattr("tfwm.papers.engine.bookkeeping.tensorflow_version", lambda: "9.9")
    assert cache.value(RECIPE, lambda folder: 2) == 2


def test_the_order_of_a_recipe_does_not_matter(cache: Cache) -> None:
    cache.value(RECIPE, lambda folder: 1)
    assert cache.value(dict(reversed(RECIPE.items())), never) == 1


def test_a_marked_model_keeps_its_key_private_and_its_history(cache: Cache) -> None:
    key = OwnerKey("toy", {"size": 3}, new_secret(1), {"probes": np.arange(4)})
    made = MarkedModel(network(), key, ({"stage": "mark", "loss": np.float32(0.5)},))
    cache.marked(RECIPE, lambda folder: made)
    found = cache.marked(RECIPE, never)
    assert found.key.secret == key.secret
    assert found.history == ({"stage": "mark", "loss": 0.5},)
    (folder,) = (cache.root / "made").iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "key")] == [0o700, 0o700]


def test_values_are_the_same_when_made_and_when_found(cache: Cache) -> None:
    value = {"psnr": np.float64(31.5), "pair": (1, 2), "curve": np.arange(3), "none": None, "off": float("inf")}
    expected = {"psnr": 31.5, "pair": [1, 2], "curve": [0, 1, 2], "none": None, "off": None}
    assert cache.value(RECIPE, lambda folder: value) == expected
    assert cache.value(RECIPE, never) == expected


def test_a_value_of_something_else_is_refused_and_not_kept(cache: Cache) -> None:
    with pytest.raises(TypeError, match="must be made of JSON values and numpy arrays, got object. Convert it."):
        cache.value(RECIPE, lambda folder: {"a": object()})
    assert cache.value(RECIPE, lambda folder: 5) == 5


def test_a_failed_making_finds_its_folder_again_and_leaves_none_behind(cache: Cache, lines: list[str]) -> None:
    def fails(folder: Path) -> int:
        (folder / "checkpoint").write_text("half")
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        cache.value(RECIPE, fails)
    assert cache.value(RECIPE, lambda folder: (folder / "checkpoint").read_text()) == "half"
    assert lines == ["host dncnn seed 3: measuring", "host dncnn seed 3: measuring, from where it stopped"]
    assert list((cache.root / "work").iterdir()) == []


def test_seconds_are_those_of_the_making_and_count_on_after_a_failure(cache: Cache) -> None:
    def fails(folder: Path) -> int:
        time.sleep(0.2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.value(RECIPE, fails)
    cache.value(RECIPE, lambda folder: time.sleep(0.1))
    seconds = cache.seconds(RECIPE)
    assert 0.3 <= seconds < 5.0
    cache.value(RECIPE, never)
    assert cache.seconds(RECIPE) == seconds
    # Sleeping costs no processor time.
    assert cache.spent(RECIPE).processor_seconds < 0.3


def test_what_is_made_inside_does_not_count_twice(cache: Cache) -> None:
    inner = {"what": "inner", "recipe_version": 1}

    def outer(folder: Path) -> int:
        cache.value(inner, lambda inside: time.sleep(1.0))
        time.sleep(0.1)
        return 1

    with cache.accounting() as account:
        cache.value(RECIPE, outer)
    assert cache.seconds(inner) >= 1.0
    assert 0.1 <= cache.seconds(RECIPE) < 0.9
    total = cache.total(account).seconds
    assert total >= cache.seconds(inner) + cache.seconds(RECIPE)
    # The row alone is asked for in the second run, but from an empty cache its model would be made too.
    with cache.accounting() as again:
        cache.value(RECIPE, never)
    assert cache.total(again).seconds == pytest.approx(total, abs=0.5)


def test_seconds_of_what_was_never_made(cache: Cache) -> None:
    with pytest.raises(LookupError, match="`host dncnn seed 3` is not in the cache .* Make it first"):
        cache.seconds(RECIPE)


def test_a_kill_just_after_the_end_leaves_no_working_folder(cache: Cache) -> None:
    cache.value(RECIPE, lambda folder: 1)
    (name,) = (path.name for path in (cache.root / "made").iterdir())
    (cache.root / "work" / name / "files").mkdir(parents=True)
    assert cache.value(RECIPE, never) == 1
    assert list((cache.root / "work").iterdir()) == []


def test_an_unfinished_folder_is_no_entry(cache: Cache) -> None:
    cache.value(RECIPE, lambda folder: 1)
    (folder,) = (cache.root / "made").iterdir()
    (folder / "entry.json").unlink()
    assert cache.value(RECIPE, lambda folder: 2) == 2


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"recipe_version": 1}, "`what` of a recipe must be a text that names it, got None"),
        ({"what": "a"}, "`recipe_version` of the recipe 'a' must be a whole number, got None. Begin with 1"),
        ({"what": "a", "recipe_version": True}, "must be a whole number, got True"),
        ({"what": "a", "recipe_version": 1, "x": np.ones(2)}, "must hold JSON values only (Object of type ndarray"),
        ({"what": "a", "recipe_version": 1, "x": float("nan")}, "must hold JSON values only"),
    ],
)
def test_recipes_are_checked(recipe: dict[str, Any], message: str, cache: Cache) -> None:
    with pytest.raises(ValueError) as caught:
        cache.value(recipe, never)
    assert message in str(caught.value)


def test_one_recipe_is_one_kind_of_thing(cache: Cache) -> None:
    cache.value(RECIPE, lambda folder: 1)
    with pytest.raises(ValueError, match="stands for a value already, and now a model is asked for"):
        cache.model(RECIPE, never)


def test_a_recipe_that_asks_for_itself_is_an_error_not_a_deadlock(cache: Cache) -> None:
    with pytest.raises(ValueError, match="is being made, and asks for itself"):
        cache.value(RECIPE, lambda folder: cache.value(RECIPE, never))
