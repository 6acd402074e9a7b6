"""Which rows an evaluation has: the attacks, and the controls without which a verdict means nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfwm.kinds import Kind
from tfwm.types import Attack

UNATTACKED, UNMARKED_HOST = "unattacked", "unmarked host"


@dataclass(frozen=True)
class Cell:
    """One row to be: which suspect, which key, and what is expected.

    Args:
      label: names the row; unique in a plan.
      group: `unattacked`, `attack`, `control`, `wrong key` or `trivial`.
      subject: `marked`, `host`, or `none` for a trivial suspect.
      attack: `attack_to_dict` of the attack, or None.
      expected: `marked`, `unmarked` or `recorded` (shown, but nothing is demanded).
      key_seed: seed of a decoy key, or None for the owner's.
    """

    label: str
    group: str
    subject: str
    attack: Mapping[str, Any] | None = None
    expected: str = "unmarked"
    key_seed: int | None = None


def plan(attacks: Sequence[Attack], kind: Kind, *, wrong_keys: int = 5, must_survive: Sequence[str] = ()) -> list[Cell]:
    """The cells of an evaluation; control rows are always among them.

    Args:
      attacks: applied to the marked model; the first that makes a copy from answers also to the unmarked host.
      kind: of the host; it decides which trivial suspects there are.
      wrong_keys: how many decoy keys are asked about the marked model.
      must_survive: labels of attacks, or `attack` for all, whose row is expected to be `marked`.

    Raises:
      ValueError: two rows would have the same name, or an attack is for hosts of another kind.
    """
    from tfwm.attacks import attack_to_dict

    for attack in attacks:
        if kind.name not in attack.kinds:
            raise ValueError(
                f"`attacks` must be for {kind.models}, got {attack!r}, which is for {' and '.join(attack.kinds)}. "
                "Leave it out."
            )
    cells = [Cell(UNATTACKED, "unattacked", "marked", expected="marked")]
    for attack in attacks:
        demanded = repr(attack) in must_survive or "attack" in must_survive
        expected = "marked" if demanded else "recorded"
        cells.append(Cell(repr(attack), "attack", "marked", attack_to_dict(attack), expected))
    cells.append(Cell(UNMARKED_HOST, "control", "host"))
    copier = next((attack for attack in attacks if attack.copies), None)
    if copier is not None:
        cells.append(Cell(f"{copier.copies} of the unmarked host", "control", "host", attack_to_dict(copier)))
    cells += [Cell(f"wrong key {seed}", "wrong key", "marked", key_seed=seed) for seed in range(1, wrong_keys + 1)]
    cells += [Cell(label, "trivial", "none") for label in kind.trivial]
    _check_names(cells)
    return cells


def _check_names(cells: Sequence[Cell]) -> None:
    seen: dict[str, str] = {}
    for cell in cells:
        name = slug(cell.label)
        if name in seen:
            raise ValueError(
                f"`attacks` must have labels that differ in letters or digits, got {seen[name]!r} and {cell.label!r}. "
                "Leave one out, or change its settings."
            )
        seen[name] = cell.label


def slug(label: str) -> str:
    """A file name for a label."""
    return re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-")
