"""The arithmetic that all trainers share: means over replicas, scaled losses, PSNR, and how optimizers are set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

import tfwm
from tfwm.networks import FusedAdam
from tfwm.training import (
    Metered,
    NetworkTrainer,
    Run,
    Schedule,
    batch_psnr,
    descend,
    descend_together,
    mean_over_batch,
    psnr_of,
    scaled,
)  # fmt: skip


def test_mean_over_batch_divides_by_the_global_batch(tmp_path: Path) -> None:
    with Run(tmp_path, strategy="mirrored").scope() as strategy:
        parts = strategy.run(lambda: mean_over_batch(tf.constant([1.0, 3.0])))
    # Each of two replicas holds half of a global batch of four: (1 + 3) / 4.
    np.testing.assert_allclose([float(part) for part in parts.values], [1.0, 1.0])


def test_mixed_float16_scales_the_loss_and_the_gradients_back(tmp_path: Path) -> None:
    with Run(tmp_path, precision="mixed_float16").scope():
        optimizer = Schedule(1, 1, 2, 0.1, "constant").optimizer()
    assert isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
    weight = tf.Variable(3.0)
    optimizer.build([weight])
    with tf.GradientTape() as tape:
        loss = tf.square(weight - 1.0)
        larger = scaled(optimizer, loss)
    assert float(larger) == float(loss) * float(optimizer.loss_scale)
    # Adam's first step is the rate in the gradient's direction, whatever the loss scale.
    with tf.GradientTape() as tape:
        larger = scaled(optimizer, tf.square(weight - 1.0))
    descend(optimizer, tape, larger, [weight])
    assert float(weight) == pytest.approx(2.9, abs=1e-3)


def test_psnr_by_hand() -> None:
    # Errors of 0.1 everywhere: a mean square of 0.01, which is 20 dB; none: 120 dB; 1 everywhere: 0 dB.
    np.testing.assert_allclose(psnr_of(tf.constant([0.01, 0.0, 1.0])), [20.0, 120.0, 0.0], atol=1e-4)
    first = np.stack([np.full((4, 4, 3), 0.6), np.full((4, 4, 3), 0.5)]).astype(np.float32)
    np.testing.assert_allclose(batch_psnr(first, tf.fill([2, 4, 4, 3], 0.5)), [20.0, 120.0], atol=1e-4)


class _Faint(NetworkTrainer):
    """A loss whose gradient is 1e-8, which is nothing in float16: its smallest number is 6e-8."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__(network, ["loss"])

    def train_step(self, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = 1e-8 * tf.reduce_sum(tf.cast(self.network(batch, training=True), tf.float32))
            larger = scaled(self.optimizer, loss)
        descend(self.optimizer, tape, larger, self.network.trainable_variables)
        return self.record({"loss": loss})


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("nested", [False, True])
def test_losses_are_scaled_by_the_policy_of_the_network_that_is_trained(
    policy: str, nested: bool, tmp_path: Path
) -> None:
    """A host built under mixed_float16 keeps that policy where the run's own precision is float32."""
    image = keras.Input((1,))
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype=keras.mixed_precision.Policy(policy))
    network = keras.Model(image, keras.Sequential([dense])(image) if nested else dense(image))
    with Run(tmp_path).scope():
        trainer = _Faint(network)
        trainer.compile(keras.optimizers.SGD(1e6))
    assert isinstance(trainer.optimizer, keras.mixed_precision.LossScaleOptimizer) == (policy == "mixed_float16")
    trainer.fit(tf.data.Dataset.from_tensors(tf.ones([1, 1])), verbose=0)
    # 1 - 1e6 * 1e-8.
    np.testing.assert_allclose(network.get_weights()[0], [[0.99]], atol=1e-4)


class _Rivals(Metered):
    """Two weights, each under an optimizer of its own."""

    def __init__(self) -> None:
        super().__init__(["loss"])
        self.first, self.second = tf.Variable(1.0), tf.Variable(2.0)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        return {"optimizer": [self.first], "second_optimizer": [self.second]}


