"""The tiny preset of every scheme for hosts whose answers are images, trained once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import derainer, rainy_patches, smoothing_host
from tfwm.keys import new_secret
from tfwm.schemes import SCHEMES, make_scheme, marks_classifiers
from tfwm.suspects import KerasSuspect
from tfwm.training import Run
from tfwm.types import ImagePairs, MarkedModel


@dataclass
class Trained:
    """A scheme, what it trained, and the host as it was before."""

    scheme: Any
    host: keras.Model
    host_weights: list[np.ndarray]
    data: ImagePairs
    data_copy: ImagePairs
    result: MarkedModel

    @property
    def suspect(self) -> KerasSuspect:
        return KerasSuspect("marked", self.result.model)


# A blur of 27 weights is host enough for a mark in its outputs, but cannot learn answers to triggers.
HOSTS: dict[str, Callable[[], keras.Model]] = {"deep_watermarking": smoothing_host}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """The scheme of a name, trained with its tiny preset; once, whoever asks."""

    @cache
    def train(name: str) -> Trained:
        scheme, host = make_scheme(name, "tiny"), HOSTS.get(name, derainer)()
        data = rainy_patches(288, scheme.image_size)
        copy, weights = ImagePairs(data.inputs.copy(), data.targets.copy()), [w.copy() for w in host.get_weights()]
        run = Run(tmp_path_factory.mktemp("trained"), seed=1, quiet=True)
        return Trained(scheme, host, weights, data, copy, scheme.train(host, data, run, secret=new_secret(1)))

    return train


IMAGE_SCHEMES = sorted(name for name in SCHEMES if not marks_classifiers(name))


@pytest.fixture(scope="session", params=IMAGE_SCHEMES)
def trained(request: pytest.FixtureRequest, tiny: Callable[[str], Trained]) -> Trained:
    return tiny(request.param)
