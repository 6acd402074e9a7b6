"""Copies of a marked network after some epochs of a thief's training: one training for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    """A subject for each of `epochs`; the first one that is asked for trains them all, and the cache keeps them.

    Args:
      marked: what the thief has stolen.
      how: he trains, for progress lines: `on new data`.
      settings: of the training, JSON values.
      epochs: after which the network is kept.
      train: gets a folder that stays the same until it is done; returns the networks by epoch.
    """

    def after(number: int, model: Any) -> Subject:
        return marked.attacked(f"{number} epochs {how}", {"epoch": number, **settings}, model)

    def make_all(work: Path) -> dict[str, Any]:
        copies = train(work)
        for number, copy in copies.items():
            context.cache.model(after(number, None).recipe, _giver(copy.model))
        return {"epochs": list(copies)}

    def loader(number: int) -> Callable[[], keras.Model]:
        def model() -> keras.Model:
            context.cache.value(marked.attacked(f"tuned {how}", dict(settings), model).recipe, make_all)
            return context.cache.model(after(number, None).recipe, _missing)

        return model

    return {number: after(number, loader(number)) for number in epochs}


def _giver(model: keras.Model) -> Callable[[Path], keras.Model]:
    return lambda folder: model


def _missing(folder: Path) -> keras.Model:
    raise FileNotFoundError("A tuned copy is not in the cache any more. Remove the cache folder, and run again.")
