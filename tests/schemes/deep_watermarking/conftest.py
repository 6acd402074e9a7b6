"""A key and a deployed model of untrained networks: quick, and all that arithmetic needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme, smoothing_host
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.control_models import packed_names
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.networks import Networks, build
from tfwm.schemes.deep_watermarking.training import deployed_model, key_of_networks


@dataclass
class Untrained:
    """What training would have given after no step at all."""

    scheme: DeepWatermarking
    built: Networks
    host: keras.Model
    key: OwnerKey
    model: keras.Model


def untrained(scheme: DeepWatermarking, *, host: keras.Model | None = None, seed: int = 3) -> Untrained:
    built, host, mark = build(scheme, seed), host or smoothing_host(), checked_mark(scheme)
    _shake(built.embedder, seed)
    probes = coarse_pairs(scheme.probes, scheme.image_size, seed=9)
    key = key_of_networks(scheme, built, mark, probes, host, new_secret(5))
    return Untrained(scheme, built, host, key, deployed_model(scheme, built, host, key))


def with_controls(key: OwnerKey, scores: Sequence[float]) -> OwnerKey:
    """A logo key whose owner says that these were the centred NC of his controls, all of different architectures."""
    names = packed_names([f"net{index}, seed {index}" for index in range(len(scores))])
    arrays = {"control_nc": np.float32(scores), "control_names": names}
    return replace(
        key, arrays={**key.arrays, **arrays}, settings={**key.settings, "controls": len(scores), "alpha": 0.6}
    )


def _shake(network: keras.Model, seed: int) -> None:
    """Weights that are large enough to see, moving statistics that are neither 0 nor 1."""
    draw = np.random.default_rng(seed)
    network.set_weights([np.abs(w + 0.3 * draw.normal(size=w.shape)) if "variance" in v.name
                         else w + 0.3 * draw.normal(size=w.shape)
                         for v, w in zip(network.weights, network.get_weights())])  # fmt: skip


@pytest.fixture(scope="session")
def coded() -> Untrained:
    return untrained(smallest_scheme(cells=4))


@pytest.fixture(scope="session")
def logo() -> Untrained:
    """The paper's form: a logo mark, an H that draws whole images, batch normalisation; four controls of a liar."""
    paper = {
        "coded": False,
        "residual_scale": 0.0,
        "embedder_normalization": "batch",
        "clean_outputs": False,
        "controls": 4,
        "alpha": 0.2,
    }
    made = untrained(replace(smallest_scheme(), **paper))
    return replace(made, key=with_controls(made.key, [-1.0] * 4))
