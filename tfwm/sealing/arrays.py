"""Arrays that can be read only with the owner's token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import tensorflow as tf

from tfwm.sealing.seal import Seal, seal_of

T = TypeVar("T")  # tensors, or dictionaries of them

_TYPES = ("float32", "int32", "uint8")
_WORD_BYTES = 4


@dataclass(frozen=True)
class _Slice:
    """Where an array lies in the row of words.

    Args:
      first: its first word.
      dtype: what it consists of.
      shape: of the array.
    """

    first: int
    dtype: tf.DType
    shape: tuple[int, ...]

    def read(self, plaintext: tf.Tensor) -> tf.Tensor:
        """The array, out of the decrypted row."""
        size = int(np.prod(self.shape))
        last = self.first + -(-size * self.dtype.size // _WORD_BYTES)
        values = tf.reshape(tf.bitcast(plaintext[self.first : last], self.dtype), [-1])
        return tf.reshape(values[:size], self.shape)


class SealedArrays(tf.Module):
    """Arrays in one row of 32-bit words, XOR-ed with a ChaCha20 key stream under a 128-bit token.

    What stays readable is the types and shapes, and what is done with the arrays. The token is
    checked first: with a wrong one nothing is decrypted. What is decrypted lives for one call and is
    never stored.

    Args:
      arrays: by name, of float32, int32 or uint8.
      token: the owner's 16 secret bytes, or the seal that the export's other parts are under too.
      nonce: as `Seal` takes it.

    Attributes:
      ciphertexts: one uint32 variable `[16 * blocks]`; what lies in a SavedModel.
      check: a uint32 variable, see `Seal.check_words`; lies there too.

    Raises:
      ValueError: a token or nonce of another length, no array, an empty one or one of another type.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], token: bytes | Seal, *, nonce: bytes | None = None) -> None:
        super().__init__(name="sealed")
        _check(arrays)
        self._seal = seal_of(token, nonce)
        rows = [_as_words(array) for array in arrays.values()]
        firsts = np.cumsum([0, *(row.size for row in rows)])
        ciphertext, self._block = self._seal.close(np.concatenate(rows))
        self.ciphertexts = [tf.Variable(ciphertext, trainable=False, name="ciphertext")]
        # No operation reads it: a server that counts false tokens finds it in the file.
        self.check = tf.Variable(self._seal.check_words, trainable=False, name="check")
        # Not a dict: tf.Module would write a dict's keys into the SavedModel.
        self._slices = MappingProxyType(
            {name: _Slice(int(first), tf.as_dtype(array.dtype), array.shape)
             for first, (name, array) in zip(firsts, arrays.items())}
        )  # fmt: skip

    def run(self, token: tf.Tensor, opened: Callable[[dict[str, tf.Tensor]], T], closed: Callable[[], T]) -> T:
        """What `opened` makes of the arrays with the right token, what `closed` gives with a wrong one.

        Call it while a `tf.function` is traced. A token of another length is INVALID_ARGUMENT.

        Args:
          token: string scalar, 16 raw bytes.
          opened: takes the arrays by name; is not run with a wrong token.
          closed: takes nothing; answers in the same types and shapes.

        Returns:
          What the one or the other gave.
        """
        checked = self._seal.check(token)

        def right() -> T:
            plaintext = self._seal.open(self.ciphertexts[0], self._block, checked.key)
            return opened({name: part.read(plaintext) for name, part in self._slices.items()})

        return tf.cond(checked.right, right, closed)


def _check(arrays: Mapping[str, np.ndarray]) -> None:
    wrong = [f"{name} {array.dtype} {list(array.shape)}" for name, array in arrays.items()
             if array.dtype.name not in _TYPES or not array.size]  # fmt: skip
    if wrong or not arrays:
        raise ValueError(
            f"`arrays` must hold arrays of {', '.join(_TYPES)} with at least one element, got "
            f"{', '.join(wrong) or 'none'}. Convert them first."
        )


def _as_words(array: np.ndarray) -> np.ndarray:
    """An array's bytes as uint32, padded with zeros."""
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return np.pad(content, (0, -content.size % _WORD_BYTES)).view(np.uint32)
