"""Copies of marked hosts after some epochs of fine-tuning, from one training each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow import keras

from tfwm.attacks import fine_tuned_at
from tfwm.config import to_dict
from tfwm.papers.experiment import Context
from tfwm.papers.quan2020.models import Subject, marked_subject
from tfwm.papers.quan2020.pictures import thief_pairs, training_pairs
from tfwm.papers.quan2020.scales import fine_tuning
from tfwm.suspects import KerasSuspect

EPOCHS = (10, 25, 50, 75, 100)
DATA = {"original": training_pairs, "new": thief_pairs}


def epochs_of(context: Context) -> tuple[int, ...]:
    """Of table VII; at scale smoke those that figure 9 shows."""
    return context.at(smoke=(10, 50), desk=EPOCHS, paper=EPOCHS)


def tuned_copy(context: Context, name: str, scheme: Any, data: str, epochs: int) -> Subject:
    """The marked host after `epochs` epochs on `original` or `new` data; the first one asked for trains them all."""
    marked, settings = marked_subject(context, name, scheme), to_dict(fine_tuning(context, name))

    def subject(number: int, model: Any) -> Subject:
        return marked.attacked(f"{number} epochs on {data} data", {"epoch": number, "data": data, **settings}, model)

    def make_all(work: Path) -> dict[str, Any]:
        suspect = KerasSuspect("marked", marked.model())
        run = context.run_in(work, seed=context.seeds[0])
        copies = fine_tuned_at(
            fine_tuning(context, name), suspect, DATA[data](context, name), run, epochs=epochs_of(context)
        )
        for number, copy in copies.items():
            context.cache.model(subject(number, None).recipe, _giver(copy.model))
        return {"epochs": list(copies)}

    def model() -> keras.Model:
        whole = marked.attacked(f"tuned on {data} data", {"data": data, **settings}, model)
        context.cache.value(whole.recipe, make_all)
        return context.cache.model(subject(epochs, None).recipe, _missing)

    return subject(epochs, model)


def _giver(model: keras.Model) -> Any:
    return lambda folder: model


def _missing(folder: Path) -> keras.Model:
    raise FileNotFoundError("A tuned copy is not in the cache any more. Remove the cache folder, and run again.")
