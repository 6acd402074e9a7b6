"""Tables 1, 5 and 6: what the mark costs, and that R reads it: for several marks, weights of R's loss, and sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.zhang2021.measure import AIM, Figures, judged, mark_rows, quality, quality_rows
from tfwm.papers.zhang2021.models import copied, host, marked
from tfwm.papers.zhang2021.printed import TABLE_1, TABLE_5, TABLE_6
from tfwm.papers.zhang2021.scales import (
    CANVAS,
    CASES,
    DEBONE,
    SCALES,
    Case,
    first_at_smoke,
    surrogates,
)  # fmt: skip

LEAST_DB, LEAST_NC = 38.0, 0.99
ONES = {"the marked model": "marked", "the unmarked host": "host", "a surrogate of the unmarked host": "innocent"}
Found = Mapping[str, Figures]
"""Of one marked model by `marked`, `host` and `innocent`, all judged with its key; and its `quality`."""


def table1(context: Context) -> Findings:
    """Marks of five kinds in the outputs of two hosts: PSNR, SSIM, NC and success rates."""
    cases = first_at_smoke(context, CASES)
    found = {case.title: found_in(context, case, marked(context, case)) for case in cases}
    rows = [row for case in cases for row in rows_of(case.title, found[case.title], TABLE_1[case.name])]
    return Findings(tuple(rows), (faithful(found), extractable(found), honest(found), coded(found)))


def table5(context: Context) -> Findings:
    """Debone-IEEE with five weights of the extracting loss, lambda of eq. 4."""
    values = context.at(smoke=(0.1, 10.0), desk=tuple(TABLE_5), paper=tuple(TABLE_5))
    subjects = {value: marked(context, DEBONE, **_unless(1.0, extracting_weight=value)) for value in values}
    found = {f"lambda {value:g}": found_in(context, DEBONE, subject) for value, subject in subjects.items()}
    rows = [row for value in values for row in rows_of(f"lambda {value:g}", found[f"lambda {value:g}"], TABLE_5[value])]
    psnr = [one["quality"]["psnr"] for one in found.values()]
    falling = Claim(
        "The larger lambda is, the lower the PSNR.", all(a > b for a, b in pairwise(psnr)),
        f"{_listed(found, 'quality', 'psnr', '.2f')} dB.",
    )  # fmt: skip
    return Findings(tuple(rows), (falling, faithful(found), extractable(found), honest(found), coded(found)))


def table6(context: Context) -> Findings:
    """Debone-IEEE with marks of five sizes, padded with white to the size of the images."""
    side, found, rows = SCALES[context.scale].side, {}, []
    for size in SCALES[context.scale].sizes:
        here = size * side // CANVAS
        title = f"{size} of {CANVAS}" + (f" (here {here} of {side})" if side != CANVAS else "")
        found[title] = found_in(context, DEBONE, marked(context, DEBONE, **_unless(side, mark_size=here)))
        rows += rows_of(title, found[title], TABLE_6[size])
    return Findings(tuple(rows), (faithful(found), extractable(found), telling(found), honest(found), coded(found)))


def _unless(usual: float, **change: Any) -> dict[str, Any]:
    """The change; none where it is the usual value, so that all tables share one marked model."""
    ((name, value),) = change.items()
    return {} if value == usual else {name: value}


def found_in(context: Context, case: Case, subject: Subject) -> Found:
    """A marked model, its host, and a U-Net that a thief trained on the unmarked host, judged with one key.

    Args:
      context: of the experiment.
      case: whose host it is.
      subject: the marked model, with its key.
    """
    unmarked = host(context, case.task)
    return {
        "quality": quality(context, subject), "marked": judged(context, subject),
        "host": judged(context, unmarked, subject),
        "innocent": judged(context, innocent(context, case), subject),
    }  # fmt: skip


def innocent(context: Context, case: Case) -> Subject:
    """A surrogate of the unmarked host: a thief's U-Net with the L2 loss, whose victim had no mark.

    Args:
      context: of the experiment.
      case: whose host it is.
    """
    return copied(context, host(context, case.task), surrogates(context)["UNet"])


def rows_of(title: str, found: Found, paper: tuple[float, float, float, str]) -> list[Row]:
    """The rows of one marked model and of what is judged beside it.

    Args:
      title: the beginning of every label.
      found: of `found_in`.
      paper: PSNR, SSIM, NC and SR_NC / SR_C that the paper prints.
    """
    psnr, ssim, nc, rates = paper
    rows = quality_rows(title, found["quality"], (psnr, ssim))
    rows += mark_rows(title, [found["marked"]], nc=nc, rates=rates)
    for label, name in list(ONES.items())[1:]:
        rows += mark_rows(f"{title}, {label}", [found[name]])
    return rows


def faithful(found: Mapping[str, Found]) -> Claim:
    """The claim on what the mark costs.

    Args:
      found: of `found_in`, by title.
    """
    least = min(one["quality"]["psnr"] for one in found.values())
    return Claim(
        f"Marked and unmarked outputs are at least {LEAST_DB:g} dB apart (40.24 to 49.82 in the paper).",
        least >= LEAST_DB, f"PSNR in dB: {_listed(found, 'quality', 'psnr', '.2f')}.",
    )  # fmt: skip


def extractable(found: Mapping[str, Found]) -> Claim:
    """The claim that R reads the mark in every output.

    Args:
      found: of `found_in`, by title.
    """
    whole = all(one["marked"][rate] == 100.0 for one in found.values() for rate in ("sr_nc", "sr_c"))
    average = min(one["marked"]["nc"] for one in found.values())
    return Claim(
        f"The average NC is over {LEAST_NC}, and both success rates are 100 %.", whole and average > LEAST_NC,
        f"NC: {_listed(found, 'marked', 'nc', '.4f')}; SR_NC: {_listed(found, 'marked', 'sr_nc', '.0f')}; "
        f"SR_C: {_listed(found, 'marked', 'sr_c', '.0f')}.",
    )  # fmt: skip


def honest(found: Mapping[str, Found]) -> Claim:
    """The claim that what holds no mark is not called marked; NC must do that too, or its rate says nothing.

    Args:
      found: of `found_in`, by title.
    """
    names = ("host", "innocent")
    rates = {rate: max(one[name][rate] for one in found.values() for name in names) for rate in ("sr_nc", "sr_c")}
    least = min(one[name]["p_value"] for one in found.values() for name in names)
    blank = max(one["marked"]["blank"] for one in found.values())
    return Claim(
        "Neither the unmarked host nor its surrogate is called marked: both success rates are 0 %, and p stays above "
        f"{AIM:g}.",
        max(rates.values()) == 0.0 and least > AIM,
        f"Highest SR_NC {rates['sr_nc']:.0f} %, highest SR_C {rates['sr_c']:.0f} %, smallest p {least:.1e}; a blank "
        f"picture has NC up to {blank:.3f}, and 0.95 counts as success.",
    )  # fmt: skip


def coded(found: Mapping[str, Found]) -> Claim:
    """The claim on the code beside the logo, which is not in the paper.

    Args:
      found: of `found_in`, by title.
    """
    largest = max(one["marked"]["p_value"] for one in found.values())
    return Claim(
        f"The code beside the logo (not in the paper) has p of at most {AIM:g} in every marked model.", largest <= AIM,
        f"Largest p {largest:.1e}; bits: {_listed(found, 'marked', 'bits', '.0f')}.",
    )  # fmt: skip


def telling(found: Mapping[str, Found]) -> Claim:
    """The claim that NC above 0.95 says something at every size.

    Args:
      found: of `found_in`, by title.
    """
    passing = [title for title, one in found.items() if one["marked"]["blank"] > 0.95]
    return Claim(
        "NC above 0.95 tells a mark of every size from a blank picture.", not passing,
        f"NC of a blank: {_listed(found, 'marked', 'blank', '.4f')}. "
        + (f"A blank picture passes for the mark at {_and(passing)}; centred NC does not have this fault: "
           f"{_listed(found, 'marked', 'centred', '.3f')} in the marked outputs." if passing else "None passes."),
    )  # fmt: skip


def _listed(found: Mapping[str, Found], part: str, name: str, form: str) -> str:
    return ", ".join(f"{title} {one[part][name]:{form}}" for title, one in found.items())


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
