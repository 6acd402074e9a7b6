"""A network of the thief's own in the place of an extractor that he can only ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.attacks.thief import thief_seed
from tfwm.networks import ceilnet
from tfwm.networks.resampling import Resample
from tfwm.training import NetworkTrainer, Run, Schedule, descend, fit, mean_over_batch, scaled, stream_of

READING = "reading_{}"


def reading_names(count: int) -> list[str]:
    """Under which names the maps of a reading lie in a batch."""
    return [READING.format(index) for index in range(count)]


def proxy_network(channels: int, maps: Sequence[tuple[int, ...]], *, filters: int, seed: int) -> keras.Model:
    """An untrained network of the published extractor's architecture, which gives maps of the sizes that are asked for.

    The thief knows the algorithm, and a sealed export shows the operations: what he lacks is the weights.

    Args:
      channels: of the pictures, which may be of any size.
      maps: (rows, columns, channels) of each: a square picture of even sides, and perhaps a smaller map of one channel.
      filters: width of every layer.
      seed: of the initial weights.

    Raises:
      ValueError: other maps.
    """
    picture = max(range(len(maps)), key=lambda index: maps[index][0])
    others = [index for index in range(len(maps)) if index != picture]
    if len(others) > 1 or any(maps[index][-1] != 1 for index in others):
        raise ValueError(
            "`maps` must be a picture and at most one smaller map of one channel, got "
            f'{[tuple(shape) for shape in maps]}. Use through="gradients".'
        )
    side, cells = maps[picture][0], maps[others[0]][0] if others else 0
    inner = ceilnet(
        (side, side, channels), maps[picture][-1], channels=filters, blocks=4, code_cells=cells,
        decoder_normalization=False, seed=seed, name="inner",
    )  # fmt: skip
    image = keras.Input((None, None, channels))
    outputs = dict(zip([picture, *others], tf.nest.flatten(inner(Resample(side)(image)))))
    return keras.Model(image, [outputs[index] for index in range(len(maps))], name="proxy")


class ProxyTrainer(NetworkTrainer):
    """Teaches a network what an oracle read in pictures; every map counts alike, whatever its scale.

    Args:
      network: from `proxy_network`.
      scales: the variance of each map over the pictures.
    """

    def __init__(self, network: keras.Model, scales: Sequence[float]):
        super().__init__(network, ("loss",))
        self._scales = list(scales)

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on `{"pictures"}` and what was read in them."""
        wanted = [batch[name] for name in reading_names(len(self._scales))]
        with tf.GradientTape() as tape:
            given = tf.nest.flatten(self.network(batch["pictures"], training=True))
            loss = reading_error(given, wanted, self._scales)
            objective = scaled(self.optimizer, mean_over_batch(loss))
        descend(self.optimizer, tape, objective, self.network.trainable_variables)
        return self.record({"loss": loss})


def reading_error(given: Sequence[tf.Tensor], wanted: Sequence[tf.Tensor], scales: Sequence[float]) -> tf.Tensor:
    """The mean squared error of maps, each by its scale, averaged over the maps: `[n]`.

    Args:
      given: maps `[n, rows, columns, channels]`.
      wanted: the same shapes.
      scales: squared, one for each map; above 0.
    """
    errors = [
        tf.reduce_mean(tf.square(one - other), axis=[1, 2, 3]) / scale
        for one, other, scale in zip(given, wanted, scales, strict=True)
    ]
    return tf.add_n(errors) / len(errors)


def mixtures(answers: np.ndarray, clean: np.ndarray, seed: int) -> np.ndarray:
    """Pictures to ask an oracle about: with the mark, without it, and with it weakened, inverted, under noise.

    A remover moves answers along these directions, so that a proxy must know what the extractor says there.

    Args:
      answers: the suspect's, uint8 `[n, h, w, c]`.
      clean: the thief's own pictures that they belong to, uint8 of the same shape.
      seed: of the shares and of the noise.

    Returns:
      uint8 `[4 n, h, w, c]`.
    """
    draw = np.random.default_rng(seed)
    marked, plain = answers.astype(np.float32), clean.astype(np.float32)
    share = draw.uniform(-1.0, 1.0, (2, len(answers), 1, 1, 1)).astype(np.float32)
    noise = draw.normal(0.0, 4.0, (2, *answers.shape)).astype(np.float32)
    parts = [marked, plain, plain + share[0] * (marked - plain) + noise[0], marked + 2.0 * noise[1]]
    return np.concatenate(parts).clip(0, 255).round().astype(np.uint8)


def trained_proxy(
    ask: Callable[[np.ndarray], list[np.ndarray]], pictures: np.ndarray, schedule: Schedule, run: Run, *,
    filters: int, digest: str,
) -> keras.Model:  # fmt: skip
    """Asks an oracle about pictures and trains a proxy on its answers, resuming after a kill; inside `run.scope()`.

    Args:
      ask: gives the maps of pictures.
      pictures: uint8 `[n, h, w, c]`.
      schedule: already scaled.
      run: the thief's machine.
      filters: width of the proxy's layers.
      digest: of everything that the result depends on.
    """
    readings = ask(pictures)
    maps = [reading.shape[1:] for reading in readings]
    network = proxy_network(pictures.shape[-1], maps, filters=filters, seed=thief_seed(run.seed + 2))
    trainer = ProxyTrainer(network, [max(float(reading.var()), 1e-6) for reading in readings])
    trainer.compile(schedule.optimizer(), jit_compile=run.jit)
    arrays = {"pictures": pictures, **dict(zip(reading_names(len(readings)), readings))}
    stream = stream_of(arrays, batch_size=schedule.batch_size, seed=thief_seed(run.seed + 3))
    fit(trainer, stream, schedule, run, stage="proxy", digest=digest)
    return network
