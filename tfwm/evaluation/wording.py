"""Figures and verdicts in the words of the report page."""

from __future__ import annotations

import math

from markupsafe import Markup, escape

from tfwm.attacks.registry import ATTACKS
from tfwm.evaluation.report import Report, Row
from tfwm.kinds import Kind

_WORDS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def one_in(p_value: float) -> Markup:
    """`1 in 18 million`, rounded so that it never claims more than the p-value does."""
    if p_value > 0.1:
        return Markup(f"{round(p_value * 100.0)} in 100")
    many = _floored(1.0 / p_value, 2)
    if many >= 1e15:
        exponent = math.floor(math.log10(many))
        return Markup(f"1 in {many / 10.0**exponent:.1f} × 10<sup>{exponent}</sup>")
    for size, word in _WORDS:
        if many >= size:
            return Markup(f"1 in {many / size:.3g} {word}")
    return Markup(f"1 in {many:,.0f}")


def power_of_ten(p_value: float) -> Markup:
    """`5.5 × 10⁻²⁰`, rounded up; plain down to one in a thousand."""
    if p_value >= 1e-3:
        return Markup(f"{p_value:.2g}")
    exponent = math.floor(math.log10(p_value))
    mantissa = math.ceil(round(p_value / 10.0**exponent * 10.0, 6)) / 10.0
    if mantissa >= 10.0:
        mantissa, exponent = mantissa / 10.0, exponent + 1
    return Markup(f"{mantissa:.1f} × 10<sup>−{-exponent}</sup>")


def _floored(value: float, digits: int) -> float:
    """Cut to so many significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    return math.floor(round(value / unit, 6)) * unit


def found(marked: bool) -> str:
    return "recognised" if marked else "not recognised"


# What was demanded of a row.
EXPECTED = {"marked": "recognised", "unmarked": "not recognised", "recorded": "nothing demanded"}
# Heading of a group of rows, and what a row without an attack is.
GROUPS = {
    "unattacked": ("The marked model itself", "as it is released"),
    "attack": ("Copies of the marked model after an attack", ""),
    "control": ("Models that never held the mark", "the same model before it was marked"),
    "wrong key": ("The marked model, asked with a key that is not the owner’s", "a key drawn like the owner’s"),
    "trivial": ("No model at all", ""),
}


def origin(row: Row, kind: Kind) -> str:
    """What the suspect of a row is, for a reader who knows no label.

    Args:
      row: of a report.
      kind: of the report's hosts.
    """
    if row.attack:
        name = str(row.attack["attack"])
        return ATTACKS[name].sentence if name in ATTACKS else ""
    return kind.origins.get(row.label, GROUPS.get(row.group, ("", ""))[1])


def share(value: float | None) -> str:
    """`87.3 %`."""
    return "not available" if value is None else f"{100 * value:.1f} %"


def answer(report: Report) -> Markup:
    """The whole report in one sentence."""
    attacks, innocent = report.of_group("attack"), [row for row in report.rows if row.expected == "unmarked"]
    survived, accused = [r for r in attacks if r.verdict["marked"]], [r for r in innocent if r.verdict["marked"]]
    itself = any(row.verdict["marked"] for row in report.of_group("unattacked"))
    yes = itself and not accused
    copies = f"; {len(survived)} of {len(attacks)} attacked copies of it are recognised too" if attacks else ""
    sentence = (
        f"{'Yes' if yes else 'No'}: the marked model is {found(itself)} as the owner’s{copies}; "
        f"of {len(innocent)} controls (models without the mark, wrong keys, no model at all), "
        f"{len(accused) or 'none'} {'was' if len(accused) <= 1 else 'were'} taken for the owner’s."
    )
    return escape(sentence)


def defeats(report: Report) -> list[str]:
    """Labels of the attacks after which the mark was not recognised."""
    return [row.label for row in report.of_group("attack") if not row.verdict["marked"]]
