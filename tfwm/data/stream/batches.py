"""The training stream: batch t is a pure function of seed and t, so a training can resume at any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

_ORDER, _SEEDS, _FLIPS = 0, 1, 2  # what is drawn, each independently of the others


def batches(
    arrays: Mapping[str, np.ndarray],
    *,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    steps: int,
    flip: bool = False,
) -> tf.data.Dataset:
    """Batches of aligned arrays, in a new order every epoch, for as many epochs as it takes.

    Args:
      arrays: name -> `[n, ...]`; uint8 images `[n, height, width, channels]` leave as float32 in [0, 1], all
        other arrays (labels, codes, float images) as they are.
      batch_size: of the global batch; examples that would not fill the last batch of an epoch are left out of it.
      seed: of the order, of the mirroring and of the "seed" in every batch.
      start_step: number of the first batch; from there on the stream is the one that starts at 0.
      steps: how many batches to give.
      flip: mirrors half of the examples from left to right, in all four-dimensional arrays alike.

    Returns:
      Dicts of `[batch_size, ...]` tensors, with "seed": int64 `[batch_size, 2]` for stateless draws.
      Under a tf.distribute strategy every replica gets its share of the same global batch.

    Raises:
      ValueError: arrays of unequal lengths or one called `seed`, a batch that is larger than the data, or a negative
        step.
    """
    examples = _checked_length(arrays, batch_size, start_step, steps)
    gather = _gatherer({name: np.asarray(array) for name, array in arrays.items()}, batch_size)

    def batch(step: tf.Tensor, chosen: tf.Tensor) -> dict[str, tf.Tensor]:
        mirror = _draw(seed, _FLIPS, step, [batch_size]) < 0 if flip else None
        values = {name: _prepared(tensor, mirror) for name, tensor in gather(chosen).items()}
        return {**values, "seed": _draw(seed, _SEEDS, step, [batch_size, 2])}

    order = _order(examples // batch_size, examples, batch_size, seed, start_step)
    stream = tf.data.Dataset.zip((tf.data.Dataset.range(start_step, start_step + steps), order))
    stream = stream.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    stream = stream.apply(tf.data.experimental.assert_cardinality(steps))
    options = tf.data.Options()
    options.deterministic = True
    # There are no files to share out: every worker takes its slices of each global batch.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return stream.with_options(options).prefetch(tf.data.AUTOTUNE)


def _order(per_epoch: int, examples: int, batch_size: int, seed: int, start_step: int) -> tf.data.Dataset:
    """The numbers of the examples in each batch: pieces of one permutation for each epoch, without end."""
    first_epoch, done = divmod(start_step, per_epoch)

    def pieces(epoch: tf.Tensor) -> tf.data.Dataset:
        # Sorting random keys: tf.random.experimental.index_shuffle gave only 256 different orders.
        order = tf.argsort(_draw(seed, _ORDER, epoch, [examples]))
        return tf.data.Dataset.from_tensor_slices(tf.reshape(order[: per_epoch * batch_size], [per_epoch, batch_size]))

    return tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(pieces).skip(done)


def _gatherer(arrays: dict[str, np.ndarray], batch_size: int) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """What takes the chosen examples from the arrays, in numpy: a dataset copies tensors, and bears 2 GiB at most."""

    def look_up(chosen: np.ndarray) -> list[np.ndarray]:
        return [array[chosen] for array in arrays.values()]

    def gather(chosen: tf.Tensor) -> dict[str, tf.Tensor]:
        types = [tf.as_dtype(array.dtype) for array in arrays.values()]
        values = tf.numpy_function(look_up, [chosen], types, stateful=False)
        for value, array in zip(values, arrays.values()):
            value.set_shape([batch_size, *array.shape[1:]])
        return dict(zip(arrays, values))

    return gather


def _draw(seed: int, purpose: int, count: tf.Tensor, shape: list[int]) -> tf.Tensor:
    key = tf.random.experimental.stateless_fold_in(tf.constant([seed, purpose], tf.int64), count)
    return tf.random.stateless_uniform(shape, key, minval=None, maxval=None, dtype=tf.int64)


def _prepared(values: tf.Tensor, mirror: tf.Tensor | None) -> tf.Tensor:
    """Images as float in [0, 1], mirrored where `mirror` says so; other arrays as they are."""
    if values.shape.rank != 4:
        return values
    if values.dtype == tf.uint8:
        values = tf.cast(values, tf.float32) / 255.0
    if mirror is not None:
        values = tf.where(mirror[:, None, None, None], tf.reverse(values, axis=[2]), values)
    return values


def _checked_length(arrays: Mapping[str, np.ndarray], batch_size: int, start_step: int, steps: int) -> int:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or "seed" in arrays:
        raise ValueError(
            f"`arrays` must hold arrays of one length, none of them called `seed`, got lengths {lengths}. "
            "Align them first."
        )
    examples = next(iter(lengths.values()))
    if not 1 <= batch_size <= examples:
        raise ValueError(
            f"`batch_size` must be from 1 to the number of examples, {examples}, got {batch_size}. "
            "Use a smaller batch or more data."
        )
    if start_step < 0 or steps < 0:
        raise ValueError(f"`start_step` and `steps` must not be negative, got {start_step} and {steps}.")
    return examples
