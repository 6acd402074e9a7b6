"""Hosts and marked hosts, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow import keras

from tfwm.config import to_dict
from tfwm.keys import new_secret
from tfwm.kinds.classification_hosts import train_classifier
from tfwm.networks.classifiers import classifier
from tfwm.papers.classifiers.data import parts_of
from tfwm.papers.classifiers.scales import HOSTS, host_settings, scheme_for
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject
from tfwm.schemes import scheme_to_dict
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.schemes.key_samples.training import train_with_samples
from tfwm.types import LabelledImages, MarkedModel

VERSION = 1
KEY_SEED = 2_000  # secrets of the experiments: repeatable, and worth nothing elsewhere


def data_of(context: Context, name: str) -> dict[str, LabelledImages]:
    """The parts of a host's data set."""
    return parts_of(context, HOSTS[name].data)


def _host_recipe(context: Context, name: str, seed: int) -> dict[str, Any]:
    owner = data_of(context, name)["owner"]
    return {
        "what": f"classifier {name}", "recipe_version": VERSION, "seed": context.seeds[0] + seed,
        "settings": to_dict(host_settings(context, name)), "data": digest(owner.images, owner.labels),
    }  # fmt: skip


def _architecture(context: Context, name: str) -> keras.Model:
    """An untrained host: a scheme that trains from scratch takes no weights from what it is given."""
    settings, owner = host_settings(context, name), data_of(context, name)["owner"]
    return classifier(settings.network, owner.shape, owner.classes, width=settings.width, seed=0)


def host_subject(context: Context, name: str, *, seed: int = 0) -> Subject:
    """An unmarked host; `seed` tells several of one kind apart."""
    recipe = _host_recipe(context, name, seed)

    def model() -> keras.Model:
        return context.cache.model(
            recipe,
            lambda folder: train_classifier(
                data_of(context, name)["owner"], host_settings(context, name),
                context.run_in(folder, seed=context.seeds[0] + seed),
            ),
        )  # fmt: skip

    return Subject(recipe, model, host=name)


def marked_subject(
    context: Context, name: str, scheme: KeySampleVerbs | str = "blind_watermark", *, seed: int = 0
) -> Subject:
    """A marked host: its training, its key and its encoder all start from `seed`.

    Args:
      scheme: a name, or settings as `scheme_for` makes them.
    """
    settings = scheme_for(context, name, scheme) if isinstance(scheme, str) else scheme
    recipe = {
        "what": f"{name} marked by {settings.name}", "recipe_version": VERSION, "seed": context.seeds[0] + seed,
        "scheme": scheme_to_dict(settings), "host": _host_recipe(context, name, 0 if settings.from_scratch else seed),
    }  # fmt: skip

    def start() -> keras.Model:
        return _architecture(context, name) if settings.from_scratch else host_subject(context, name, seed=seed).model()

    def marked() -> MarkedModel:
        return context.cache.marked(
            recipe,
            lambda folder: settings.train(
                start(), data_of(context, name)["owner"], context.run_in(folder, seed=context.seeds[0] + seed),
                secret=new_secret(KEY_SEED + 100 * context.seeds[0] + seed),
            ),
        )  # fmt: skip

    return Subject(recipe, lambda: marked().model, lambda: marked().key, name)


def control_subject(context: Context, name: str, *, seed: int = 0) -> Subject:
    """The control beside a host that was marked from its weights: the same further training without a mark."""
    settings = scheme_for(context, name, "blind_watermark")
    recipe = {
        "what": f"classifier {name}, trained on without a mark", "recipe_version": VERSION,
        "seed": context.seeds[0] + seed, "schedule": to_dict(settings.host), "from_scratch": settings.from_scratch,
        "host": _host_recipe(context, name, seed),
    }  # fmt: skip

    def make(folder: Path) -> keras.Model:
        host, data = host_subject(context, name, seed=seed).model(), data_of(context, name)["owner"]
        run = context.run_in(folder, seed=context.seeds[0] + seed)
        return train_with_samples(settings, host, data, None, new_secret(KEY_SEED), run, stage="control")[0]

    return Subject(recipe, lambda: context.cache.model(recipe, make), host=name)
