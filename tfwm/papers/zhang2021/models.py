"""The paper's hosts, marked hosts and surrogates, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.attacks import attack_to_dict
from tfwm.attacks.copies.surrogate import Surrogate
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts, seed_of
from tfwm.papers.engine.subjects import Subject, attacked_once
from tfwm.papers.zhang2021.marks import logo_text, mark_picture
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.scales import Case, host_settings, scheme_for
from tfwm.schemes import scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.types import RESTORATION, MarkedModel

VERSION = 1  # of the recipes; raised when changed code gives other networks
WITHOUT_STAGE: Mapping[str, Any] = {"adversarial_stage": False}
"""The rows with a dagger of table 2, as changes of a scheme."""

TRAINED = TrainedHosts(RESTORATION, "host", host_settings, lambda context, task: pairs(context, task, "owner"), VERSION)


def host(context: Context, task: str) -> Subject:
    """The unmarked host of a task.

    Args:
      context: of the experiment.
      task: in `TASKS`.
    """
    return TRAINED.unmarked(context, task)


def marked(context: Context, case: Case, **changes: Any) -> Subject:
    """The host of a case with H behind it, and its key.

    Args:
      context: of the experiment.
      case: its task and mark.
      changes: fields of the scheme that are to be other than at this scale.
    """
    unmarked, scheme = host(context, case.task), scheme_for(context, case, **changes)
    picture = mark_picture(context, case.mark)
    changed = "".join(f", {name} {value}" for name, value in changes.items())
    # The mark's picture counts, and not where its file lies.
    recipe = {
        "what": f"{case.title}{changed}", "recipe_version": VERSION, "seed": seed_of(context, 0),
        "scheme": scheme_to_dict(scheme), "mark": digest(picture), "host": unmarked.recipe,
    }  # fmt: skip

    def make(folder: Path) -> MarkedModel:
        known = replace(scheme, logo=logo_text(context, case.mark))
        run, secret = context.run_in(folder, seed=seed_of(context, 0)), secret_of(context, case.name)
        return known.train(unmarked.model(), pairs(context, case.task, "owner"), run, secret=secret)

    def made() -> MarkedModel:
        return context.cache.marked(recipe, make)

    return Subject(recipe, lambda: made().model, lambda: made().key, case.task)


def secret_of(context: Context, name: str) -> bytes:
    """32 bytes, repeatable, and worth nothing elsewhere.

    Args:
      context: of one seed.
      name: of what is marked: each has a secret of its own.
    """
    return np.random.default_rng((context.seeds[0], *name.encode())).bytes(32)


def copied(context: Context, stolen: Subject, attack: Surrogate) -> Subject:
    """A thief's surrogate of a network, trained on its answers to his own pictures; it is measured with the same key.

    Args:
      context: of the experiment.
      stolen: marked or not.
      attack: what he trains.
    """
    data = pairs(context, stolen.host, "attacker")
    # The file of VGG's weights counts by its name.
    known = {**attack_to_dict(attack), "vgg_weights": Path(attack.vgg_weights).name}

    def make(folder: Path) -> keras.Model:
        run = context.run_in(folder, seed=seed_of(context, 0))
        return attack(KerasSuspect("stolen", stolen.model()), data, run).model

    return attacked_once(context, stolen, repr(attack), {**known, "data": digest(data.inputs)}, make)
