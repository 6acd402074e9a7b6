"""Protects a classifier: labelled images, a host, secret labels for secret samples."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.protecting.outcome import Protected, kept_secret
from tfwm.commands.result import say

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.kinds.classification import ClassifierSettings
    from tfwm.training import Run
    from tfwm.types import LabelledImages, MarkedModel

PATCHES = {"fast": 3000, "tiny": 400, "paper": 6000, "reference": 6000}
TINY_NETWORK = "lenet5"  # seconds, and room for the samples, which smaller ones lack


def protect(arguments: argparse.Namespace, out: Path) -> Protected:
    """Trains a classifier where none is given, and marks it.

    Raises:
      FileNotFoundError: no such data.
      ValueError: a setting, data or a host that does not fit.
    """
    from tfwm.commands import labelled
    from tfwm.commands import opening as work

    given = work.load_network(arguments.host) if arguments.host else None
    if given is not None:
        labelled.check_classifier(given, "--host")
    base = _settings(arguments, {})
    parts = labelled.parts_of(
        arguments, {"owner": arguments.patches or PATCHES[arguments.preset], "test": labelled.TEST_PATCHES},
        size=_side(given, base.image_size), channels=arguments.channels or _channels(given, arguments, base.channels),
    )  # fmt: skip
    owner, test = parts["owner"], parts["test"]
    scheme = _settings(arguments, labelled.described(owner, given))
    if given is not None:
        labelled.check_fit(given, owner, "--host")
    run = work.run_of(arguments, out / "work")
    host = _train_host(arguments, scheme, owner, run) if given is None else given
    say(f"marking with {scheme.name}, preset {arguments.preset}: {scheme.samples} samples, {len(owner)} images")
    marked = scheme.train(host, owner, run.child("mark"), secret=kept_secret(out / "work"))
    return _measured(host, marked, scheme, test)


def _settings(arguments: argparse.Namespace, described: dict[str, Any]) -> Any:
    """The preset with what the data say, changed by `--set`, which has the last word."""
    from tfwm.schemes import make_scheme, scheme_from_dict, scheme_to_dict

    base = scheme_to_dict(make_scheme(arguments.scheme, arguments.preset))
    return scheme_from_dict(options.changed({**base, **described}, arguments.assignments))


def _side(host: keras.Model | None, otherwise: int) -> int:
    """Of the pictures of a trial: the host's where it has one."""
    return otherwise if host is None else host.input_shape[1] or otherwise


def _channels(host: keras.Model | None, arguments: argparse.Namespace, otherwise: int) -> int | None:
    """The host's; else as the data have them, which without data are the preset's."""
    if host is not None and host.input_shape[-1] in (1, 3):
        return host.input_shape[-1]
    return None if arguments.data else otherwise


def _host_settings(arguments: argparse.Namespace, augment: str) -> ClassifierSettings:
    from tfwm.kinds.classification import ClassifierSettings

    presets = {"fast": ClassifierSettings.fast, "tiny": ClassifierSettings.tiny}
    settings = presets.get(arguments.preset, ClassifierSettings)()
    if arguments.preset == "tiny" and not arguments.network:
        settings = dataclasses.replace(settings, network=TINY_NETWORK, width=1.0)
    changes = {"network": arguments.network, "width": arguments.width, "augment": augment}
    return dataclasses.replace(settings, **{name: value for name, value in changes.items() if value is not None})


def _train_host(arguments: argparse.Namespace, scheme: Any, owner: LabelledImages, run: Run) -> keras.Model:
    from tfwm.kinds.classification import train_classifier

    settings = _host_settings(arguments, getattr(scheme, "augment", "none"))
    say(f"training a classifier of {owner.classes} classes, {settings.network}, width {settings.width:g}")
    return train_classifier(owner, settings, run.child("host"))


def _measured(host: keras.Model, marked: MarkedModel, scheme: Any, test: LabelledImages) -> Protected:
    from tfwm.evidence.labels import accuracy
    from tfwm.suspects import KerasSuspect

    def right(model: keras.Model) -> float:
        return accuracy(KerasSuspect("", model)(test.images), test.labels, test.classes)

    before, after = right(host), right(marked.model)
    verdict = scheme.verify(KerasSuspect("marked model", marked.model), marked.key)
    sentence = (
        f"Accuracy on {len(test)} test images: {before:.1%} without the mark, {after:.1%} with it. Of its "
        f"{verdict.n} key samples the marked model gives {verdict.score:.1%} their secret label (a claim takes "
        f"{verdict.threshold:.1%})."
    )
    figures = {
        "host_accuracy": before, "marked_accuracy": after, "key_accuracy": verdict.score, "key_samples": verdict.n,
        "verified": verdict.marked,
    }  # fmt: skip
    return Protected(host, marked, sentence, figures)
