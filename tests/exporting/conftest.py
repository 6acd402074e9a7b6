"""One exported classifier that the tests of this folder share."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.files import COUNT, WRONG
from tests.toy_classifier import KeySamples, key_of, partly_right, samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.keys import OwnerKey


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return toy_classifier()


@pytest.fixture(scope="module")
def key(model: keras.Model) -> OwnerKey:
    samples = samples_of(COUNT)
    labels, scores = partly_right(model, samples, WRONG)
    assert len(np.unique(scores.argmax(axis=1))) > 1
    return key_of(samples, labels)


@pytest.fixture(scope="module")
def exported(model: keras.Model, key: OwnerKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(model, tmp_path_factory.mktemp("export") / "1", scheme=KeySamples(), key=key)


@pytest.fixture(scope="module")
def loaded(exported: Path) -> tf.Module:
    return tf.saved_model.load(str(exported))
