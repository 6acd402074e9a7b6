"""Several attacks in a row; a combination removes more than each part does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tfwm.attacks.checks import network_of, require_access
from tfwm.types import CLASSIFICATION, RESTORATION, Access, Attack, Suspect


@dataclass(frozen=True, repr=False)
class Compose:
    """Applies `attacks` one after the other, each to what the one before left.

    Where the result is a network, it lies in `<run.directory>/model.keras`. The `kinds` of an object are those of all
    its parts.

    Args:
      attacks: at least two; after an attack on answers only attacks on answers or a surrogate can follow.

    Raises:
      ValueError: fewer than two, one that no suspect could satisfy in its place, or no kind of host in common.
    """

    attacks: tuple[Attack, ...]
    name: ClassVar[str] = "compose"
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION, CLASSIFICATION)
    sentence: ClassVar[str] = "several attacks one after the other"
    copies: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if len(self.attacks) < 2:
            raise ValueError(f"`attacks` must be at least two, got {list(self.attacks)}. Use a single attack as it is.")
        for index, attack in enumerate(self.attacks):
            if _left(self.attacks[:index], Access.WEIGHTS) < attack.needs:
                raise ValueError(
                    f"`attacks` must each get what they need: `{attack!r}` needs {attack.needs.name}, but "
                    f"`{self.attacks[index - 1]!r}` leaves less. Put a surrogate between, or change the order."
                )
        common = tuple(kind for kind in self.attacks[0].kinds if all(kind in part.kinds for part in self.attacks))
        if not common:
            each = ", ".join(f"`{part!r}` for {' and '.join(part.kinds)}" for part in self.attacks)
            raise ValueError(f"`attacks` must have a kind of host in common, got {each}. Leave some out.")
        object.__setattr__(self, "kinds", common)

    @classmethod
    def example(cls) -> Compose:
        """Two attacks on weights, which any host has."""
        from tfwm.attacks.weights import Prune, Quantize

        return cls((Prune(0.3), Quantize(4)))

    @property
    def needs(self) -> Access:
        """The lowest access with which every part gets what it needs."""
        return next(
            level for level in Access
            if all(_left(self.attacks[:index], level) >= part.needs for index, part in enumerate(self.attacks))
        )  # fmt: skip

    @property
    def leaves(self) -> Access:
        """What the thief holds at the end, from a suspect with weights."""
        return _left(self.attacks, Access.WEIGHTS)

    def __repr__(self) -> str:
        return " + ".join(repr(attack) for attack in self.attacks)

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> Suspect:
        require_access(self, suspect)
        for index, attack in enumerate(self.attacks):
            suspect = attack(suspect, data, run.child(f"part_{index}"))
        if suspect.access >= Access.WEIGHTS:
            from tfwm.attacks.thief import keep_stolen

            return keep_stolen(network_of(suspect), run, suspect.name)
        return suspect


def _left(attacks: tuple[Attack, ...], access: Access) -> Access:
    """What is left of `access` after the attacks: filters hide the weights, thieves' networks have them."""
    for attack in attacks:
        access = attack.leaves if attack.leaves == Access.WEIGHTS else min(access, attack.leaves)
    return access
