"""The trainers against the same step written out, and what they draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme
from tfwm.data import sample_logo
from tfwm.schemes.deep_watermarking import DeepWatermarking, losses
from tfwm.schemes.deep_watermarking.networks import Networks, build, code_map
from tfwm.schemes.deep_watermarking.settings import Distortions
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, Marker, ProxyTrainer
from tfwm.suspects import as_float

pytestmark = pytest.mark.trains

PLAIN = smallest_scheme(distortions=Distortions(), clean_stride=1, clean_outputs=False)
MARK = as_float(sample_logo(16))
SEEDS = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (4, 2)))


def _batch(size: int = 16) -> dict[str, tf.Tensor]:
    pairs = coarse_pairs(4, size)
    return {"inputs": as_float(pairs.inputs), "outputs": tf.constant(as_float(pairs.targets)), "seed": SEEDS}


def _frozen(make: type, settings: DeepWatermarking) -> tuple[keras.Model, Networks]:
    """A trainer whose steps change nothing, so that its figures can be computed again."""
    built = build(settings, 3)
    trainer = make(settings, built, MARK)
    trainer.compile(**{name: keras.optimizers.SGD(0.0) for name in trainer.trained})
    return trainer, built


def _mean(values: tf.Tensor) -> float:
    return float(tf.reduce_mean(values))


def test_the_initial_stage_is_eq_4() -> None:
    s = replace(PLAIN, extracting_weight=3.0, adversarial_weight=0.5)
    trainer, built = _frozen(InitialTrainer, s)
    batch = _batch()
    figures = {name: float(value) for name, value in trainer.train_step(batch).items()}
    codes, b = trainer.marker.codes(SEEDS), batch["outputs"]
    carried = tf.concat([code_map(codes, 16), tf.tile(MARK[None], [4, 1, 1, 1])], axis=-1)
    marked = built.embedder(tf.concat([b, carried], axis=-1), training=True)
    pixel = tf.reduce_mean(tf.square(marked - b))
    fooling = _mean(losses.adversarial_loss(built.discriminator(marked), "log"))
    image, logits = built.extractor(marked)
    of_a, of_b = built.extractor(batch["inputs"])[0], built.extractor(b)[0]
    extracting = (
        s.reconstruction_weight * _mean(tf.square(image - MARK))
        + s.clean_weight * (_mean(tf.square(of_a - 1.0)) + _mean(tf.square(of_b - 1.0)))
        + s.consistency_weight * _mean(tf.square(image[::2] - image[1::2]))
        + s.code_weight * _mean(tf.math.softplus(-tf.reshape(codes, logits.shape) * logits))
    )
    expected = s.pixel_weight * float(pixel) + 0.5 * fooling + 3.0 * extracting
    assert figures["loss"] == pytest.approx(expected, rel=1e-4)
    assert figures["adversarial"] == pytest.approx(fooling, rel=1e-4)


def test_perceptual_features_join_where_they_are_given() -> None:
    trainer, _ = _frozen(InitialTrainer, replace(PLAIN, perceptual_weight=0.0))
    without = float(trainer.train_step(_batch())["loss"])
    built = build(PLAIN, 3)
    built.features = lambda images: 10.0 * images
    trainer = InitialTrainer(replace(PLAIN, perceptual_weight=2.0), built, MARK)
    trainer.compile(**{name: keras.optimizers.SGD(0.0) for name in trainer.trained})
    figures = trainer.train_step(_batch())
    marked = trainer.marker.embed(_batch()["outputs"], trainer.marker.codes(SEEDS), training=True)
    # Features are ten times the image: 2 * 100 * the pixel loss on top.
    extra = 200.0 * _mean(losses.pixel_loss(marked, _batch()["outputs"]))
    assert float(figures["loss"]) == pytest.approx(without + extra, rel=1e-4)


def test_r_may_have_a_rate_of_its_own_and_learns_the_same() -> None:
    weights = []
    for patience in (0, 8):
        settings = replace(PLAIN, extractor_patience=patience)
        built = build(settings, 3)
        trainer = InitialTrainer(settings, built, MARK)
        trainer.compile(**{name: settings.initial.optimizer() for name in trainer.trained})
        for _ in range(2):
            trainer.train_step(_batch())
        weights.append([w for network in (built.embedder, built.extractor) for w in network.get_weights()])
        assert len(trainer.trained) == 3 if patience else 2
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    # H waits as the schedule says and R for eight epochs, both for the loss; D for its own.
    assert [(watch.figure, watch.patience) for watch in trainer.plateaus] == [
        ("loss", 0), ("loss", 8), ("discriminator", 0),
    ]  # fmt: skip
    assert {name for watch in trainer.plateaus for name in watch.optimizers} == set(trainer.trained)


@pytest.mark.parametrize("make", [InitialTrainer, AdversarialTrainer])
@pytest.mark.parametrize("at_once", [2, 5])
def test_r_may_see_few_images_at_once_and_learns_the_same(make: type, at_once: int) -> None:
    """Twelve or sixteen images a step, in parts of two and of five: the weights after two steps are the same."""
    learnt = []
    for parts in (0, at_once):
        built = build(PLAIN, 3)
        trainer = make(PLAIN, built, MARK, parts)
        trainer.compile(**{name: keras.optimizers.SGD(0.05) for name in trainer.trained})
        before = [w.copy() for w in built.extractor.get_weights()]
        step = tf.function(trainer.train_step)
        for _ in range(2):
            step(_batch())
        networks = (built.embedder, built.extractor, built.discriminator, built.classifier)
        learnt.append([w for network in networks for w in network.get_weights()])
        assert max(np.abs(old - new).max() for old, new in zip(before, built.extractor.get_weights())) > 1e-3
    for one, two in zip(*learnt, strict=True):
        np.testing.assert_allclose(two, one, atol=2e-5)


def test_what_is_judged_on_is_not_trained_on() -> None:
    # The paper's form: H has batch statistics, and in use those that it has gathered.
    settings = replace(
        PLAIN, coded=False, residual_scale=0.0, embedder_normalization="batch", controls=4, alpha=0.2
    )  # fmt: skip
    for make in (InitialTrainer, ProxyTrainer, AdversarialTrainer):
        trainer, built = _frozen(make, settings)
        networks = (built.embedder, built.extractor, built.proxy, built.classifier, built.discriminator)
        before = [w.copy() for network in networks for w in network.get_weights()]
        marked = trainer.marker.embed(_batch()["outputs"], None, training=False)
        judged = {name: float(value) for name, value in trainer.test_step(_batch()).items()}
        for old, new in zip(before, [w for network in networks for w in network.get_weights()], strict=True):
            np.testing.assert_array_equal(old, new)
        trainer.reset_metrics()
        if make is InitialTrainer:
            error = np.mean(np.square(marked - _batch()["outputs"]), axis=(1, 2, 3))
            assert judged["psnr"] == pytest.approx(float(np.mean(-10 * np.log10(error))), rel=1e-4)
        assert set(judged) == set(trainer.train_step(_batch()))


@pytest.mark.parametrize("step, weight", [(0, 0.2), (10, 0.2), (15, 0.6), (20, 1.0), (99, 1.0)])
def test_the_ramp_of_the_fidelity(step: int, weight: float) -> None:
    # From 0.2 at step 10 to 1 at step 20: halfway 0.6.
    trainer, _ = _frozen(InitialTrainer, replace(PLAIN, ramp_start=10, ramp_end=20, ramp_floor=0.2))
    trainer.optimizer.iterations.assign(step)
    assert float(trainer.fidelity_weight()) == pytest.approx(weight)


def test_the_discriminator_and_h_have_optimizers_of_their_own() -> None:
    # At 16 x 16 D has one patch, which its instance norm turns into zero: nothing to learn from.
    settings = replace(PLAIN, image_size=32)
    built = build(settings, 3)
    trainer = InitialTrainer(settings, built, as_float(sample_logo(32)))
    trainer.compile(keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(1.0))
    before = [[w.copy() for w in network.get_weights()] for network in (built.embedder, built.extractor)]
    judge = [w.copy() for w in built.discriminator.get_weights()]
    trainer.train_step(_batch(32))
    for network, weights in zip((built.embedder, built.extractor), before):
        np.testing.assert_array_equal(np.concatenate([w.ravel() for w in network.get_weights()]),
                                      np.concatenate([w.ravel() for w in weights]))  # fmt: skip
    assert any(np.abs(new - old).max() > 0 for new, old in zip(built.discriminator.get_weights(), judge))
    main = {id(v) for v in trainer.trained["optimizer"]}
    assert main.isdisjoint(id(v) for v in built.discriminator.trainable_variables)
    assert len(main) == len(built.embedder.trainable_variables) + len(built.extractor.trainable_variables)


def test_the_proxy_imitates_marked_outputs_from_inputs() -> None:
    trainer, built = _frozen(ProxyTrainer, PLAIN)
    batch = _batch()
    codes = trainer.marker.codes(SEEDS)
    imitated = built.proxy(tf.concat([batch["inputs"], code_map(codes, 16)], axis=-1), training=True)
    marked = trainer.marker.embed(batch["outputs"], codes, training=False)
    assert float(trainer.train_step(batch)["loss"]) == pytest.approx(_mean(tf.square(imitated - marked)), rel=1e-4)


def test_the_papers_proxy_is_told_nothing_and_draws_whole_images() -> None:
    settings = replace(PLAIN, coded=False, proxy_form="plain", controls=4, alpha=0.2)
    trainer, built = _frozen(ProxyTrainer, settings)
    batch = _batch()
    assert built.proxy.input_shape[-1] == 3
    imitated = built.proxy(batch["inputs"], training=True)
    assert 0.0 <= float(tf.reduce_min(imitated)) <= float(tf.reduce_max(imitated)) <= 1.0
    marked = trainer.marker.embed(batch["outputs"], None, training=False)
    assert float(trainer.train_step(batch)["loss"]) == pytest.approx(_mean(tf.square(imitated - marked)), rel=1e-4)
    adversarial, _ = _frozen(AdversarialTrainer, settings)
    assert np.isfinite(float(adversarial.train_step(batch)["proxy_nc"]))
    assert DeepWatermarking.paper().proxy_form == DeepWatermarking.reference().proxy_form == "plain"


@pytest.mark.parametrize("changes", [{}, {"coded": False, "clean_outputs": True, "controls": 4, "alpha": 0.2}])
def test_a_proxy_that_must_be_told_something_is_conditioned(changes: dict) -> None:
    with pytest.raises(ValueError, match="`proxy_form` must be conditioned for a coded mark and for `clean_outputs`"):
        replace(PLAIN, proxy_form="plain", **changes)


def test_the_classifier_does_not_pull_r() -> None:
    """eq. 14 alone (all other weights 0) leaves R as it is and moves C."""
    silent = replace(PLAIN, reconstruction_weight=0.0, clean_weight=0.0, consistency_weight=0.0, code_weight=1e-30)
    built = build(silent, 3)
    trainer = AdversarialTrainer(silent, built, MARK)
    trainer.compile(keras.optimizers.SGD(1.0))
    extractor = [w.copy() for w in built.extractor.get_weights()]
    classifier = [w.copy() for w in built.classifier.get_weights()]
    trainer.train_step(_batch())
    assert max(np.abs(old - new).max() for old, new in zip(extractor, built.extractor.get_weights())) < 1e-25
    assert any(np.abs(old - new).max() > 1e-4 for old, new in zip(classifier, built.classifier.get_weights()))


def test_the_adversarial_stage_leaves_h_and_the_proxy_alone() -> None:
    settings = smallest_scheme(clean_stride=2)
    built = build(settings, 3)
    trainer = AdversarialTrainer(settings, built, MARK)
    trainer.compile(keras.optimizers.SGD(1.0))
    before = [w.copy() for network in (built.embedder, built.proxy) for w in network.get_weights()]
    trainer.train_step(_batch())
    after = [w for network in (built.embedder, built.proxy) for w in network.get_weights()]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_pairs_share_a_code_and_batches_do_not() -> None:
    marker = Marker(PLAIN, None, MARK)
    seeds = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (400, 2)))
    codes = marker.codes(seeds).numpy()
    assert codes.shape == (400, 4)
    np.testing.assert_array_equal(codes[::2], codes[1::2])
    # 16 codes of four bits, 200 pairs: each comes 12.5 times on average.
    assert len(np.unique(codes, axis=0)) == 16
    assert Marker(replace(PLAIN, coded=False, controls=4, alpha=0.2), None, MARK).codes(seeds) is None
    chosen = marker.chosen(seeds).numpy().ravel()
    np.testing.assert_array_equal(chosen[::2], chosen[1::2])
    assert set(chosen) == {0.0, 1.0}
    assert chosen.mean() == pytest.approx(0.5, abs=0.12)
