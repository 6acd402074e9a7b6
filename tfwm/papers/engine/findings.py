"""What an experiment finds: the paper's figures beside ours, its claims, pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One figure of the paper beside ours.

    Args:
      label: the row's name, for instance `BSD68, DnCNN, marked`.
      paper: what the paper prints; None where it prints none.
      ours: what we measured, a finite number or a text; None where it could not be measured.
      unit: of both, for instance `dB`; empty for a plain number.
    """

    label: str
    paper: float | str | None
    ours: float | str | None
    unit: str = ""

    def __post_init__(self) -> None:
        for name in ("paper", "ours"):
            object.__setattr__(self, name, self._figure(name, getattr(self, name)))

    def _figure(self, name: str, value: Any) -> float | str | None:
        value = value.item() if isinstance(value, (np.generic, np.ndarray)) and value.size == 1 else value
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is None or isinstance(value, str) or (number and math.isfinite(value)):
            return value
        raise ValueError(
            f"`{name}` of the row {self.label!r} must be a finite number, a text or None, got {value!r}. "
            'Write a text for what is no number, for instance "infinite".'
        )


@dataclass(frozen=True)
class Claim:
    """What the paper says, and whether it holds here.

    Args:
      text: the paper's claim in a sentence.
      holds: whether it holds at this scale; None where that stays open.
      why: the figures that say so.
    """

    text: str
    holds: bool | None
    why: str

    def __post_init__(self) -> None:
        holds = bool(self.holds) if isinstance(self.holds, np.bool_) else self.holds
        if not isinstance(holds, (bool, type(None))):
            raise ValueError(f"`holds` of the claim {self.text!r} must be True, False or None (open), got {holds!r}.")
        object.__setattr__(self, "holds", holds)


@dataclass(frozen=True)
class Findings:
    """What an experiment found.

    Args:
      rows: the table, in the paper's order.
      claims: at least one: a table without a sentence teaches nothing.
      pictures: for one PNG sheet, by the heading of a row of pictures and by the label of a picture:
        `[height, width, 1 or 3]`, uint8 or float in [0, 1].
    """

    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    pictures: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, wanted in (("rows", Row), ("claims", Claim)):
            values = tuple(getattr(self, name))
            if not all(isinstance(value, wanted) for value in values) or not values:
                raise ValueError(f"`{name}` must hold {wanted.__name__} objects, at least one, got {values!r}.")
            object.__setattr__(self, name, values)
