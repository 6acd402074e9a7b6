"""Endpoints that encode each query afresh."""

from __future__ import annotations

import numpy as np

from tfwm.attacks import RequestJpeg, RequestResize
from tfwm.data.filters import jpeg, resized
from tfwm.suspects import as_float


def test_the_network_sees_what_was_encoded(classifier_suspect, labelled, run) -> None:
    queries = labelled.images[:4]
    encoded = np.stack([jpeg(as_float(one), 30) for one in queries])
    small = np.clip(resized(resized(as_float(queries), (8, 8)), (16, 16)), 0, 1)
    for attack, received in ((RequestJpeg(30), encoded), (RequestResize(0.5), small)):
        answers = attack(classifier_suspect, labelled, run)(queries)
        np.testing.assert_allclose(answers, classifier_suspect(received), atol=1e-5)
