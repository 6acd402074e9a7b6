"""Every scheme's tiny preset, trained once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import rainy_patches, smoothing_host
from tfwm.keys import new_secret
from tfwm.schemes import SCHEMES, make_scheme
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


@pytest.fixture(scope="session", params=sorted(SCHEMES))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    scheme, host = make_scheme(request.param, "tiny"), smoothing_host()
    data = rainy_patches(288, scheme.image_size)
    copy, weights = ImagePairs(data.inputs.copy(), data.targets.copy()), [w.copy() for w in host.get_weights()]
    run = Run(tmp_path_factory.mktemp("trained"), seed=1, quiet=True)
    return Trained(scheme, host, weights, data, copy, scheme.train(host, data, run, secret=new_secret(1)))
