"""One loaded version of one model: its signatures and a session that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

# The public alias of this class, tf.compat.v1.saved_model.load, prints a deprecation notice at every load.
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from serving.status import CODES, StatusError, kernel_message
from serving.tokens import EXTRACT, TOKEN, TokenCheck, TokenCounts


class Servable:
    """A SavedModel in a session of its own, as the C++ server holds it.

    A session rather than `tf.saved_model.load`: the signatures are those in the file, kernels answer with the same
    codes and messages, a deadline stops the run, and `close` gives the memory back.

    Args:
      name: the model's name.
      version: its version number.
      path: the SavedModel's folder.
    """

    def __init__(self, name: str, version: int, path: str) -> None:
        self.name = name
        self.version = version
        self.users = 0
        self.retired = False
        self.counts = TokenCounts(name)
        self.on_last_answer: Callable[[], None] = self.close
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph)
        try:
            with graph.as_default():
                meta_graph = SavedModelLoader(path).load(self._session, [tf.saved_model.SERVING])
        except Exception:
            self._session.close()
            raise
        graph.finalize()
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = dict(meta_graph.signature_def)
        self._check = TokenCheck.of(path) if EXTRACT in self.signatures else None

    def run(
        self, feeds: Mapping[str, np.ndarray], fetches: Mapping[str, str], timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Runs the graph.

        Args:
          feeds: array by graph tensor name.
          fetches: graph tensor name by output alias.
          timeout_s: seconds after which the run is stopped, or None.

        Returns:
          By output alias what the graph gives, an array or a number of numpy's.

        Raises:
          StatusError: the code and words of the kernel that failed.
        """
        options = None
        if timeout_s is not None:
            options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, min(int(timeout_s * 1000), 2**31)))
        try:
            return self._session.run(dict(fetches), dict(feeds), options=options)
        except tf.errors.OpError as error:
            raise StatusError(CODES[error.error_code], kernel_message(error.message)) from error

    def heard(self, signature: str, inputs: Mapping[str, np.ndarray]) -> None:
        """Counts a request for `extract`, whose token is false or right; other requests pass.

        Args:
          signature: that was run.
          inputs: of the request, by alias.
        """
        if signature == EXTRACT and self._check is not None and TOKEN in inputs:
            token = np.asarray(inputs[TOKEN]).ravel()[0]
            self.counts.add(self._check.is_right(bytes(token)))

    def close(self) -> None:
        """Frees the session; no request may be running."""
        self._session.close()
