"""Which rows an evaluation has: the attacks, and the controls without which a verdict means nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfwm.types import Attack

UNATTACKED, UNMARKED_HOST = "unattacked", "unmarked host"
# Label of the row, and the name that the suspect gives itself.
TRIVIAL = {f"trivial: {name.replace('_', ' ')}": name for name in ("constant", "echo", "noise", "mean_image")}
# The same for classifiers.
GUESSES = {
    f"trivial: {name.replace('_', ' ')}": name
    for name in ("constant_class", "majority_class", "random_scores", "hashed_class")
}
# Attacks that make a new model from answers alone, and the row of what they make of a host without the mark.
COPIES = {"surrogate": "surrogate of the unmarked host", "extract_classifier": "extraction of the unmarked host"}


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


def plan(
    attacks: Sequence[Attack], *, wrong_keys: int = 5, must_survive: Sequence[str] = (), marks: str = "images"
) -> list[Cell]:
    """The cells of an evaluation; control rows are always among them.

    Args:
      attacks: applied to the marked model; the first surrogate or extraction also to the unmarked host.
      wrong_keys: how many decoy keys are asked about the marked model.
      must_survive: labels of attacks, or `attack` for all, whose row is expected to be `marked`.
      marks: `images` or `classifier`: what the host answers with decides which trivial suspects there are.

    Raises:
      ValueError: two rows would have the same name.
    """
    from tfwm.attacks import attack_to_dict

    settings = [attack_to_dict(attack) for attack in attacks]
    cells = [Cell(UNATTACKED, "unattacked", "marked", expected="marked")]
    for attack, fields in zip(attacks, settings, strict=True):
        demanded = repr(attack) in must_survive or "attack" in must_survive
        cells.append(Cell(repr(attack), "attack", "marked", fields, "marked" if demanded else "recorded"))
    cells.append(Cell(UNMARKED_HOST, "control", "host"))
    copy = next((fields for fields in settings if fields["attack"] in COPIES), None)
    if copy is not None:
        cells.append(Cell(COPIES[copy["attack"]], "control", "host", copy))
    cells += [Cell(f"wrong key {seed}", "wrong key", "marked", key_seed=seed) for seed in range(1, wrong_keys + 1)]
    cells += [Cell(name, "trivial", "none") for name in (GUESSES if marks == "classifier" else TRIVIAL)]
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
