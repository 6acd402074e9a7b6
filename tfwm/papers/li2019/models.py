"""The papers' hosts, marked hosts and controls, each trained once: every experiment takes them from the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.keys import new_secret
from tfwm.networks.classifiers import classifier
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.li2019.pictures import parts_of
from tfwm.papers.li2019.scales import HOSTS, SCALES, classifier_settings, marking_schedule
from tfwm.schemes import make_scheme
from tfwm.schemes.key_samples.joint import train_encoder
from tfwm.schemes.key_samples.settings import EncoderSettings
from tfwm.schemes.key_samples.training import train_with_samples
from tfwm.training import Run
from tfwm.types import CLASSIFICATION, LabelledImages

KEY_SEED = 2_000  # secrets of the experiments: repeatable, and worth nothing elsewhere
WITH_ENCODER = ("blind_watermark", "deep_stego")  # the schemes whose key samples are drawn by a network


def owner_images(context: Context, name: str) -> LabelledImages:
    """What a host learns from, at the context's scale.

    Args:
      context: of the experiment.
      name: of the host.
    """
    return parts_of(context, name)["owner"]


TRAINED = TrainedHosts(CLASSIFICATION, "classifier", classifier_settings, owner_images)


# Labels last give an exact p-value; with one control and the host itself a rank says next to nothing.
LABELS_LAST: dict[str, Any] = {"labels": "last", "host_weight": 0.0, "controls": 1, "alpha": 1e-6}
FEW_CONTROLS: dict[str, Any] = {"labels": "joint", "controls": 1, "alpha": 0.5}


def scheme_for(context: Context, name: str, scheme: str, **changes: Any) -> Any:
    """A scheme with the settings of its paper preset, fitted to a host and to the context's scale.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: a name in `SCHEMES`, of a scheme that marks by key samples. The labels of `blind_watermark` come last:
        the encoder is trained, frozen, the labels drawn, the host trained.
      changes: fields of the settings that are to be other than at this scale.
    """
    scale, owner = SCALES[context.scale], owner_images(context, name)
    fields: dict[str, Any] = {
        "image_size": owner.images.shape[1], "channels": owner.images.shape[3], "classes": owner.classes,
        "samples": scale.samples or round(0.01 * len(owner)), "host": marking_schedule(context, name),
        "augment": classifier_settings(context, name).augment, "from_scratch": scale.marking is None,
        "key_batch": scale.key_batch,
    }  # fmt: skip
    if scheme in WITH_ENCODER:
        fields |= {"encoder": scale.encoder, "encoder_filters": scale.encoder_filters}
    if scheme == "blind_watermark":
        fields |= {**LABELS_LAST, "body": "plain" if HOSTS[name].data == "mnist" else "unet"}
    if scheme == "deep_stego" and scale.marking is not None:
        fields |= FEW_CONTROLS
    paper: Any = make_scheme(scheme, "paper")
    return replace(paper, **{**fields, **changes})


def marked_classifier(context: Context, name: str, scheme: Any = "blind_watermark", *, seed: int = 0) -> Subject:
    """A marked host and its key.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: a name, or settings as `scheme_for` gives them.
      seed: of the host, of its marking and of its key.
    """
    settings = scheme_for(context, name, scheme) if isinstance(scheme, str) else scheme
    secret = new_secret(KEY_SEED + 100 * context.seeds[0] + seed)
    start = _architecture(context, name) if settings.from_scratch else TRAINED.unmarked(context, name, seed=seed)
    return TRAINED.marked(context, name, settings, settings.name, secret=secret, seed=seed, start=start)


def _architecture(context: Context, name: str) -> Subject:
    """The host untrained: a scheme that trains from scratch takes no weights from what it is given."""
    settings, owner = classifier_settings(context, name), owner_images(context, name)

    def untrained() -> keras.Model:
        return classifier(settings.network, owner.shape, owner.classes, width=settings.width, seed=0)

    return replace(TRAINED.unmarked(context, name), model=untrained)


def control_classifier(context: Context, name: str) -> Subject:
    """The control beside a host that was marked from its weights: the same further training without a mark.

    Args:
      context: of the experiment.
      name: of the host.
    """
    settings, owner = scheme_for(context, name, "blind_watermark"), owner_images(context, name)

    def train(host: keras.Model, run: Run) -> keras.Model:
        model, _ = train_with_samples(settings, host, owner, None, run, stage="control")
        return model

    return TRAINED.control(
        context, name, "trained on without a mark", train,
        schedule=to_dict(settings.host), from_scratch=settings.from_scratch,
    )  # fmt: skip


def strangers_encoder(
    context: Context, what: str, settings: EncoderSettings, build: Callable[[int], keras.Model], covers: np.ndarray, *,
    seed: int,
) -> keras.Model:  # fmt: skip
    """An encoder that somebody else trained: the owner's architecture, settings and logo, but images of his own.

    Args:
      context: of the experiment.
      what: whose encoder it is, for progress lines and the recipe.
      settings: of the owner's scheme.
      build: makes an untrained encoder from a seed.
      covers: uint8 `[n, height, width, channels]` that it is trained on.
      seed: of the training.
    """
    recipe = {"what": what, "recipe_version": TRAINED.version, "seed": seed, "scheme": to_dict(settings)}

    def make(folder: Path) -> keras.Model:
        run, secret = context.run_in(folder, seed=seed), new_secret(KEY_SEED + seed)
        model, _ = train_encoder(settings, build, covers, settings.logo_pixels(), run, secret)
        return model

    return context.cache.model(recipe, make)
