"""Was a message hidden in these pictures? The ATS detector, which knows no cover, and one that was shown examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfwm.papers.detection.spam import spam_features

GRID = {"svc__C": [1.0, 10.0, 100.0], "svc__gamma": [2.0**-13, 2.0**-11, 2.0**-9]}  # around 1 / 686
FOLDS = 3
_MIN_IMAGES = 2 * FOLDS


def ats_detect(images: np.ndarray, embed: Callable[[np.ndarray, int], np.ndarray], *, seed: int) -> np.ndarray:
    """Says of each unknown picture whether a message was embedded in it before, by artificial training sets (ATS).

    An analyst who has no covers to learn from makes training sets of the unknown pictures themselves, by embedding
    again:

        the pictures        embedded once       embedded twice
        A: cover, stego     stego, double       B: double, triple

    A picture of A holds at most one message, one of B at least two, so the two sets are labelled without knowing
    anything about A. A classifier of A against B is then asked about the pictures embedded once: one that lies with A
    is a stego, so its picture was a cover; one that lies with B is a double stego, so its picture was a stego.

    The logic needs that each message adds to the one before. It fails where a second embedding hides the first, as
    least significant bits at 1 bit per pixel do, and says little of a set that is all cover or all stego.

    Args:
      images: uint8 `[n, height, width, channels]`, at least 6; the unknown pictures.
      embed: `embed(images, seed) -> images`, what the attacker believes was used, with messages of his own.
      seed: of the two embeddings and of the folds.

    Returns:
      bool `[n]`, True for stego.

    Raises:
      ValueError: too few pictures, or an `embed` that changes their shape or type.
      ImportError: scikit-learn is not installed.

    Paper: Lerch-Hostalot and Megias 2016. A support vector machine with a Gaussian kernel on SPAM features, C and
    gamma by cross-validation, where a picture and its embedding are never on both sides. The features are this
    library's choice: few enough for pictures of 32 pixels; richer models see more in large ones.
    """
    if len(images) < _MIN_IMAGES:
        raise ValueError(f"`images` must hold at least {_MIN_IMAGES} pictures, got {len(images)}. Gather more of them.")
    first, second, folds = (int(state) for state in np.random.SeedSequence(seed).generate_state(3))
    once = _embedded(embed, images, first)
    twice = _embedded(embed, once, second)
    machine = trained_detector(spam_features(images), spam_features(twice), folds)
    return machine.predict(spam_features(once)) == 1


def detection_rate(predicted: np.ndarray, truth: np.ndarray) -> float:
    """The share of pictures, with and without a message, that were told rightly; 1/2 by chance where there are as many.

    Args:
      predicted: bool `[n]`, True for stego.
      truth: bool `[n]`.

    Returns:
      In [0, 1].

    Raises:
      ValueError: shapes that differ, or nothing to count.
    """
    predicted, truth = np.asarray(predicted, bool), np.asarray(truth, bool)
    if predicted.shape != truth.shape or predicted.ndim != 1 or not predicted.size:
        raise ValueError(
            f"`predicted` and `truth` must be [n], one a picture, got {list(predicted.shape)} and {list(truth.shape)}. "
            "Give both for the same pictures."
        )
    return float(np.mean(predicted == truth))


def _embedded(embed: Callable[[np.ndarray, int], np.ndarray], images: np.ndarray, seed: int) -> np.ndarray:
    found = np.asarray(embed(images, seed))
    if found.dtype != np.uint8 or found.shape != images.shape:
        raise ValueError(
            f"`embed` must return uint8 {list(images.shape)}, as it was given, got {found.dtype} {list(found.shape)}. "
            "Round and clip its answers."
        )
    return found


def trained_detector(clean: np.ndarray, stego: np.ndarray, seed: int) -> Any:
    """Trains a support vector machine on examples.

    Args:
      clean: SPAM features `[n, 686]` of pictures without a message.
      stego: SPAM features `[n, 686]` of the same pictures, row for row, with a message in each.
      seed: of the folds of the cross-validation.

    Returns:
      A scikit-learn estimator whose `predict` gives 1 for features of a picture with a message, and else 0.

    Raises:
      ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.model_selection import GridSearchCV, GroupKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC
    except ImportError as error:
        raise ImportError("`ats_detect` needs scikit-learn. Install it: pip install tfwm[stego]") from error
    pictures = np.random.default_rng(seed).permutation(len(clean))
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC(kernel="rbf")), GRID, cv=GroupKFold(FOLDS))
    labels = np.repeat([0, 1], len(clean))
    return search.fit(np.concatenate([clean, stego]), labels, groups=np.tile(pictures, 2))
