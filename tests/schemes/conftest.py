"""The tiny preset of every scheme, trained once for all tests of this folder."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import derainer, rainy_patches, smoothing_host
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import OwnerKey, new_secret
from tfwm.kinds import Kind, PerKind, kind_called
from tfwm.kinds.classification_hosts import ClassifierSettings, train_classifier
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.suspects import KerasSuspect
from tfwm.training import Run
from tfwm.types import MarkedModel, Scheme

# Schemes that put something behind the host, whose weights stay as they are.
BARRIERS = {"deep_watermarking", "spread_spectrum", "dct_mark", "dft_mark", "dwt_mark", "hidden"}


@dataclass
class Trained:
    """A scheme, what it trained, and host and data as they were before."""

    scheme: Any
    host: keras.Model
    host_weights: list[np.ndarray]
    data: Any
    data_copy: Any
    result: MarkedModel

    @property
    def suspect(self) -> KerasSuspect:
        return KerasSuspect("marked", self.result.model)

    @property
    def unmarked(self) -> KerasSuspect:
        return KerasSuspect("host", self.host)

    @property
    def key(self) -> OwnerKey:
        return self.result.key

    @property
    def kind(self) -> Kind:
        return kind_called(self.scheme.kind)


DATA: PerKind[Callable[[Scheme], Any]] = PerKind(
    "data for a test",
    restoration=lambda scheme: rainy_patches(288, scheme.image_size),
    classification=lambda scheme: photograph_patches("owner", 400, scheme.image_size, channels=scheme.channels, seed=0),
)


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Scheme], keras.Model]:
    """A host for a scheme; a classifier is trained once for all schemes of its pictures."""

    @cache
    def classifier(side: int, channels: int) -> keras.Model:
        # The smallest that holds 20 samples.
        settings = replace(ClassifierSettings.tiny(), network="lenet5", width=1.0)
        data = photograph_patches("owner", 400, side, channels=channels, seed=0)
        return train_classifier(data, settings, Run(tmp_path_factory.mktemp("host"), quiet=True))

    # A blur of 27 weights is host enough for a mark in its outputs, but cannot learn answers to triggers.
    own = dict.fromkeys(BARRIERS, smoothing_host)
    made: PerKind[Callable[[Scheme], keras.Model]] = PerKind(
        "host for a test",
        restoration=lambda scheme: own.get(scheme.name, derainer)(),
        classification=lambda scheme: classifier(scheme.image_size, scheme.channels),
    )
    return lambda scheme: made[scheme.kind](scheme)


@pytest.fixture(scope="session")
def tiny(hosts: Callable[[Scheme], keras.Model], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """The scheme of a name, trained with its tiny preset; once, whoever asks."""

    @cache
    def train(name: str) -> Trained:
        scheme = make_scheme(name, "tiny")
        host, data = hosts(scheme), DATA[scheme.kind](scheme)
        before, weights = copy.deepcopy(data), [weight.copy() for weight in host.get_weights()]
        run = Run(tmp_path_factory.mktemp("trained"), seed=1, quiet=True)
        return Trained(scheme, host, weights, data, before, scheme.train(host, data, run, secret=new_secret(1)))

    return train


@pytest.fixture(scope="session", params=sorted(SCHEMES))
def trained(request: pytest.FixtureRequest, tiny: Callable[[str], Trained]) -> Trained:
    return tiny(request.param)
