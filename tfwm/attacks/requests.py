"""Endpoints that encode each query afresh before their network sees it, as image hosts and scaled APIs do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tfwm.attacks.checks import attacked_name, require_access
from tfwm.config import check_range, check_whole
from tfwm.data.filters import jpegs, shrunk
from tfwm.suspects import FunctionSuspect
from tfwm.types import CLASSIFICATION, RESTORATION, Access, Attack, Suspect


@dataclass(frozen=True, repr=False)
class RequestJpeg:
    """Real JPEG compression of every query, through Pillow with its default chroma subsampling.

    Args:
      quality: 1 to 100.

    Raises:
      ValueError: a quality out of range, or queries that have neither 1 nor 3 channels.
    """

    quality: int = 75
    name: ClassVar[str] = "request_jpeg"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION, RESTORATION)
    sentence: ClassVar[str] = "every request compressed as JPEG before it is answered"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_whole("quality", self.quality, 1, 100, "Use 75 for a mild and 30 for a strong attack.")

    @classmethod
    def example(cls) -> RequestJpeg:
        """A low quality."""
        return cls(30)

    def __repr__(self) -> str:
        return f"request_jpeg({self.quality})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> FunctionSuspect:
        return _asked_through(self, suspect, lambda queries: jpegs(queries, self.quality))


@dataclass(frozen=True, repr=False)
class RequestResize:
    """Shrinks every query with antialiasing and enlarges it again, both bicubic.

    Args:
      factor: of each side, 0.01 to 0.999.

    Raises:
      ValueError: a factor out of range.
    """

    factor: float = 0.5
    name: ClassVar[str] = "request_resize"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION, RESTORATION)
    sentence: ClassVar[str] = "every request shrunk and enlarged again before it is answered"
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES
    leaves: ClassVar[Access] = Access.QUERIES

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 0.01, 0.999, "Use 0.5 to halve each side before enlarging again.")

    @classmethod
    def example(cls) -> RequestResize:
        """Half the size and back."""
        return cls(0.5)

    def __repr__(self) -> str:
        return f"request_resize({self.factor:g})"

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> FunctionSuspect:
        return _asked_through(self, suspect, lambda queries: shrunk(queries, self.factor))


def _asked_through(attack: Attack, suspect: Suspect, change: Callable[[np.ndarray], np.ndarray]) -> FunctionSuspect:
    """A suspect whose network sees each query only after `change`, clipped to [0, 1]."""
    require_access(attack, suspect)

    def answer(queries: np.ndarray) -> np.ndarray:
        return suspect(np.clip(change(queries), 0.0, 1.0).astype(np.float32))

    return FunctionSuspect(attacked_name(attack, suspect), answer, Access.QUERIES)
