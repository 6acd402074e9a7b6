"""Copies of a marked network after several numbers of epochs of a thief's training, from one training for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.attacks import tuned_at
from tfwm.config import to_dict
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject
from tfwm.suspects import KerasSuspect

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.attacks.tuning.epochs import TuningAttack
    from tfwm.types import ImagePairs, LabelledImages


def snapshots(
    context: Context, marked: Subject, how: str, attack: TuningAttack,
    data: Callable[[], ImagePairs | LabelledImages], epochs: Sequence[int], settings: Mapping[str, Any],
) -> dict[int, Subject]:  # fmt: skip
    """A stolen network after several numbers of epochs of a thief's training.

    The training runs once, when the first of the networks is asked for; the cache keeps them all.

    Args:
      context: of the experiment.
      marked: what the thief has stolen.
      how: he trains, for progress lines: `on new data`.
      attack: his training.
      data: gives what he trains on.
      epochs: after which the network is kept.
      settings: further JSON values of the recipes, which tell this training from others.

    Returns:
      A subject for each of `epochs`, with the key of `marked`.
    """
    known = {**to_dict(attack), **settings}
    training = marked.attacked(f"tuned {how}", known, marked.model).recipe
    recipes = {
        number: marked.attacked(f"{number} epochs {how}", {"epoch": number, **known}, marked.model).recipe
        for number in epochs
    }

    def make_all(folder: Path) -> dict[str, Any]:
        suspect, run = KerasSuspect("marked", marked.model()), context.run_in(folder, seed=context.seeds[0])
        copies = tuned_at(attack, suspect, data(), run, epochs=epochs)
        for number, copy in copies.items():
            context.cache.model(recipes[number], partial(_given, copy.model))
        return {"epochs": list(copies)}

    def copy_after(number: int) -> keras.Model:
        context.cache.value(training, make_all)
        return context.cache.model(recipes[number], _missing)

    return {
        number: replace(marked, recipe=recipe, model=partial(copy_after, number)) for number, recipe in recipes.items()
    }


def _given(model: keras.Model, folder: Path) -> keras.Model:
    return model


def _missing(folder: Path) -> keras.Model:
    raise FileNotFoundError("A tuned copy is not in the cache any more. Remove the cache folder, and run again.")
