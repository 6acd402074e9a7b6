"""Which rows an evaluation has: the attacks, and the controls without which a verdict means nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfwm.evaluation.report import seed_note
from tfwm.kinds import Kind
from tfwm.types import Attack

UNATTACKED, UNMARKED_HOST = "unattacked", "unmarked host"
TRAINING_FIELDS = frozenset({"schedule", "scheme"})


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
      repeat: added to the seed of the thief's draws; an attack may be tried with several seeds.
    """

    label: str
    group: str
    subject: str
    attack: Mapping[str, Any] | None = None
    expected: str = "unmarked"
    key_seed: int | None = None
    repeat: int = 0

    @property
    def trains(self) -> bool:
        """Whether the attack trains networks, and so takes a machine or an accelerator for itself."""
        return _has_training(self.attack)


def _has_training(settings: Any) -> bool:
    """An attack that trains says for how long, or by which scheme; one that is made of others holds theirs."""
    if isinstance(settings, Mapping):
        return bool(TRAINING_FIELDS & settings.keys()) or any(map(_has_training, settings.values()))
    return isinstance(settings, (list, tuple)) and any(map(_has_training, settings))


def plan(
    attacks: Sequence[Attack], kind: Kind, *, wrong_keys: int = 5, must_survive: Sequence[str] = (), seeds: int = 1
) -> list[Cell]:
    """The cells of an evaluation; control rows are always among them.

    Args:
      attacks: applied to the marked model; the first that makes a copy from answers also to the unmarked host.
      kind: of the host; it decides which trivial suspects there are.
      wrong_keys: how many decoy keys are asked about the marked model.
      must_survive: labels of attacks, or `attack` for all, whose row is expected to be `marked`.
      seeds: with how many seeds each attack is tried; the rows of all but the first say which.

    Raises:
      ValueError: two rows would have the same name, an attack is for hosts of another kind, or no seed.
    """
    from tfwm.attacks import attack_to_dict

    if seeds < 1:
        raise ValueError(f"`seeds` must be 1 or more, got {seeds}. Use 1 to try each attack once.")
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
        for repeat in range(seeds):
            label = repr(attack) + seed_note(repeat)
            cells.append(Cell(label, "attack", "marked", attack_to_dict(attack), expected, repeat=repeat))
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
