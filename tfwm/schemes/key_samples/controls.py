"""Hosts that are trained without the key: the models among which a published key ranks a suspect.

A rank among m models is never below 1/(m + 1), and holds for suspects that are exchangeable with them. Strangers have
other architectures than the owner and other seeds, so the controls have several of both. Each is trained for as long
as the marked host.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.evidence.labels import answered_labels
from tfwm.networks.classifiers import classifier
from tfwm.schemes.control_models import NAMES, control_run, packed_names, say_control
from tfwm.schemes.key_samples.samples import KeySamples
from tfwm.schemes.key_samples.settings import OWN, EncoderSettings
from tfwm.schemes.key_samples.training import train_with_samples
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import LabelledImages

_LEARNT = 0.2  # of the way from chance to all right: below it a control knows nothing of the task


def check_controls(settings: EncoderSettings) -> None:
    """Builds each architecture of the controls once, so that one that does not fit is named before hours of training.

    Args:
      settings: of the scheme.

    Raises:
      ValueError: an architecture that cannot take the pictures.
    """
    for name in settings.control_networks[: settings.controls]:
        try:
            if name != OWN:
                _new(settings, name, 0)
        except ValueError as error:
            raise ValueError(f"`control_networks` has `{name}`, which does not fit the data: {error}") from error


def control_arrays(
    settings: EncoderSettings, host: keras.Model, data: LabelledImages, asked: KeySamples, run: Run
) -> dict[str, np.ndarray]:
    """What hosts answer to the key's samples that were trained without the key, and what each of them was.

    Where the marking goes on from the host's weights, the host itself is the first of them: it learnt for as long as
    it did, and the samples were made against its very weights. Finished controls are not trained again after a kill.

    Args:
      settings: `controls` hosts are trained from scratch, whose architectures are `control_networks` in turns.
      host: of the owner.
      data: the owner's training images.
      asked: samples and labels of the key.
      run: where and how; each control has a folder of its own below it, and another seed.

    Returns:
      `control_hits`: which samples each answers with their label, bool `[m, n]`; `control_names`, uint8 `[m, ...]`.
    """
    own, hits, names = _own_name(settings, host), [], []
    if not settings.from_scratch:
        hits.append(_hits(settings, host, asked))
        names.append(f"{own}, before the mark")
    for index in range(settings.controls):
        network = settings.control_networks[index % len(settings.control_networks)]
        machine = control_run(run, index)
        name = f"{own if network == OWN else network}, seed {machine.seed}"
        say_control(run, index, settings.controls, name)
        control, lines = _trained(settings, host, network, data, machine)
        _warn_of_ignorance(settings, f"{index + 1} of {settings.controls}, {name}", lines)
        hits.append(_hits(settings, control, asked))
        names.append(name)
    return {"control_hits": np.stack(hits), NAMES: packed_names(names)}


def _trained(
    settings: EncoderSettings, host: keras.Model, network: str, data: LabelledImages, machine: Run
) -> tuple[keras.Model, list[dict[str, Any]]]:
    with machine.scope():
        start = host if network == OWN else _new(settings, network, machine.seed)
    return train_with_samples(replace(settings, from_scratch=True), start, data, None, machine, stage="control")


def _new(settings: EncoderSettings, network: str, seed: int) -> keras.Model:
    return classifier(network, settings.shape, settings.classes, width=settings.control_width, seed=seed)


def _own_name(settings: EncoderSettings, host: keras.Model) -> str:
    """`own`, or the name of the architecture that is the host's as well: two names must not count as two."""
    layers = [type(layer) for layer in host.layers]
    for name in settings.control_networks:
        if name != OWN and [type(layer) for layer in _new(settings, name, 0).layers] == layers:
            return name
    return OWN


def _hits(settings: EncoderSettings, control: keras.Model, asked: KeySamples) -> np.ndarray:
    answers = KerasSuspect("control", control)(as_float(asked.images))
    return answered_labels(answers, len(asked.images), settings.classes) == asked.labels


def _warn_of_ignorance(settings: EncoderSettings, name: str, lines: Sequence[dict[str, Any]]) -> None:
    """A control that has not learnt its task hits by chance, and makes every suspect look guilty."""
    chance, accuracy = 1 / settings.classes, lines[-1]["accuracy"]
    if accuracy < chance + _LEARNT * (1 - chance):
        print(
            f"  warning: control {name}, answers only {accuracy:.0%} of the owner's images rightly, so that it bounds "
            "nothing. Take it out of `control_networks`, or give more epochs.", file=sys.stderr,
        )  # fmt: skip
