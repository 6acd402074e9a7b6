"""Hosts and marked models, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from tfwm.config import to_dict
from tfwm.keys import new_secret
from tfwm.kinds.restoration_hosts import train_host
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.scales import host_settings
from tfwm.schemes import scheme_to_dict
from tfwm.types import ImagePairs, MarkedModel

VERSION = 1
KEY_SEED = 1_000  # secrets of the experiments: repeatable, and worth nothing elsewhere


def _seed(context: Context, start: int) -> int:
    """Of a training; `start` tells hosts of one run apart.

    Raises:
      ValueError: several seeds at once: each has its own hosts, and so its own tables.
    """
    if len(context.seeds) > 1:
        raise ValueError(
            f"These experiments take one seed at a time, got {list(context.seeds)}. Run them once for each, with an "
            "--out of its own."
        )
    return context.seeds[0] + start


def host_recipe(context: Context, name: str, *, seed: int = 0) -> dict[str, Any]:
    """What a host depends on."""
    pairs = training_pairs(context, name)
    return {
        "what": f"host {name}", "recipe_version": VERSION, "seed": _seed(context, seed),
        "settings": to_dict(host_settings(context, name)), "data": digest(pairs.inputs, pairs.targets),
    }  # fmt: skip


def host_of(context: Context, name: str, *, seed: int = 0) -> keras.Model:
    """An unmarked host."""
    return context.cache.model(
        host_recipe(context, name, seed=seed),
        lambda folder: train_host(
            training_pairs(context, name),
            host_settings(context, name),
            context.run_in(folder, seed=_seed(context, seed)),
        ),
    )


def marked_recipe(context: Context, name: str, scheme: Any, *, key: int = 0, seed: int = 0) -> dict[str, Any]:
    """What a marked host depends on.

    Args:
      scheme: with all its settings.
      key: which owner's; another number is another secret.
      seed: of the host.
    """
    return {
        "what": f"{name} marked by {scheme.name}, lambda {scheme.strength:g}, trigger {scheme.trigger_size}, key {key}",
        "recipe_version": VERSION, "seed": _seed(context, seed), "key": key + 10 * context.seeds[0],
        "scheme": scheme_to_dict(scheme),
        "host": host_recipe(context, name, seed=seed),
    }  # fmt: skip


def marked_of(context: Context, name: str, scheme: Any, *, key: int = 0, seed: int = 0) -> MarkedModel:
    """A marked host and its key."""
    return context.cache.marked(
        marked_recipe(context, name, scheme, key=key, seed=seed),
        lambda folder: scheme.train(
            host_of(context, name, seed=seed), training_pairs(context, name),
            context.run_in(folder, seed=_seed(context, seed)),
            secret=new_secret(KEY_SEED + key + 10 * context.seeds[0]),
        ),
    )  # fmt: skip


def tuned_recipe(context: Context, name: str, *, seed: int = 0) -> dict[str, Any]:
    """What the control depends on."""
    scheme = control_settings(context, name)
    return {"what": f"host {name}, tuned on without a mark", "recipe_version": VERSION, "seed": seed,
            "schedule": to_dict(scheme), "host": host_recipe(context, name, seed=seed)}  # fmt: skip


def control_settings(context: Context, name: str) -> Any:
    """The embedding's schedule as plain fine-tuning."""
    from tfwm.attacks import FineTune
    from tfwm.papers.quan2020.scales import trigger_scheme

    scheme = trigger_scheme(context, name)
    return FineTune(schedule=scheme.embedding, sigma=scheme.sigma, freeze_statistics=True)


def tuned_of(context: Context, name: str, *, seed: int = 0) -> keras.Model:
    """The control beside a marked host: the same further training without the mark."""
    from tfwm.suspects import KerasSuspect

    def make(folder: Any) -> keras.Model:
        suspect = KerasSuspect("host", host_of(context, name, seed=seed))
        pairs: ImagePairs = training_pairs(context, name)
        return control_settings(context, name)(suspect, pairs, context.run_in(folder, seed=_seed(context, seed))).model

    return context.cache.model(tuned_recipe(context, name, seed=seed), make)


def host_subject(context: Context, name: str, *, seed: int = 0) -> Subject:
    """An unmarked host."""
    return Subject(host_recipe(context, name, seed=seed), lambda: host_of(context, name, seed=seed))


def tuned_subject(context: Context, name: str) -> Subject:
    """A host that was tuned on without a mark."""
    return Subject(tuned_recipe(context, name), lambda: tuned_of(context, name))


def marked_subject(context: Context, name: str, scheme: Any, *, key: int = 0, seed: int = 0) -> Subject:
    """A marked host and its key."""

    def marked() -> MarkedModel:
        return marked_of(context, name, scheme, key=key, seed=seed)

    return Subject(marked_recipe(context, name, scheme, key=key, seed=seed), lambda: marked().model,
                   lambda: marked().key)  # fmt: skip
