"""What a thief learns who only asks: by all scores, or by the class alone."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks import ExtractClassifier
from tfwm.attacks.copies.extraction import probabilities_of
from tfwm.data.tasks.trial import photograph_patches
from tfwm.suspects import FunctionSuspect
from tfwm.training import Descent, Scores, SupervisedTrainer
from tfwm.types import LabelledImages

pytestmark = pytest.mark.trains

SHORT = Descent(epochs=1, steps_per_epoch=2, batch_size=10, learning_rate=0.05, decay="constant")


def test_scores_become_probabilities_by_hand() -> None:
    # softmax of (log 1, log 3) is (1/4, 3/4); what is a distribution already stays.
    np.testing.assert_allclose(
        probabilities_of(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5, 0.5]], atol=1e-7
    )
    given = np.array([[0.2, 0.8], [1.0, 0.0]])
    np.testing.assert_allclose(probabilities_of(given), given, atol=1e-7)
    np.testing.assert_allclose(probabilities_of(np.array([[np.nan, 1.0], [0.2, 0.8]])), [[0.5, 0.5], [0.2, 0.8]])
    with pytest.raises(ValueError, match=r"must answer with scores \[n, classes\].* got \[3\]. Use answers="):
        probabilities_of(np.array([1, 2, 3]))


def test_the_loss_is_cross_entropy_against_all_scores_by_hand() -> None:
    # Two logits that are 0: -(1/4) log(1/2) - (3/4) log(1/2) = log 2, whatever the scores.
    image = keras.Input((2, 2, 1))
    logits = keras.layers.Dense(2, kernel_initializer="zeros")(keras.layers.Flatten()(image))
    trainer = SupervisedTrainer(keras.Model(image, logits), Scores())
    trainer.compile(keras.optimizers.SGD(1.0))
    batch = {
        "images": tf.ones([2, 2, 2, 1]),
        "answers": tf.constant([[0.25, 0.75]] * 2),
        "seed": tf.zeros([2, 2], tf.int64),
    }
    trainer.run_eagerly = True
    assert float(trainer.train_step(batch)["loss"]) == pytest.approx(np.log(2), abs=1e-6)
    # The slope of the biases is softmax - scores = (1/4, -1/4), and one step of rate 1 goes against it.
    np.testing.assert_allclose(trainer.network.get_weights()[1], [-0.25, 0.25], atol=1e-6)


def test_labels_in_the_data_are_not_used(classifier_suspect, labelled, run) -> None:
    attack = ExtractClassifier("lenet1", 0.5, augment="none", schedule=SHORT)
    shuffled = LabelledImages(labelled.images, labelled.labels[::-1], 10)
    one, other = (attack(classifier_suspect, given, run.child(str(i))) for i, given in enumerate((labelled, shuffled)))
    np.testing.assert_array_equal(one(labelled.images), other(labelled.images))


def test_an_endpoint_that_shows_classes_only(classifier_suspect, labelled, run) -> None:
    def classes(images: np.ndarray) -> np.ndarray:
        return classifier_suspect(images).argmax(axis=1)

    endpoint = FunctionSuspect("classes", classes)
    extracted = ExtractClassifier("lenet1", 0.5, "labels", "none", SHORT)(endpoint, labelled, run)
    assert extracted(labelled.images).shape == (60, 10)
    with pytest.raises(ValueError, match='Use answers="labels"'):
        ExtractClassifier("lenet1", 0.5, "scores", "none", SHORT)(endpoint, labelled, run)


@pytest.mark.parametrize("answers", ["scores", "labels"])
def test_it_learns_what_the_suspect_says_but_for_what_is_no_number(answers: str, marked_classifier, run) -> None:
    def partly(images: np.ndarray) -> np.ndarray:
        scores = marked_classifier(images)
        scores[images.mean(axis=(1, 2, 3)) > 0.8] = np.nan
        return scores

    mine = photograph_patches("attacker", 200, 16, seed=2)
    mine = LabelledImages(np.concatenate([mine.images, np.full((5, 16, 16, 3), 255, np.uint8)]), np.zeros(205, int), 10)
    attack = ExtractClassifier("lenet3", 0.5, answers, "none", Descent(6, 20, 20, 0.05, "cosine"))
    extracted = attack(FunctionSuspect("partly", partly), mine, run)
    fresh = photograph_patches("test", 200, 16, seed=6).images
    assert np.mean(extracted(fresh).argmax(1) == marked_classifier(fresh).argmax(1)) > 0.35
