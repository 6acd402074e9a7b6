"""Networks that run only with the owner's token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.sealing.graphs import Blank, take_apart
from tfwm.sealing.seal import Seal, seal_of


class _SealedNetwork(NamedTuple):
    """A network without its weights, and these encrypted from a block of the key stream on."""

    blank: Blank
    ciphertext: tf.Variable
    block: int


class SealedNetworks(tf.Module):
    """Keras networks whose weights are XOR-ed with a ChaCha20 key stream under a 128-bit token.

    Every variable and every constant array is sealed, in one row per network. What stays
    readable is the architecture: which operations follow each other, and the shapes of the
    weights. The token is checked first, against four words of the stream's block 0: a wrong one
    gets uniform noise in [-1, 1), costs one cipher block, and the network is not run. Removing
    that check from the graph gives a network of random weights. Unsealed weights live for one
    call and are never stored.

    Args:
      networks: by name; see `tfwm.sealing.graphs.take_apart` for what a network must look like.
      token: the owner's 16 secret bytes, or the seal that the export's other parts are under too.
      nonce: as `Seal` takes it.

    Attributes:
      ciphertexts: of each network, uint32 variables `[16 * blocks]`; what lies in a SavedModel.
      check: a uint32 variable, see `Seal.check_words`; lies there too.

    Raises:
      ValueError: a token or nonce of another length, or a network that cannot be sealed.
    """

    def __init__(self, networks: Mapping[str, keras.Model], token: bytes | Seal, *, nonce: bytes | None = None) -> None:
        super().__init__(name="sealed")
        self._seal = seal_of(token, nonce)
        self.ciphertexts: list[tf.Variable] = []
        sealed: dict[str, _SealedNetwork] = {}
        for name, network in networks.items():
            blank, weights = take_apart(network)
            row = np.concatenate([weight.ravel() for weight in weights])
            ciphertext, block = self._seal.close(row.view(np.uint32))
            self.ciphertexts.append(tf.Variable(ciphertext, trainable=False, name="ciphertext"))
            sealed[name] = _SealedNetwork(blank, self.ciphertexts[-1], block)
        # No operation reads it: a server that counts false tokens finds it in the file.
        self.check = tf.Variable(self._seal.check_words, trainable=False, name="check")
        # Not a dict: tf.Module would write a dict's keys into the SavedModel.
        self._networks = MappingProxyType(sealed)

    def run(self, name: str, images: tf.Tensor, token: tf.Tensor) -> list[tf.Tensor]:
        """A network's outputs: the plain network's with the right token, noise with a wrong one.

        Call it while a `tf.function` is traced. A token of another length is INVALID_ARGUMENT.

        Args:
          name: of the network.
          images: float32, of the shape that the network takes.
          token: string scalar, 16 raw bytes.

        Returns:
          float32, in the network's order and shapes.
        """
        blank, ciphertext, block = self._networks[name]
        checked = self._seal.check(token)

        def opened() -> list[tf.Tensor]:
            outputs = blank(images, _split(self._seal.open(ciphertext, block, checked.key), blank.shapes))
            # A network of mixed precision may answer in half of it; both branches must be of one type.
            return [tf.cast(output, tf.float32) for output in outputs]

        def closed() -> list[tf.Tensor]:
            return [_noise(checked.difference, index, images, shape) for index, shape in enumerate(blank.outputs)]

        outputs = tf.nest.flatten(tf.cond(checked.right, opened, closed))
        return [tf.ensure_shape(output, [None, *shape]) for output, shape in zip(outputs, blank.outputs)]


def _noise(difference: tf.Tensor, index: int, images: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """What a wrong token gets for the output of this index: uniform in [-1, 1), the same for the same token."""
    seed = tf.bitcast(difference[:2], tf.int32) + [0, index]
    size = tf.concat([tf.shape(images)[:1], tf.constant(shape, tf.int32)], 0)
    return tf.random.stateless_uniform(size, seed, -1.0, 1.0, alg="philox")


def _split(plaintext: tf.Tensor, shapes: tuple[tuple[int, ...], ...]) -> list[tf.Tensor]:
    """The weights, out of one row of them."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    values = tf.bitcast(plaintext, tf.float32)
    return [tf.reshape(values[end - math.prod(shape) : end], shape) for end, shape in zip(ends, shapes)]
