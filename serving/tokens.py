"""How many requests for `extract` carried a false token: counted beside the graph, which itself tells nobody.

A sealed export answers noise to a false token and does not say so. Its file holds, for everybody, the nonce of its
cipher and the four words that a right token makes of it; the server computes them for each token that it hears, after
the model has run and with the same work for every token, so that neither answers nor times change with what it finds.
Tokens are never kept and never logged. What is counted goes into the log, once a minute at most, and to whoever runs
the server (`Server.tokens`, `--metrics`).
"""

from __future__ import annotations

import hmac
import logging
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from serving.metrics import quoted

LOGGER = logging.getLogger("tfwm.serving")
EXTRACT = "extract"
TOKEN = "token"
CHECK_KEY = "sealed/check/.ATTRIBUTES/VARIABLE_VALUE"  # in the checkpoint of a sealed export
LOG_EVERY_S = 60.0
_CONSTANTS = struct.unpack("<4I", b"expand 16-byte k")
_ROUNDS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))  # fmt: skip
_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class TokenCheck:
    """What a sealed export says of its token.

    Args:
      nonce: of the cipher, three words.
      expected: the first four words of block 0 under the right token.
    """

    nonce: tuple[int, ...]
    expected: tuple[int, ...]

    @classmethod
    def of(cls, path: str) -> TokenCheck | None:
        """What the SavedModel in a folder holds; None where it has nothing sealed, or was written without it."""
        try:
            words = tf.train.load_checkpoint(f"{path}/variables/variables").get_tensor(CHECK_KEY)
        except (ValueError, RuntimeError, tf.errors.OpError):  # no variables at all, or no such variable
            return None
        return cls(tuple(map(int, words[:3])), tuple(map(int, words[3:7])))

    def is_right(self, token: bytes) -> bool:
        """Whether a token is the owner's; every token of 16 bytes costs the same work.

        Args:
          token: as a request brought it, of any length.
        """
        key = struct.unpack("<4I", token[:16].ljust(16, b"\0"))
        state = (*_CONSTANTS, *key, *key, 0, *self.nonce)
        found = struct.pack("<4I", *first_words(state))
        return hmac.compare_digest(found, struct.pack("<4I", *self.expected)) and len(token) == 16


def first_words(state: Sequence[int]) -> tuple[int, ...]:
    """The first four words of a ChaCha20 block.

    Args:
      state: the sixteen words before the first round.
    """
    x = list(state)
    for _ in range(10):
        for a, b, c, d in _ROUNDS:
            for left, right in ((16, 12), (8, 7)):
                x[a] = (x[a] + x[b]) & _MASK
                x[d] = _turned(x[d] ^ x[a], left)
                x[c] = (x[c] + x[d]) & _MASK
                x[b] = _turned(x[b] ^ x[c], right)
    return tuple((after + before) & _MASK for after, before in zip(x[:4], state))


def _turned(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (32 - bits))) & _MASK


class TokenCounts:
    """What the server has heard for one model; safe for many threads.

    Args:
      model: its name, for the log.
      log_every_s: the shortest time between two lines in the log.
    """

    def __init__(self, model: str, log_every_s: float = LOG_EVERY_S) -> None:
        self._model, self._every_s = model, log_every_s
        self._lock = threading.Lock()
        self._false = self._total = 0
        self._logged = (0, 0)  # false and total, as the last line gave them
        self._last_s: float | None = None

    @property
    def false(self) -> int:
        """Requests for `extract` with a false token."""
        return self._false

    @property
    def total(self) -> int:
        """All requests for `extract` whose token could be checked."""
        return self._total

    def add(self, is_right: bool) -> None:
        """Counts one request."""
        with self._lock:
            self._total += 1
            self._false += not is_right
        self.report()

    def report(self, *, at_last: bool = False) -> None:
        """Writes a line where false tokens came since the last one, and that was long enough ago.

        Args:
          at_last: however long ago it was.
        """
        with self._lock:
            now_s = time.monotonic()
            is_early = self._last_s is not None and now_s - self._last_s < self._every_s
            false, total = self._false - self._logged[0], self._total - self._logged[1]
            if not false or (is_early and not at_last):
                return
            self._logged, self._last_s = (self._false, self._total), now_s
            line = (self._model, false, total, self._false, self._total)
        LOGGER.warning("model %s: %d of %d extract requests carried a false token (since the start: %d of %d)", *line)


def as_metrics(counts: Sequence[tuple[str, TokenCounts]]) -> str:
    """The figures of all models in Prometheus's text format.

    Args:
      counts: by name of the model.
    """
    lines = ["# HELP tfwm_extract_requests_total Requests for extract, by whether their token was the owner's.",
             "# TYPE tfwm_extract_requests_total counter"]  # fmt: skip
    for model, count in counts:
        name = quoted(model)
        false, total = count.false, count.total
        lines += [f'tfwm_extract_requests_total{{model="{name}",token="{kind}"}} {number}'
                  for kind, number in (("false", false), ("right", total - false))]  # fmt: skip
    return "\n".join(lines) + "\n"
