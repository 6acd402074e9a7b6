"""A verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfwm.types import Verdict


def verdict_text(suspect: str, fingerprint: str, verdict: Verdict) -> str:
    """One sentence, the figures, and the hypothesis that the p-value rests on.

    Args:
      suspect: how the user named it.
      fingerprint: of the key.
      verdict: to be told.
    """
    lines = [_sentence(suspect, fingerprint, verdict), ""]
    figures = [
        ("score", f"{verdict.score:.3f} (a claim takes {verdict.threshold:.3f})"),
        ("p-value", f"{verdict.p_value:.2g} (a claim takes {verdict.alpha:g} or less)"),
        ("evidence", f"{verdict.n} independent pieces"),
    ]
    # Three places, or three digits of what would be lost in them.
    details = verdict.details.items()
    figures += [(name, f"{value:.2e}" if 0.0 < abs(value) < 0.01 else f"{value:.3f}") for name, value in details]
    width = max(12, *(len(name) for name, _ in figures))
    lines += [f"  {name:<{width}} {text}" for name, text in figures]
    return "\n".join([*lines, "", f"p is the chance of a score this good if the following holds: {verdict.null}."])


def _sentence(suspect: str, fingerprint: str, verdict: Verdict) -> str:
    if verdict.marked:
        return (
            f"VERIFIED: {suspect} carries the mark of the key {fingerprint}; "
            f"a model that has nothing to do with this key would seem to with a chance of {one_in(verdict.p_value)}."
        )
    return (
        f"NOT VERIFIED: {suspect} gives no proof of the mark of the key {fingerprint}. "
        "That is no proof of the contrary: a mark can be removed."
    )


def one_in(p_value: float) -> str:
    """`1 in 1.9e+06`, cut rather than rounded: never more than the p-value says."""
    if p_value > 0.1:
        return f"{p_value:.0%}"
    if p_value >= 1e-6:
        return f"1 in {int(1.0 / p_value):,}"
    mantissa, exponent = f"{1.0 / p_value:.9e}".split("e")
    return f"1 in {mantissa[:3]}e{exponent}"
