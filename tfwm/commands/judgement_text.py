"""A judgement in words, for people who know neither the library nor statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MEANING = (
    "p is the chance of answers this good from a model for which the null holds. It is not the chance that the model "
    "was not stolen, and says nothing of how it came where it is."
)


def judgement_text(suspect: str, bundles: Sequence[Mapping[str, Any]], prevails: int | None) -> str:
    """What was found of each bundle, and whose mark was first.

    Args:
      suspect: how the user named it.
      bundles: the documents of `tfwm judge`.
      prevails: index of the bundle whose claim holds before all others; None where none does, or nobody can say.
    """
    lines = [_sentence(suspect, bundles, prevails)]
    for bundle in bundles:
        whose = f", of {bundle['identity']} ({bundle['signer']})" if bundle["identity"] else ""
        lines += [
            "",
            f"{bundle['bundle']}: {'holds' if bundle['verified'] else 'does not hold'}{whose}",
            f"  evidence     pieces {bundle['pieces'][0]} to {bundle['pieces'][1] - 1} of {bundle['of']}, "
            f"{bundle['scheme']}",
            f"  score        {bundle['score']:.3f} on {bundle['n']} independent questions",
            f"  p            10^{bundle['log10_p']:.2f}, once",
            f"  looks        {bundle['looks']}: blocks that could have been chosen among",
            f"  false claim  10^{bundle['log10_claim']:.2f}, over all looks and all keys that could have been tried",
            f"  standing     {bundle['standing']}",
            f"  controls     {len(bundle['controls'])}, none of which the evidence fires on",
            f"  null         {bundle['null']}",
        ]
    return "\n".join([*lines, "", MEANING])


def _sentence(suspect: str, bundles: Sequence[Mapping[str, Any]], prevails: int | None) -> str:
    genuine = sum(bundle["verified"] for bundle in bundles)
    if prevails is None and not genuine:
        return f"NOT VERIFIED: {suspect} gives no proof of a mark. That is no proof of the contrary."
    if prevails is None:
        return f"UNDECIDED: {suspect} carries the marks of {genuine} owners, and nobody can say whose was first."
    if genuine == 1:
        return f"VERIFIED: {suspect} carries the mark of {bundles[prevails]['bundle']}."
    return (
        f"VERIFIED: {suspect} carries the marks of {genuine} owners; that of {bundles[prevails]['bundle']} was "
        f"committed to first, at {bundles[prevails]['time']}."
    )
