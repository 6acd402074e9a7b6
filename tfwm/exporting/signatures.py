"""What an export needs of each kind of host: its public signatures, and the sealed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import tensorflow as tf
from tensorflow import keras

from tfwm.keys import OwnerKey
from tfwm.types import Scheme

Signature = Callable[..., dict[str, tf.Tensor]]
"""A `tf.function` with an input signature; its outputs by name."""


class Signatures(Protocol):
    """The signatures of a SavedModel of one kind; the tables of `tfwm.exporting` show them."""

    def public(self, model: keras.Model) -> dict[str, Signature]:
        """`serving_default`, which takes float images, and `serving_bytes`, which takes files.

        Args:
          model: a host of this kind.

        Raises:
          ValueError: a model that a server could not run.
        """

    def sealed(self, model: keras.Model, scheme: Scheme, key: OwnerKey) -> tuple[tf.Module, Signature] | None:
        """What is sealed under the key's token, and the signature `extract` that opens it.

        Args:
          model: the marked model.
          scheme: made the mark.
          key: of that scheme.

        Returns:
          None where the mark has nothing that a server could read for its owner.

        Raises:
          ValueError: model, scheme and key do not fit together.
        """
