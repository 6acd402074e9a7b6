"""Without the adversarial stage: C learns on what R extracts, and H and R stay as the initial stage made them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme, smoothing_host
from tfwm.data import sample_logo
from tfwm.keys import new_secret
from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.classifier_trainer import ClassifierTrainer
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.settings import Distortions
from tfwm.suspects import as_float
from tfwm.training import Run

pytestmark = pytest.mark.trains

PLAIN = smallest_scheme(distortions=Distortions(), clean_stride=1, clean_outputs=False, adversarial_stage=False)


def test_one_step_is_eq_14_and_changes_c_alone() -> None:
    built, mark = build(PLAIN, 3), as_float(sample_logo(16))
    trainer = ClassifierTrainer(PLAIN, built, mark)
    trainer.compile(keras.optimizers.SGD(1.0))
    kept = [w.copy() for network in (built.embedder, built.extractor) for w in network.get_weights()]
    judge = [w.copy() for w in built.classifier.get_weights()]
    pairs = coarse_pairs(4, 16)
    seeds = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (4, 2)))
    batch = {"inputs": as_float(pairs.inputs), "outputs": tf.constant(as_float(pairs.targets)), "seed": seeds}
    marked = trainer.marker.embed(batch["outputs"], trainer.marker.codes(seeds), training=False)
    logits = [built.classifier(built.extractor(images)[0]) for images in (marked, batch["inputs"], batch["outputs"])]
    # -log sigmoid(x) where it was marked, -log(1 - sigmoid(x)) where it was not: softplus of -x and of x.
    wanted = np.mean(np.concatenate([tf.math.softplus(-logits[0]), tf.math.softplus(tf.concat(logits[1:], 0))]))
    figures = trainer.train_step(batch)
    assert float(figures["loss"]) == pytest.approx(float(wanted), rel=1e-4)
    found = float(tf.reduce_mean(losses.correlation(built.extractor(marked)[0], mark)))
    assert float(figures["nc"]) == pytest.approx(found, rel=1e-4)
    now = [w for network in (built.embedder, built.extractor) for w in network.get_weights()]
    for before, after in zip(kept, now, strict=True):
        np.testing.assert_array_equal(before, after)
    assert any(np.abs(before - after).max() > 0 for before, after in zip(judge, built.classifier.get_weights()))


def test_h_is_that_of_a_training_with_the_adversarial_stage(tmp_path) -> None:
    pairs, secret = coarse_pairs(40, 16), new_secret(5)
    made = [
        replace(PLAIN, adversarial_stage=stage).train(
            smoothing_host(), pairs, Run(tmp_path / str(stage), quiet=True), secret=secret
        )
        for stage in (False, True)
    ]  # fmt: skip
    stages = [list(dict.fromkeys(line["stage"] for line in one.history)) for one in made]
    assert stages == [["initial", "classifier"], ["initial", "proxy", "adversarial"]]
    first, second = ([line for line in one.history if line["stage"] == "initial"] for one in made)
    assert [line["psnr"] for line in first] == pytest.approx([line["psnr"] for line in second], abs=1e-3)
    changed = [one.key.networks["extractor"].get_weights() for one in made]
    assert any(np.abs(before - after).max() > 1e-6 for before, after in zip(*changed, strict=True))
