"""Classifiers behind a wrapper."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tfwm.attacks import ClassAlone, EnsembleScores, RequestShift
from tfwm.attacks.wrappers.scores import moved
from tfwm.suspects import FunctionSuspect, as_float


def test_content_moves_and_the_space_left_is_reflected() -> None:
    row = np.arange(4, dtype=np.float32)[None, None, :, None]
    assert moved(row, 0, 1).ravel().tolist() == [1, 0, 1, 2]
    assert moved(row, 0, -2).ravel().tolist() == [2, 3, 2, 1]
    column = row.transpose(0, 2, 1, 3)
    assert moved(column, -1, 0).ravel().tolist() == [1, 2, 3, 2]


def test_the_classifier_sees_the_moved_request(classifier_suspect, labelled, run) -> None:
    queries = labelled.images[:4]
    answers = RequestShift(2, -1)(classifier_suspect, labelled, run)(queries)
    np.testing.assert_allclose(answers, classifier_suspect(moved(as_float(queries), 2, -1)), atol=1e-6)


@pytest.mark.parametrize("mirrored", [True, False])
def test_the_ensemble_is_the_mean_of_all_versions(mirrored, labelled, run) -> None:
    # Scores that follow one pixel each, so that every version counts.
    places = np.random.default_rng(0).integers(0, 16, (10, 2))
    suspect = FunctionSuspect("pixels", lambda images: images[:, places[:, 0], places[:, 1], 0])
    queries = as_float(labelled.images[:3])
    versions = [moved(queries, *step) for step in product((-2, 0, 2), repeat=2)]
    versions += [version[:, :, ::-1] for version in versions] if mirrored else []
    expected = np.mean([suspect(version) for version in versions], axis=0)
    answers = EnsembleScores(2, mirrored)(suspect, labelled, run)(labelled.images[:3])
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert np.abs(answers - suspect(queries)).max() > 0.01


def test_the_class_alone_is_told_of_logits_and_probabilities_alike(labelled, run) -> None:
    logits = np.array([[-3.0, -1.0, -2.0], [0.2, 0.1, 0.7]] * 2)
    suspect = FunctionSuspect(
        "logits", lambda images: np.pad(logits, ((0, 0), (0, 7)), constant_values=-9.0)[: len(images)]
    )
    answers = ClassAlone()(suspect, labelled, run)(labelled.images[:4])
    np.testing.assert_array_equal(answers, np.eye(10)[[1, 2, 1, 2]])
