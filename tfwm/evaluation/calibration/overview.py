"""All calibrations of a folder in one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfwm.evaluation.calibration.document import Calibration, Sample
from tfwm.evaluation.calibration.uniform import CONFIDENCE
from tfwm.evaluation.markdown import table, write_page

PAGE = "README.md"
_KEYS = (
    "Wrong keys are drawn like the owner's, for each of the models that they are asked about; of several models the "
    "worst one counts. Excess is the most by which the share of p-values up to x exceeds x; of 10,000 uniform numbers "
    "it is about 0.01. Of the tests of a scheme the smallest p stands here; 0.001 over their number would be a fault. "
    "The rate of false claims is at most what stands there, by the exact "
    f"{CONFIDENCE:.0%} interval of Clopper and Pearson."
)
_RANKS = (
    "Here p is a rank among control models that the key holds, never below 1/(m + 1), and says nothing about keys: the "
    "statement is about models. p of the tests is of the hypothesis that the independent models are exchangeable with "
    "the controls, by exact tests. Controls that the owner chose are no evidence; these figures say whether honest "
    "ones were enough."
)


def write_overview(folder: str | Path) -> Path:
    """Writes `README.md` with a row for each `<name>/calibration.json`.

    Args:
      folder: that of the calibrations.

    Returns:
      The page.

    Raises:
      FileNotFoundError: there is no calibration.
      ValueError: a file that is none.
    """
    files = sorted(Path(folder).glob("*/calibration.json"))
    if not files:
        raise FileNotFoundError(
            f"`{folder}` must hold folders with a calibration.json, got none. Calibrate keys first."
        )
    found = {path.parent.name: Calibration.load(path) for path in files}
    keys = {name: one for name, one in found.items() if not one.controls}
    ranks = {name: one for name, one in found.items() if one.controls}
    return write_page(Path(folder) / PAGE, [
        "# Is p honest?",
        _summary(found),
        "\n".join(f"* {name}: {warning}." for name, one in found.items() for warning in one.warnings),
        *_part("Whatever the key's owner chose", _KEYS, _KEY_HEADINGS, [_key_row(*one) for one in keys.items()]),
        *_part("Ranks among models", _RANKS, _RANK_HEADINGS, [_rank_row(*one) for one in ranks.items()]),
        "Written by `tfwm calibrate --overview` from the calibration.json of each row.",
    ])  # fmt: skip


def _part(title: str, text: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"## {title}", text, table(headings, rows)] if rows else []


def _summary(found: dict[str, Calibration]) -> str:
    liars = [name for name, one in found.items() if not one.honest]
    if not liars:
        but = ", but not all of them show as much" if any(one.warnings for one in found.values()) else ""
        return f"In none of these {len(found)} calibrations p-values are found too small{but}."
    return f"**In {len(liars)} of {len(found)} calibrations p-values are too small: {', '.join(liars)}.**"


_KEY_HEADINGS = (
    "key", "honest", "wrong keys", "models asked", "smallest p", "largest excess", "p of the tests", "false claims",
    "at level", "rate at most", "independent models", "false claims on these", "rate at most",
)  # fmt: skip
_RANK_HEADINGS = (
    "key", "honest", "controls", "independent models", "smallest p", "excess", "p of the tests", "false claims",
    "expected at most", "exact interval of their rate", "p of the marked model",
)  # fmt: skip


def _key_row(name: str, found: Calibration) -> tuple[str, ...]:
    asked = [sample for sample in found.samples if sample.test.independent]
    own = [sample for sample in found.samples if not sample.test.independent]
    return (
        _link(name), _yes(found), f"{found.keys:,}", f"{len(asked)}", _smallest(asked),
        f"{max((sample.test.distance for sample in asked), default=0.0):.4f}", _tests(found), *_claims(asked, found),
        f"{sum(sample.test.n for sample in own)}", *_claims(own, found)[::2],
    )  # fmt: skip


def _rank_row(name: str, found: Calibration) -> tuple[str, ...]:
    (sample,) = found.samples
    claims = sample.test.claims
    return (
        _link(name), _yes(found), f"{found.controls}", f"{sample.test.n}", _smallest([sample]),
        f"{sample.test.distance:.2f}", _tests(found), f"{claims.hits}", f"{sample.test.n * claims.level:.2g}",
        f"{claims.low:.2g} to {claims.high:.2g}", ", ".join(_p(log10_p) for log10_p in found.marked.values()) or "–",
    )  # fmt: skip


def _claims(samples: Sequence[Sample], found: Calibration) -> tuple[str, str, str]:
    """The false claims on the worst model, the level, and the upper end of their interval."""
    if not samples:
        return "–", "–", "–"
    worst = max((sample.test.claims for sample in samples), key=lambda count: count.high)
    return f"{worst.hits}", f"{found.alpha / found.looks:.3g}", f"{worst.high:.2g}"


def _link(name: str) -> str:
    return f"[{name}]({name}/calibration.md)"


def _yes(found: Calibration) -> str:
    return "**no**" if not found.honest else "not shown" if found.warnings else "yes"


def _tests(found: Calibration) -> str:
    return f"{min(p for sample in found.samples for p in sample.test.p_values):.2g} of {found.tests}"


def _smallest(samples: Sequence[Sample]) -> str:
    return _p(min(sample.test.smallest for sample in samples)) if samples else "–"


def _p(log10_p: float) -> str:
    """A p-value in two digits, also where a float has no such number."""
    return f"{10.0**log10_p:.2g}" if log10_p > -300 else f"1e{log10_p:.0f}"
