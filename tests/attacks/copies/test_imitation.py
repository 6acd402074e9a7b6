"""One step of the thief's trainer, on one replica and on two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.attacks.toys import grey_pairs, patches
from tfwm.attacks import Surrogate
from tfwm.attacks.copies.imitation import Imitator, imitator
from tfwm.attacks.copies.losses import LOSSES, content_loss
from tfwm.data.stream.batches import batches
from tfwm.data.stream.draws import noisy
from tfwm.suspects.trivial import echo
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

INPUTS, ANSWERS = patches(4, seed=1), patches(4, seed=2)


def _stepped(attack: Surrogate, strategy: str, folder: Path) -> tuple[list[np.ndarray], dict[str, float]]:
    """Weights and scalars after one step of plain descent, whose result is the gradient itself."""
    run = Run(folder, strategy=strategy, quiet=True)
    with run.scope() as scope:
        assert scope.num_replicas_in_sync == (2 if strategy == "mirrored" else 1)
        network = attack.build(3, seed=5)
        trainer = imitator(network, attack.loss, width=4, seed=6, vgg_weights=attack.vgg_weights)
        trainer.compile(**{name: keras.optimizers.SGD(0.1) for name in trainer.trained})
        stream = batches({"inputs": INPUTS, "answers": ANSWERS}, batch_size=4, seed=0, steps=1)
        history = trainer.fit(stream, steps_per_epoch=1, verbose=0).history
    weights = network.get_weights() + (trainer.discriminator.get_weights() if trainer.discriminator else [])
    return weights, {name: values[0] for name, values in history.items()}


@pytest.mark.parametrize(
    "attack",
    # The U-Net has batch statistics to share; the others have no state but their weights.
    [Surrogate("unet" if loss == "l2" else "plain_cnn", loss, filters=4, downs=2, blocks=2) for loss in LOSSES],
    ids=repr,
)
def test_two_replicas_take_the_step_of_one(attack, tmp_path, vgg_file) -> None:
    if "perceptual" in attack.loss:
        attack = Surrogate(attack.network, attack.loss, attack.filters, blocks=2, vgg_weights=vgg_file)
    one, figures = _stepped(attack, "default", tmp_path)
    two, same = _stepped(attack, "mirrored", tmp_path)
    start = attack.build(3, seed=5).get_weights()
    assert max(np.abs(old - new).max() for old, new in zip(start, one)) > 1e-5
    for first, second in zip(one, two, strict=True):
        np.testing.assert_allclose(first, second, atol=2e-6, rtol=1e-4)
    assert figures == pytest.approx(same, rel=1e-4)


def test_the_step_by_hand() -> None:
    """One weight w = 1, output w x: L1 against answers above it, so dL/dw = -mean(x)."""
    image = keras.Input((1, 1, 1))
    layer = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")
    trainer = Imitator(keras.Model(image, layer(image)), content_loss("l1"))
    trainer.compile(keras.optimizers.SGD(1.0))
    inputs = np.array([0.2, 0.4], np.float32).reshape(2, 1, 1, 1)
    stream = tf.data.Dataset.from_tensors({"inputs": inputs, "answers": inputs + 0.5})
    history = trainer.fit(stream, verbose=0).history
    # mean(0.2, 0.4) = 0.3: w becomes 1.3; the loss before the step is 0.5.
    assert float(np.ravel(layer.kernel.numpy())[0]) == pytest.approx(1.3, abs=1e-6)
    assert history["loss"] == pytest.approx([0.5], abs=1e-6)


def test_the_discriminator_learns_to_tell_and_the_network_hears_it() -> None:
    network = Surrogate("plain_cnn", filters=4, blocks=2).build(3, seed=5)
    trainer = imitator(network, "l1+adversarial", width=4, seed=6)
    trainer.compile(keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.Adam(3e-3))
    schedule = batches({"inputs": INPUTS, "answers": 255 - ANSWERS // 4}, batch_size=4, seed=0, steps=12)
    history = trainer.fit(schedule, epochs=2, steps_per_epoch=6, verbose=0).history
    assert history["discriminator"][1] < history["discriminator"][0]
    for loss, content, adversarial in zip(history["loss"], history["content"], history["adversarial"]):
        assert loss == pytest.approx(content + 0.005 * adversarial, rel=1e-5)


def test_mixed_precision_takes_a_finite_step(tmp_path) -> None:
    attack = Surrogate("plain_cnn", "l1+adversarial", 4, blocks=2, schedule=Schedule(1, 2, 4, decay="constant"))
    run = Run(tmp_path, precision="mixed_bfloat16", quiet=True)
    stolen = attack(echo(), ImagePairs(INPUTS, ANSWERS), run)
    answers = stolen(INPUTS)
    assert answers.dtype == np.float32
    assert np.isfinite(answers).all()
    assert keras.mixed_precision.global_policy().name == "float32"


def test_noise_comes_before_the_network_and_not_before_the_answer(run) -> None:
    pairs = grey_pairs()
    # A network that answers with its input: its error is the noise that was drawn for this batch.
    image = keras.Input((16, 16, 1))
    network = keras.Model(image, keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(image))
    trainer = imitator(network, "l2", width=4, seed=0, sigma=25.0)
    trainer.compile(keras.optimizers.SGD(0.0))
    stream = batches({"inputs": pairs.inputs, "answers": pairs.targets}, batch_size=8, seed=7, steps=1)
    loss = trainer.fit(stream, verbose=0).history["loss"][0]
    (batch,) = stream
    expected = np.mean((noisy(batch["inputs"], batch["seed"], 25.0) - batch["inputs"]) ** 2)
    assert loss == pytest.approx(float(expected), rel=1e-5)
    # 2,048 draws: the standard error of the variance is 3 %.
    assert loss == pytest.approx((25 / 255) ** 2, rel=0.12)
