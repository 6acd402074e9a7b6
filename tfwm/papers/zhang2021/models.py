"""The paper's hosts, marked hosts and surrogates, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
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
from tfwm.papers.zhang2021.marks import DRAWING, logo_text, mark_picture
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.scales import DEBONE, SCALES, Case, host_settings, scheme_for
from tfwm.schemes import scheme_to_dict
from tfwm.schemes.self_watermarked import SelfWatermarked
from tfwm.suspects import KerasSuspect
from tfwm.types import RESTORATION, MarkedModel, Suspect

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
    changed = "".join(f", {name} {value}" for name, value in changes.items())
    return _embedded(context, case, f"{case.title}{changed}", changes, host(context, case.task))


def protected(context: Context, case: Case) -> Subject:
    """H alone, and its key, for what has no model: it marks the targets of a data set, or an algorithm's outputs.

    Args:
      context: of the experiment.
      case: what is protected, in `PROTECTED`, and the mark.
    """
    return _embedded(context, case, case.title, {}, None)


def self_watermarked(context: Context, case: Case) -> Subject:
    """The host of a case that was trained to hide the mark itself, and its key.

    Args:
      context: of the experiment.
      case: its task and mark.
    """
    what = f"{case.title}, self-watermarked"
    return _embedded(context, case, what, {"kind": SelfWatermarked}, host(context, case.task))


def overwriter(context: Context, case: Case) -> Subject:
    """The thief's own H, trained on the clean pictures of his part; it marks whatever it is given, and he keeps a key.

    Args:
      context: of the experiment.
      case: the task, and the thief's mark.
    """
    return _embedded(context, case, f"the thief's {case.title}", WITHOUT_STAGE, None, part="attacker")


def released(context: Context, number: int) -> Subject:
    """A release of the debone host, one of several whose marks one network carries, and its key.

    The networks are trained once for all releases, in a folder of the cache that they share.

    Args:
      context: of the experiment.
      number: of the release, from 0: IEEE, Flower, and drawings.
    """
    names = release_marks(context)
    scheme = scheme_for(context, DEBONE, logo=names[0], logos=names[1:], mark_channels=3)
    unmarked, data = host(context, DEBONE.task), pairs(context, DEBONE.task, "owner")
    shared = {
        "what": f"Debone, {len(names)} marks", "recipe_version": VERSION, "seed": seed_of(context, 0),
        "scheme": scheme_to_dict(scheme), "host": unmarked.recipe,
        "mark": digest(*(mark_picture(context, name) for name in names)),
    }  # fmt: skip
    recipe = {**shared, "what": f"{shared['what']}, release {names[number]}", "release": number}

    def make(folder: Path) -> MarkedModel:
        texts = [logo_text(context, name) for name in names]
        known = replace(scheme, logo=texts[0], logos=tuple(texts[1:]))
        together = Path(context.cache.root) / "releases" / sha256(json.dumps(shared).encode()).hexdigest()[:16]
        run, secret = context.run_in(together, seed=seed_of(context, 0)), secret_of(context, f"{names} {number}")
        return known.train(unmarked.model(), data, run, secret=secret, release=number)

    def made() -> MarkedModel:
        return context.cache.marked(recipe, make)

    return Subject(recipe, lambda: made().model, lambda: made().key, DEBONE.task)


def release_marks(context: Context) -> tuple[str, ...]:
    """The marks of all releases: IEEE and Flower, and drawings for those that the paper does not show.

    Args:
      context: of the experiment.
    """
    drawings = (f"{DRAWING}{number}" for number in range(SCALES[context.scale].releases - 2))
    return ("ieee", "flower", *drawings)


def _embedded(
    context: Context, case: Case, what: str, changes: Mapping[str, Any], unmarked: Subject | None,
    part: str = "owner",
) -> Subject:  # fmt: skip
    scheme, data = scheme_for(context, case, **changes), pairs(context, case.task, part)
    # The mark's picture counts, and not where its file lies.
    recipe = {
        "what": what, "recipe_version": VERSION, "seed": seed_of(context, 0), "scheme": scheme_to_dict(scheme),
        "mark": digest(mark_picture(context, case.mark)),
        "host": unmarked.recipe if unmarked else digest(data.inputs, data.targets),
    }  # fmt: skip

    def make(folder: Path) -> MarkedModel:
        known = replace(scheme, logo=logo_text(context, case.mark))
        run, secret = (
            context.run_in(folder, seed=seed_of(context, 0)),
            secret_of(context, what if part == "attacker" else case.name),
        )
        return known.train(unmarked.model() if unmarked else None, data, run, secret=secret)

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


def copied(
    context: Context, stolen: Subject, attack: Surrogate, answers: Callable[[], Suspect] | None = None
) -> Subject:
    """A thief's surrogate of a network, trained on its answers to his own pictures; it is measured with the same key.

    Args:
      context: of the experiment.
      stolen: marked or not.
      attack: what he trains.
      answers: gives what answers him; None for the network itself.
    """
    data = pairs(context, stolen.host, "attacker")
    # The file of VGG's weights counts by its name.
    known = {**attack_to_dict(attack), "vgg_weights": Path(attack.vgg_weights).name}

    def make(folder: Path) -> keras.Model:
        run = context.run_in(folder, seed=seed_of(context, 0))
        suspect = answers() if answers else KerasSuspect("stolen", stolen.model())
        return attack(suspect, data, run).model

    return attacked_once(context, stolen, repr(attack), {**known, "data": digest(data.inputs)}, make)
