"""Figures 11 and 12: R without the clean loss, and without the consistency loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.evidence import statistics
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.zhang2021.measure import (
    SUCCESS,
    Figures,
    answers_to_test,
    extracted,
    judged,
    mark_rows,
    quality,
    quality_rows,
    read_marks,
)  # fmt: skip
from tfwm.papers.zhang2021.models import WITHOUT_STAGE, copied, host, marked
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.robustness import stage_changes
from tfwm.papers.zhang2021.scales import DERAIN, surrogates
from tfwm.schemes import scheme_of
from tfwm.suspects import as_float
from tfwm.suspects.trivial import echo

CASE = DERAIN
SHOWN = 0  # number of the test picture that is shown
CLEAN: Mapping[str, dict[str, Any]] = {"with clean loss": {}, "without clean loss": {"clean_weight": 0.0}}
CONSISTENT: Mapping[str, dict[str, Any]] = {
    "with consistency loss": {}, "without consistency loss": {"consistency_weight": 0.0},
}  # fmt: skip
STAGES = {"both stages": True, "the initial stage alone": False}


def figure11(context: Context) -> Findings:
    """What R extracts from unmarked pictures of both domains, with the clean loss and without it."""
    rows: list[Row] = []
    found: dict[str, dict[str, Figures]] = {}
    sheets = {}
    for label, changes in CLEAN.items():
        subject = marked(context, CASE, **changes)
        found[label] = {
            "A": _on_inputs(context, subject),
            "B": judged(context, host(context, CASE.task), subject),
            "B'": judged(context, subject),
        }
        rows += quality_rows(label, quality(context, subject))
        for domain, title in (("A", "unmarked inputs (A)"), ("B", "unmarked outputs (B)"), ("B'", "marked outputs")):
            rows += mark_rows(f"{label}, {title}", [found[label][domain]])
        sheets[label] = _unmarked_example(context, subject)
    return Findings(tuple(rows), (_blank(found["with clean loss"]), _printing(found["without clean loss"])), sheets)


def _on_inputs(context: Context, subject: Subject) -> Figures:
    """`judged` of the images of domain A: of a suspect that gives back what it is sent."""

    def measure(folder: Path) -> Figures:
        key = subject.owner_key()
        verdict = scheme_of(key).verify(echo(), key).as_dict()
        told = {name: verdict[name] for name in ("bits", "n", "p_value")}
        return {**read_marks(as_float(pairs(context, CASE.task, "test").inputs), key), **told}

    return measured(context, subject, "marks in the inputs by the key", measure)


def _unmarked_example(context: Context, subject: Subject) -> dict[str, np.ndarray]:
    key = subject.owner_key()
    first = as_float(pairs(context, CASE.task, "test").inputs)[SHOWN]
    second = answers_to_test(context, host(context, CASE.task))[SHOWN]
    mark, shown = as_float(key.arrays["logo"]), {}
    for letters, name, picture in (("ab", "input", first), ("cd", "output", second)):
        read = extracted(picture[None], key)[0]
        shown[f"({letters[0]}) unmarked {name}"] = picture
        nc, centred = statistics.nc(read, mark), statistics.centred_nc(read, mark)
        shown[f"({letters[1]}) extracted from it\nNC {nc:.3f}, centred {centred:.2f}"] = read
    return {**shown, "the mark": mark}


def _blank(found: Mapping[str, Figures]) -> Claim:
    unmarked = [found["A"], found["B"]]
    rates = [one[name] for one in unmarked for name in ("sr_nc", "sr_c")]
    return Claim(
        "With clean loss nothing is extracted from unmarked pictures: both success rates are 0 %.",
        max(rates) == 0.0, f"{_domains(found)}.",
    )  # fmt: skip


def _printing(found: Mapping[str, Figures]) -> Claim:
    least = min(found[domain]["nc"] for domain in ("A", "B"))
    return Claim(
        f"Without clean loss R extracts something of NC above {SUCCESS:g} from unmarked pictures, so that nothing is "
        "proved.",
        least > SUCCESS, f"{_domains(found)}.",
    )  # fmt: skip


def _domains(found: Mapping[str, Figures]) -> str:
    said = [
        f"{domain}: NC {found[domain]['nc']:.3f}, centred {found[domain]['centred']:.2f}, SR_NC "
        f"{found[domain]['sr_nc']:.0f} %, SR_C {found[domain]['sr_c']:.0f} %"
        for domain in ("A", "B")
    ]
    return f"{'; '.join(said)}; a blank picture has NC {found['A']['blank']:.3f}"


def figure12(context: Context) -> Findings:
    """What R extracts from the outputs of a surrogate (U-Net, L2), with the consistency loss and without it."""
    rows: list[Row] = []
    found: dict[tuple[str, str], Figures] = {}
    sheets = {}
    for stage, on in STAGES.items():
        for label, changes in CONSISTENT.items():
            subject = marked(context, CASE, **changes, **stage_changes(on))
            copy, title = copied(context, subject, surrogates(context)["UNet"]), f"{stage}, {label}"
            found[stage, label] = judged(context, copy)
            rows += quality_rows(f"{title}, marked outputs", quality(context, subject))
            rows += mark_rows(f"{title}, marked outputs", [judged(context, subject)])
            rows += mark_rows(f"{title}, the surrogate", [found[stage, label]])
            sheets[title] = _copied_example(context, subject, copy)
        rows += mark_rows(f"{stage}, the unmarked host", [_of_host(context, on)])
    claims = tuple(_weaker(stage, found) for stage in STAGES)
    return Findings(tuple(rows), claims, sheets)


def _of_host(context: Context, on: bool) -> Figures:
    return judged(context, host(context, CASE.task), marked(context, CASE, **({} if on else WITHOUT_STAGE)))


def _copied_example(context: Context, subject: Subject, copy: Subject) -> dict[str, np.ndarray]:
    key = subject.owner_key()
    answer, mark = answers_to_test(context, copy)[SHOWN], as_float(key.arrays["logo"])
    read = extracted(answer[None], key)[0]
    return {
        "(a) unmarked": answers_to_test(context, host(context, CASE.task))[SHOWN],
        "(b) marked": answers_to_test(context, subject)[SHOWN], "(c) the surrogate's": answer,
        f"(d) extracted from (c)\ncentred NC {statistics.centred_nc(read, mark):.2f}": read,
        "the mark": mark,
    }  # fmt: skip


def _weaker(stage: str, found: Mapping[tuple[str, str], Figures]) -> Claim:
    own, without = (found[stage, label] for label in CONSISTENT)
    return Claim(
        f"After {stage}, R extracts a clear mark from the surrogate's outputs with the consistency loss (centred NC "
        "over 0.9), and a weaker one without it (by 0.1 at least).",
        own["centred"] > 0.9 and own["centred"] - without["centred"] >= 0.1,
        f"Centred NC {own['centred']:.3f} with it and {without['centred']:.3f} without; SR_NC {own['sr_nc']:.0f} and "
        f"{without['sr_nc']:.0f} %; SR_C {own['sr_c']:.0f} and {without['sr_c']:.0f} %.",
    )  # fmt: skip
