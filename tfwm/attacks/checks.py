"""What every attack checks before it starts: that the thief has what it needs, and a host of the right kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfwm.evidence.labels import answered_labels
from tfwm.suspects import as_float
from tfwm.types import Access, Attack, LabelledImages, Suspect

if TYPE_CHECKING:
    from tensorflow import keras

_REMEDIES = {
    Access.OUTPUTS: "Give recorded outputs or better.",
    Access.QUERIES: "Give something that answers new inputs: an endpoint, a SavedModel or a .keras file.",
    Access.WEIGHTS: "Give the model itself (a .keras file), or choose an attack that only queries.",
}


def require_access(attack: Attack, suspect: Suspect) -> None:
    """Refuses a suspect that gives the thief less than the attack needs.

    Args:
      attack: what he wants to do; `attack.needs` is the least access.
      suspect: what he has.

    Raises:
      ValueError: the suspect's access is below `attack.needs`.
    """
    if suspect.access < attack.needs:
        raise ValueError(
            f"`{attack!r}` needs a suspect with access {attack.needs.name}, got {suspect.access.name} "
            f"(`{suspect.name}`). {_REMEDIES[attack.needs]}"
        )


def require_classifier(attack: Attack, suspect: Suspect, data: LabelledImages) -> None:
    """Refuses a suspect that is no classifier of the thief's task, or gives him too little access.

    Args:
      attack: what he wants to do.
      suspect: is asked about the first of his images.
      data: the thief's own.

    Raises:
      ValueError: the access is below `attack.needs`, or the answers are no scores of `data.classes` classes.
    """
    require_access(attack, suspect)
    answered_labels(suspect(as_float(data.images[:1])), 1, data.classes)


def network_of(suspect: Suspect) -> keras.Model:
    """The network itself, of a suspect with `access == Access.WEIGHTS`."""
    return suspect.model  # type: ignore[attr-defined]


def attacked_name(attack: Attack, suspect: Suspect) -> str:
    """What the attacked suspect is called: `prune(0.2) of marked`.

    Args:
      attack: what was done.
      suspect: to what.
    """
    return f"{attack!r} of {suspect.name}"
