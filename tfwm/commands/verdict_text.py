"""A verdict in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tfwm.evidence.claims import Standing
    from tfwm.types import Verdict


def verdict_text(
    suspect: str, fingerprint: str, verdict: Verdict, standing: Standing, *, claim: float | None = None,
    marked: bool | None = None,
) -> str:  # fmt: skip
    """One sentence, the figures, the hypothesis that the p-value rests on, and what it is worth to others.

    Args:
      suspect: how the user named it.
      fingerprint: of the key.
      verdict: to be told, at the standing's level.
      standing: when the key was fixed, as far as that can be shown.
      claim: log10 of the false-claim probability, where more was asked than this; None takes that of the verdict alone.
      marked: whether that is enough; None takes the verdict's word.
    """
    log10_p = cast(float, verdict.log10_p)
    claim = standing.log10_claim(log10_p, verdict.looks) if claim is None else claim
    lines = [_sentence(suspect, fingerprint, verdict.marked if marked is None else marked, claim), ""]
    figures = [
        ("score", f"{verdict.score:.3f} (a claim takes {verdict.threshold:.3f})"),
        ("p-value", f"{p_text(log10_p)} (a claim takes {verdict.alpha / verdict.looks:.2g} or less)"),
        ("evidence", f"{verdict.n} independent pieces"),
        ("looks", f"{verdict.looks}, by which p is multiplied"),
        ("false claim", f"{p_text(claim)}: p times all looks and all keys that could have been tried"),
    ]
    # Three places, or three digits of what would be lost in them.
    details = verdict.details.items()
    figures += [(name, f"{value:.2e}" if 0.0 < abs(value) < 0.01 else f"{value:.3f}") for name, value in details]
    width = max(12, *(len(name) for name, _ in figures))
    lines += [f"  {name:<{width}} {text}" for name, text in figures]
    null = f"p is the chance of a score this good if the following holds: {verdict.null}."
    return "\n".join([*lines, "", null, f"Standing: {standing.sentence}."])


def _sentence(suspect: str, fingerprint: str, marked: bool, claim: float) -> str:
    if marked:
        return (
            f"VERIFIED: {suspect} carries the mark of the key {fingerprint}; "
            f"a model that has nothing to do with this key would seem to with a chance of {one_in(claim)}."
        )
    return (
        f"NOT VERIFIED: {suspect} gives no proof of the mark of the key {fingerprint}. "
        "That is no proof of the contrary: a mark can be removed."
    )


def p_text(log10_p: float) -> str:
    """`3.6e-101`, rounded up, however small it is.

    Args:
      log10_p: its decimal logarithm, at most 0.
    """
    if log10_p > -2:
        return f"{10**log10_p:.2g}"
    exponent = math.floor(log10_p)
    mantissa = math.ceil(round(10 ** (log10_p - exponent) * 10, 6)) / 10
    return f"{mantissa:.1f}e{exponent}" if mantissa < 10 else f"1.0e{exponent + 1}"


def one_in(log10_p: float) -> str:
    """`1 in 1.9e+06`, cut rather than rounded: never more than the p-value says.

    Args:
      log10_p: decimal logarithm of the p-value, at most 0.
    """
    p_value = 10**log10_p
    if p_value > 0.1:
        return f"{p_value:.0%}"
    if p_value >= 1e-6:
        return f"1 in {int(1.0 / p_value):,}"
    exponent = math.floor(-log10_p)
    return f"1 in {math.floor(10 ** (-log10_p - exponent) * 10 + 1e-9) / 10:.1f}e+{exponent:02d}"
