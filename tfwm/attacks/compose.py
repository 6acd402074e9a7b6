"""Several attacks in a row; a combination removes more than each part does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from tfwm.attacks.checks import require
from tfwm.types import Access, Attack, Suspect


@dataclass(frozen=True, repr=False)
class Compose:
    """Applies `attacks` one after the other, each to what the one before left.

    Where the result is a network, it lies in `<run.directory>/model.keras`.

    Args:
      attacks: at least two; after an attack on answers only attacks on answers or a surrogate can follow.

    Raises:
      ValueError: fewer than two, or one that no suspect could satisfy in its place.
    """

    attacks: tuple[Attack, ...]

    def __post_init__(self) -> None:
        if len(self.attacks) < 2:
            raise ValueError(f"`attacks` must be at least two, got {list(self.attacks)}. Use a single attack as it is.")
        for index, attack in enumerate(self.attacks):
            if _after(self.attacks[:index], Access.WEIGHTS) < attack.needs:
                raise ValueError(
                    f"`attacks` must each get what they need: `{attack!r}` needs {attack.needs.name}, but "
                    f"`{self.attacks[index - 1]!r}` leaves less. Put a surrogate between, or change the order."
                )

    @property
    def needs(self) -> Access:
        """The lowest access with which every part gets what it needs."""
        return next(level for level in Access if self._works_from(level))

    @property
    def leaves(self) -> Access:
        """What the thief holds at the end, from a suspect with weights."""
        return _after(self.attacks, Access.WEIGHTS)

    def __repr__(self) -> str:
        return " + ".join(repr(attack) for attack in self.attacks)

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> Suspect:
        require(cast(Attack, self), suspect)
        for index, attack in enumerate(self.attacks):
            suspect = attack(suspect, data, run.child(f"part_{index}"))
        if suspect.access >= Access.WEIGHTS:
            from tfwm.attacks.copies.imitation import keep

            return keep(suspect.model, run, suspect.name)  # type: ignore[attr-defined]
        return suspect

    def _works_from(self, level: Access) -> bool:
        return all(_after(self.attacks[:index], level) >= part.needs for index, part in enumerate(self.attacks))


def _after(attacks: tuple[Attack, ...], access: Access) -> Access:
    """What is left of `access` after the attacks: filters hide the weights, thieves' networks have them."""
    for attack in attacks:
        left = getattr(attack, "leaves", Access.QUERIES)
        access = left if left == Access.WEIGHTS else min(access, left)
    return access
