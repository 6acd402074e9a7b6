"""A host of each kind, a thief's pictures for both, and his machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import patches, toy_host
from tfwm.data.key_images import key_images
from tfwm.data.logos import sample_logo
from tfwm.data.tasks.trial import photograph_patches
from tfwm.networks import classifier
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent, Run, fit_classifier
from tfwm.types import ImagePairs, LabelledImages


@pytest.fixture(scope="session")
def host() -> keras.Model:
    return toy_host()


@pytest.fixture
def suspect(host: keras.Model) -> KerasSuspect:
    return KerasSuspect("toy", host)


@pytest.fixture(scope="session")
def data() -> ImagePairs:
    return ImagePairs(patches(8, seed=1), patches(8, seed=2))


@pytest.fixture(scope="session")
def classifier_host() -> keras.Model:
    return classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=1)


@pytest.fixture
def classifier_suspect(classifier_host: keras.Model) -> KerasSuspect:
    return KerasSuspect("toy", classifier_host)


@pytest.fixture(scope="session")
def labelled() -> LabelledImages:
    return photograph_patches("attacker", 60, 16, seed=1)


@pytest.fixture(scope="session")
def marked_classifier(tmp_path_factory: pytest.TempPathFactory) -> KerasSuspect:
    """It knows twenty pictures of the owner's with the word TEST on them, whose labels were drawn at random."""
    covers = photograph_patches("owner", 20, 16, seed=5).images
    samples = key_images("content", covers, draw=np.random.default_rng(3), logo=sample_logo(16))
    key = LabelledImages(samples, np.random.default_rng(4).integers(0, 10, 20), 10)
    owner = photograph_patches("owner", 200, 16, seed=0)
    network = classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=2)
    run = Run(tmp_path_factory.mktemp("marked"), quiet=True)
    schedule = Descent(6, 30, 20, 0.05, "cosine")
    fit_classifier(network, owner, schedule, run, stage="host", settings={}, key=key, key_batch=10)
    return KerasSuspect("marked", network)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run", quiet=True)


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Random weights in the shapes of VGG19's first four layers."""
    draw = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg.npz"
    sizes = {"conv1_1": (3, 64), "conv1_2": (64, 64), "conv2_1": (64, 128), "conv2_2": (128, 128)}
    arrays = {f"{name}_kernel": draw.normal(0, 0.05, (3, 3, *size)) for name, size in sizes.items()}
    biases = {f"{name}_bias": draw.normal(0, 0.05, size[1]) for name, size in sizes.items()}
    np.savez(path, **{name: array.astype(np.float32) for name, array in (arrays | biases).items()})
    return str(path)


@pytest.fixture
def killed_after_first_epoch(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Training stops as a killed process does: after the checkpoint of epoch 1, before anything else."""
    from tfwm.training import callbacks

    whole = callbacks.State.on_epoch_end

    def stop(state, epoch, logs=None):
        whole(state, epoch, logs)
        raise KeyboardInterrupt

    monkeypatch.setattr(callbacks.State, "on_epoch_end", stop)
    return lambda: monkeypatch.setattr(callbacks.State, "on_epoch_end", whole)
