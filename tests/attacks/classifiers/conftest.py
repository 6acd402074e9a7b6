"""A small classifier, a thief's labelled pictures, and a classifier that knows key samples with a word on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tfwm.data.key_images import key_images
from tfwm.data.logos import sample_logo
from tfwm.data.reading.labelled import photograph_patches
from tfwm.networks import classifier
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Run, fit_classifier
from tfwm.types import LabelledImages


@pytest.fixture(scope="session")
def host() -> keras.Model:
    return classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=1)


@pytest.fixture
def suspect(host: keras.Model) -> KerasSuspect:
    return KerasSuspect("toy", host)


@pytest.fixture(scope="session")
def data() -> LabelledImages:
    return photograph_patches("attacker", 60, 16, seed=1)


@pytest.fixture(scope="session")
def key() -> LabelledImages:
    """Twenty pictures of the owner's with the word TEST on them, and labels drawn at random."""
    covers = photograph_patches("owner", 20, 16, seed=5).images
    samples = key_images("content", covers, draw=np.random.default_rng(3), logo=sample_logo(16))
    return LabelledImages(samples, np.random.default_rng(4).integers(0, 10, 20), 10)


@pytest.fixture(scope="session")
def marked(key: LabelledImages, tmp_path_factory: pytest.TempPathFactory) -> KerasSuspect:
    owner = photograph_patches("owner", 200, 16, seed=0)
    network = classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=2)
    run = Run(Path(tmp_path_factory.mktemp("marked")), quiet=True)
    schedule = Descent(6, 30, 20, 0.05, "cosine")
    fit_classifier(network, owner, schedule, run, stage="host", settings={}, key=key, key_batch=10)
    return KerasSuspect("marked", network)
