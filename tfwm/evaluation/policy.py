"""Policy: what a model must show before it may be released, and the decision with its reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfwm.config import from_dict
from tfwm.evaluation.report import Report, Row
from tfwm.files import read_json
from tfwm.kinds import kind_called

# Without these nobody looked for false claims, so their absence cannot count as "none found".
NEEDED_CONTROLS = ("control", "wrong key", "trivial")
DEMANDABLE = ("unattacked", "attack")


@dataclass(frozen=True)
class Policy:
    """Thresholds of a blessing; one that is left out blesses nothing.

    Args:
      min_psnr_marked_vs_unmarked_db: how near the marked outputs must stay to the unmarked ones, in dB; of hosts whose
        answers are images, as the next.
      max_host_loss_db: how much of its own task's PSNR the host may lose to the mark, in dB.
      alpha: the largest false-claim probability, in (0, 1).
      must_survive: labels of attack rows, or `attack` for all of them, that must still be recognised.
      max_accuracy_loss: how much of its accuracy a classifier may lose to the mark, as a share: 0.01 is one point.
    """

    min_psnr_marked_vs_unmarked_db: float | None = None
    max_host_loss_db: float | None = None
    alpha: float | None = None
    must_survive: tuple[str, ...] = ()
    max_accuracy_loss: float | None = None

    def __post_init__(self) -> None:
        for name in THRESHOLDS:
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if value is not None and not number:
                raise ValueError(f"`{name}` must be a finite number, got {value!r}. Leave it out to bless nothing.")
        if self.alpha is not None and not 0.0 < self.alpha < 1.0:
            raise ValueError(f"`alpha` must lie in (0, 1), got {self.alpha}. Use 1e-6.")
        if self.max_accuracy_loss is not None and self.max_accuracy_loss >= 1:
            raise ValueError(
                f"`max_accuracy_loss` must be a share below 1, got {self.max_accuracy_loss}. Write 0.01 for one point."
            )

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Reads a JSON object.

        Raises:
          ValueError: not a JSON object, an unknown field, or a value of the wrong type.
        """
        values = read_json(path)
        if not isinstance(values, dict):
            raise ValueError(
                f"`{path}` must hold one JSON object, got {type(values).__name__}. Give the policy's fields by name."
            )
        return from_dict(cls, values)

    def demands(self, label: str, group: str) -> bool:
        """Whether a row must be recognised.

        Args:
          label: of the row.
          group: of the row.
        """
        return label in self.must_survive or group in self.must_survive


THRESHOLDS = ("min_psnr_marked_vs_unmarked_db", "max_host_loss_db", "alpha", "max_accuracy_loss")


@dataclass(frozen=True)
class Decision:
    """Blessed or not; `reasons` names every condition that failed, and is empty where none did."""

    blessed: bool
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.blessed:
            return "Blessed: every condition of the policy holds."
        return "\n".join(["Not blessed:", *(f"  - {reason}" for reason in self.reasons)])


def decide(report: Report, policy: Policy) -> Decision:
    """Fidelity AND survival AND no false claim, each only against an explicit threshold.

    A threshold for the other kind of host says nothing about this one, and takes no other's place.

    Args:
      report: what was measured.
      policy: what is asked for; a threshold of the report's kind that it lacks forbids the blessing.

    Returns:
      The decision, with a sentence for every condition that failed.
    """
    conditions = (_fidelity, _survival, _false_claims)
    reasons = (*_missing(policy, report), *(reason for condition in conditions for reason in condition(report, policy)))
    return Decision(not reasons, reasons)


def _missing(policy: Policy, report: Report) -> Iterator[str]:
    for name in (*kind_called(report.kind).thresholds, "alpha"):
        if getattr(policy, name) is None:
            yield f"The policy sets no `{name}`; a policy without thresholds blesses nothing."
    if not policy.must_survive:
        yield "The policy's `must_survive` is empty; name at least one attack that the mark has to survive."


def _fidelity(report: Report, policy: Policy) -> Iterator[str]:
    yield from (f"Fidelity: {reason}" for reason in kind_called(report.kind).shortfalls(report.fidelity, policy))


def _survival(report: Report, policy: Policy) -> Iterator[str]:
    if not report.of_group("unattacked"):
        yield "Survival: the unattacked marked model was not evaluated."
    for row in report.rows:
        demanded = row.group == "unattacked" or policy.demands(row.tried, row.group)
        if row.group in DEMANDABLE and demanded and not (row.verdict["marked"] and claims(row, policy.alpha)):
            yield f"Survival: {row.label} is not recognised ({_figures(row, policy)})."
    tried = {name for row in report.rows if row.group in DEMANDABLE for name in (row.tried, row.group)}
    for name in policy.must_survive:
        if name not in tried:
            yield f"Survival: the policy demands that {name} survives, but no such attack was evaluated."


def _false_claims(report: Report, policy: Policy) -> Iterator[str]:
    for group in NEEDED_CONTROLS:
        if not report.of_group(group):
            yield f"False claims: no row of the group `{group}` was evaluated, so nobody looked for them."
    for row in report.rows:
        if row.expected == "unmarked" and (row.verdict["marked"] or claims(row, policy.alpha)):
            yield f"False claim: {row.label} is taken for the owner's, but is not ({_figures(row, policy)})."


def claims(row: Row, alpha: float | None) -> bool:
    """Whether a row's figures amount to a claim at a level, whatever level they were taken at.

    Args:
      row: of a report.
      alpha: the false-claim probability; None takes the verdict's own.
    """
    verdict = row.verdict
    limit = verdict["alpha"] if alpha is None else alpha
    return verdict["p_value"] <= limit and verdict["score"] >= verdict["threshold"]


def _figures(row: Row, policy: Policy) -> str:
    verdict = row.verdict
    limit = verdict["alpha"] if policy.alpha is None else policy.alpha
    return (
        f"score {verdict['score']:.3f}, a claim takes {verdict['threshold']:.3f}; "
        f"p = {verdict['p_value']:.2g}, a claim takes {limit:g} or less"
    )
