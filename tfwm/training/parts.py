"""A network that sees few images at once in training, and gives the gradients of all of them together.

What a backward pass needs of a deep network's layers fills the memory of a GPU long before the weights do. Here only
the images are kept: on the way back each part of them goes through the network once more, and the gradients add up.
That takes one more forward pass, and the memory of one part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow import keras


def in_parts(network: keras.Model, at_once: int) -> Callable[[tf.Tensor], Any]:
    """The network in training mode, on `at_once` images after the other.

    Args:
      network: of which every image's outputs depend on that image alone, as with instance normalisation; batch
        statistics would be those of a part.
      at_once: images in a part; 0 for all of them, kept as usual.

    Returns:
      A function from images `[n, ...]`, n known when the graph is made, to the outputs of the network: the same values
      and, up to the order of a sum, the same gradients.
    """

    def read(images: tf.Tensor) -> Any:
        if not at_once or images.shape[0] is None or images.shape[0] <= at_once:
            return network(images, training=True)
        return _Parts(network, at_once)(images)

    return read


class _Parts:
    """One call of a network in parts."""

    def __init__(self, network: keras.Model, at_once: int):
        self._network, self._at_once = network, at_once

    def __call__(self, images: tf.Tensor) -> Any:
        @tf.custom_gradient
        def run(images: tf.Tensor) -> tuple[Any, Callable[..., Any]]:
            parts = self._split(images)
            said: list[Any] = []
            for part in parts:
                # One after the other: an executor that starts them all at once would need the memory of all.
                with tf.control_dependencies(tf.nest.flatten(said[-1:])):
                    said.append(self._network(tf.identity(part), training=True))

            def gradient(*upstream: tf.Tensor, variables: Sequence[tf.Variable] = ()) -> Any:
                return self._gradients(parts, upstream, variables)

            return tf.nest.map_structure(lambda *each: tf.concat(each, axis=0), *said), gradient

        return run(images)

    def _gradients(
        self, parts: Sequence[tf.Tensor], upstream: Sequence[tf.Tensor], variables: Sequence[tf.Variable]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Those of the images, and those of the variables, added up over the parts."""
        of_images: list[tf.Tensor] = []
        totals: list[tf.Tensor] = []
        done = list(upstream)
        for part, above in zip(parts, zip(*(self._split(each) for each in upstream))):
            with tf.control_dependencies(done):
                first, rest = self._again(tf.identity(part), above, list(variables))
                totals = [total + one for total, one in zip(totals, rest)] if totals else rest
            of_images.append(first)
            done = [first, *totals]
        return tf.concat(of_images, axis=0), totals

    def _again(
        self, part: tf.Tensor, above: Sequence[tf.Tensor], variables: list[tf.Variable]
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The gradients of one part, whose outputs are computed again."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([part, *variables])
            said = tf.nest.flatten(self._network(part, training=True))
        first, *rest = tape.gradient(
            said, [part, *variables], output_gradients=list(above), unconnected_gradients="zero"
        )  # fmt: skip
        return first, rest

    def _split(self, tensor: tf.Tensor) -> list[tf.Tensor]:
        count = tensor.shape[0]
        return [tensor[first : first + self._at_once] for first in range(0, count, self._at_once)]
