"""Attacks by name, and those that every table of pictures has: one line around the model."""

from __future__ import annotations

from tfwm.attacks import ATTACKS
from tfwm.attacks.compose import Compose
from tfwm.types import Attack


def attack(name: str, **settings: object) -> Attack:
    """An attack of the library.

    Args:
      name: one of `ATTACKS`.
      settings: its fields.
    """
    return ATTACKS[name](**settings)


def around_pictures() -> dict[str, Attack]:
    """What costs a thief of pictures nothing, by what a row calls it."""
    tiles = attack("tiled", rows=2, columns=2)
    return {
        "mirrored": attack("mirrored"),
        "turned by 90": attack("turned"),
        "mean over eight orientations": attack("self_ensemble"),
        "2 x 2 tiles": tiles,
        "border of 8": attack("padded", pixels=8),
        "mirrored, 2 x 2 tiles": Compose((attack("mirrored"), tiles)),
        "asked at three quarters": attack("rescaled", factor=0.75),
    }
