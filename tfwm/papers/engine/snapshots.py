"""Copies of a marked network after several numbers of epochs of a thief's training, from one training for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.suspects import KerasSuspect


def snapshots(
    context: Context, marked: Subject, how: str, settings: Mapping[str, Any], epochs: Sequence[int],
    train: Callable[[Path], Mapping[int, KerasSuspect]],
) -> dict[int, Subject]:  # fmt: skip
    """A stolen network after several numbers of epochs of a thief's training.

    The training runs once, when the first of the networks is asked for; the cache keeps them all.

    Args:
      context: of the experiment.
      marked: what the thief has stolen.
      how: he trains, for progress lines: `on new data`.
      settings: of the training, JSON values.
      epochs: after which the network is kept.
      train: trains, and returns the networks by epoch. It gets a folder that stays the same until it returns, so that
        a killed training resumes.

    Returns:
      A subject for each of `epochs`, with the key of `marked`.
    """
    training = marked.attacked(f"tuned {how}", dict(settings), marked.model).recipe
    recipes = {
        number: marked.attacked(f"{number} epochs {how}", {"epoch": number, **settings}, marked.model).recipe
        for number in epochs
    }

    def make_all(folder: Path) -> dict[str, Any]:
        copies = train(folder)
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