def test_compiling_builds_every_optimizer_for_its_own_variables() -> None:
    trainer, first, second = _Rivals(), keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.2)
    trainer.compile(first, second_optimizer=second, jit_compile=True)
    assert trainer.optimizer is first
    assert trainer.second_optimizer is second
    assert trainer.jit_compile
    # Iterations, and two moments of one weight.
    assert [len(optimizer.variables) for optimizer in (first, second)] == [3, 3]


def test_an_optimizer_that_is_missing_or_strange_is_named() -> None:
    sgd = keras.optimizers.SGD()
    with pytest.raises(ValueError, match="of _Rivals must be given optimizer, second_optimizer, got optimizer. Name"):
        _Rivals().compile(sgd)
    with pytest.raises(ValueError, match="got optimizer, second_optimizer, third_optimizer"):
        _Rivals().compile(sgd, second_optimizer=sgd, third_optimizer=sgd)
    image = keras.Input((1,))
    trainer = NetworkTrainer(keras.Model(image, keras.layers.Dense(1)(image)), ["loss"])
    with pytest.raises(ValueError, match="of NetworkTrainer must be given optimizer, got optimizer, discriminator_opt"):
        trainer.compile(sgd, discriminator_optimizer=sgd)
    with pytest.raises(NotImplementedError, match="`Metered` must say in `trained` what its optimizers change"):
        Metered(["loss"]).compile(sgd)


def test_figures_are_means_over_examples_and_batches() -> None:
    trainer = Metered(["loss", "rate"])
    trainer.record({"loss": tf.constant([1.0, 2.0, 3.0]), "rate": tf.constant(0.5)})
    figures = trainer.record({"loss": tf.constant([6.0]), "rate": tf.constant(1.5)})
    assert {name: float(value) for name, value in figures.items()} == {"loss": 3.0, "rate": 1.0}
    trainer.reset_metrics()
    assert float(trainer.record({"loss": tf.constant([4.0])})["loss"]) == 4.0


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_two_optimizers_step_down_one_loss(tmp_path: Path, precision: str) -> None:
    first, second, unused = tf.Variable(3.0), tf.Variable(3.0), tf.Variable(7.0)
    with Run(tmp_path, precision=precision).scope():
        optimizers = [Schedule(1, 1, 2, 0.1, "constant").optimizer(), FusedAdam(0.3, beta_1=0.5)]
    if precision == "mixed_float16":
        # With another scale than the first: each changes its own when its gradients overflow.
        optimizers[1] = keras.mixed_precision.LossScaleOptimizer(optimizers[1], initial_scale=8)
    optimizers[0].build([first])
    optimizers[1].build([second, unused])
    with tf.GradientTape() as tape:
        loss = scaled(optimizers[0], tf.square(first - 1.0) + 5.0 * tf.square(second - 1.0))
    descend_together(optimizers, tape, loss, [[first], [second, unused]])
    # Adam's first step is the rate, in the gradient's direction.
    assert [float(weight) for weight in (first, second, unused)] == pytest.approx([2.9, 2.7, 7.0], abs=1e-3)
    if precision == "mixed_float16":
        # The moment is the gradient itself, 10 * (3 - 1), times 1 - beta_1: nobody's scale is left in it.
        moments = [float(v) for v in optimizers[1].inner_optimizer._momentums]
        assert moments == pytest.approx([10.0, 0.0], rel=1e-3)


@pytest.mark.parametrize(
    "part, place",
    [
        ("def compile(", "training/step.py"), ("tf.math.log(10.0)", "training/step.py"),
        ("scaled_loss(", "training/step.py"), ("np.ravel(value)", "networks/copying.py"),
    ],
)  # fmt: skip
def test_what_all_trainers_share_is_written_once(part: str, place: str) -> None:
    package = Path(tfwm.__file__).parent
    found = [str(path.relative_to(package)) for path in package.rglob("*.py") if part in path.read_text("utf-8")]
    assert found == [place], f"{part} is there already, in {place}. Use that one."
