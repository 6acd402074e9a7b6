"""What every attack checks: its own strength, and that the thief has what the attack needs."""

from __future__ import annotations

from tfwm.types import Access, Attack, Suspect

_REMEDIES = {
    Access.OUTPUTS: "Give recorded outputs or better.",
    Access.QUERIES: "Give something that answers new inputs: an endpoint, a SavedModel or a .keras file.",
    Access.WEIGHTS: "Give the model itself (a .keras file), or choose an attack that only queries.",
}


def require(attack: Attack, suspect: Suspect) -> None:
    """Refuses a suspect that gives the thief less than the attack needs.

    Raises:
      ValueError: the suspect's access is below `attack.needs`.
    """
    if suspect.access < attack.needs:
        raise ValueError(
            f"`{attack!r}` needs a suspect with access {attack.needs.name}, got {suspect.access.name} "
            f"(`{suspect.name}`). {_REMEDIES[attack.needs]}"
        )


def attacked_name(attack: Attack, suspect: Suspect) -> str:
    """What the stolen copy is called in reports."""
    return f"{attack!r} of {suspect.name}"
