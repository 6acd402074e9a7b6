"""Table 10 and figure 15: a data set's targets and a traditional algorithm's outputs, marked by H alone.

The thief trains a network on them (Res9, L1 and adversarial loss), as whoever steals a data set, or imitates an
algorithm, would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfwm.evidence import statistics
from tfwm.kinds import fidelity
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.zhang2021.measure import (
    AIM,
    Figures,
    answers_of,
    answers_to_test,
    extracted,
    judged,
    mark_rows,
    quality_rows,
    read_marks,
)  # fmt: skip
from tfwm.papers.zhang2021.models import VERSION, copied, protected
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.printed import TABLE_10
from tfwm.papers.zhang2021.scales import PROTECTED, Case, first_at_smoke, residual_thief
from tfwm.schemes import scheme_of
from tfwm.suspects import RecordedSuspect, as_float
from tfwm.types import Access

CASES = {"DPED": Case("polyu", "flower"), "RTV": Case("rtv", "flower")}
"""By the paper's name; PolyU's pairs, cameras' pictures and means of many, stand for DPED, which is not at hand."""
LEAST_DB = 38.0
BY_C = 90.0  # percent; the paper has 100, and SR_NC of 99
SHOWN = 0  # number of the test picture that is shown


def table10(context: Context) -> Findings:
    """What marking costs, and what R reads in the marked pictures and in the outputs of the thief's network."""
    rows: list[Row] = []
    claims: list[Claim] = []
    for name, case in first_at_smoke(context, CASES.items()):
        psnr, ssim, own, copy = TABLE_10[name]
        title, found = PROTECTED[case.task].title, found_in(context, case)
        rows += quality_rows(title, found["quality"], (psnr, ssim))
        printed = {"marked": own, "the thief's network": copy}
        for label in list(found)[1:]:
            rows += mark_rows(f"{title}, {label}", [found[label]], rates=printed.get(label))
        claims += [_works(title, found), _followed(title, found), _spared(title, found)]
    return Findings(tuple(rows), tuple(claims))


def found_in(context: Context, case: Case) -> dict[str, Figures]:
    """`quality` of the marked pictures, then what is found in them, in unmarked ones, and in networks trained on each.

    Args:
      context: of the experiment.
      case: what is protected, and the mark.
    """
    owner = protected(context, case)
    return {
        "quality": measured(context, owner, "quality of marked targets", lambda folder: _quality(context, owner)),
        "marked": _published(context, owner, marked=True),
        "the thief's network": judged(context, thief(context, case, marked=True)),
        "unmarked": _published(context, owner, marked=False),
        "a network trained on unmarked ones": judged(context, thief(context, case, marked=False), owner),
    }


def _quality(context: Context, owner: Subject) -> Figures:
    targets = pairs(context, owner.host, "test").targets
    answers = answers_of(owner.model(), targets)
    return {"psnr": fidelity.mean_psnr(answers, as_float(targets)), "ssim": fidelity.ssim(answers, as_float(targets))}


def _published(context: Context, owner: Subject, *, marked: bool) -> Figures:
    """As `judged`, of pictures and not of a network: the test part's, and the key's own for the verdict."""

    def seen(images: np.ndarray) -> np.ndarray:
        return answers_of(owner.model(), images) if marked else as_float(images)

    def measure(folder: Path) -> Figures:
        key = owner.owner_key()
        recorded = RecordedSuspect.record("published", key.arrays["probes"], seen(key.arrays["unmarked"]))
        verdict = scheme_of(key).verify(recorded, key).as_dict()
        told = {name: verdict[name] for name in ("bits", "n", "p_value")}
        return {**read_marks(seen(pairs(context, owner.host, "test").targets), key), **told}

    return measured(context, owner, f"marks in {'marked' if marked else 'unmarked'} targets", measure)


def thief(context: Context, case: Case, *, marked: bool) -> Subject:
    """A network that a thief trained on targets of his part of the pictures.

    Args:
      context: of the experiment.
      case: what is protected, and the mark.
      marked: whether they were marked.
    """
    owner, data = protected(context, case), pairs(context, case.task, "attacker")

    def answers() -> RecordedSuspect:
        shown = answers_of(owner.model(), data.targets) if marked else data.targets
        # A surrogate asks for answers to its own pictures; all of these are on record.
        return replace(RecordedSuspect.record("published", data.inputs, shown), access=Access.QUERIES)

    recipe = {
        "what": f"unmarked {PROTECTED[case.task].title}", "recipe_version": VERSION, "seed": context.seeds[0],
        "data": digest(data.inputs, data.targets),
    }  # fmt: skip
    stolen = owner if marked else Subject(recipe, owner.model, None, case.task)
    return copied(context, stolen, residual_thief(context), answers)


def _works(title: str, found: Mapping[str, Figures]) -> Claim:
    own, cost = found["marked"], found["quality"]
    return Claim(
        f"{title}: marked pictures are at least {LEAST_DB:g} dB from unmarked ones, and all of them are read.",
        cost["psnr"] >= LEAST_DB and own["sr_nc"] == own["sr_c"] == 100.0,
        f"PSNR {cost['psnr']:.2f} dB; SR_NC {own['sr_nc']:.0f} %, SR_C {own['sr_c']:.0f} %, NC {own['nc']:.4f}.",
    )  # fmt: skip


def _followed(title: str, found: Mapping[str, Figures]) -> Claim:
    copy = found["the thief's network"]
    return Claim(
        f"{title}: the mark is read in the outputs of a network that was trained on marked pictures: C calls at least "
        f"{BY_C:g} % of them marked, and the code (not in the paper) has p of at most {AIM:g}.",
        copy["sr_c"] >= BY_C and copy["p_value"] <= AIM,
        f"SR_NC {copy['sr_nc']:.0f} %, SR_C {copy['sr_c']:.0f} %, centred NC {copy['centred']:.3f}, bits "
        f"{copy['bits']:.0f} of {copy['n']}, p {copy['p_value']:.1e}.",
    )  # fmt: skip


def _spared(title: str, found: Mapping[str, Figures]) -> Claim:
    strangers = [found["unmarked"], found["a network trained on unmarked ones"]]
    nc, by_c = (max(one[name] for one in strangers) for name in ("sr_nc", "sr_c"))
    least = min(one["p_value"] for one in strangers)
    return Claim(
        f"{title}: neither unmarked pictures nor a network trained on them are called marked: both success rates are "
        f"0 %, and p stays above {AIM:g}.",
        max(nc, by_c) == 0.0 and least > AIM,
        f"Highest SR_NC {nc:.0f} %, highest SR_C {by_c:.0f} %, smallest p {least:.1e}; NC of a blank "
        f"{strangers[0]['blank']:.3f}.",
    )  # fmt: skip


def figure15(context: Context) -> Findings:
    """An input, the target or smooth picture, the marked one, the thief's, and what R extracts from the last two."""
    rows, sheets, seen = [], {}, {}
    for case in first_at_smoke(context, CASES.values()):
        owner, copy, test = (
            protected(context, case),
            thief(context, case, marked=True),
            pairs(context, case.task, "test"),
        )
        key, title = owner.owner_key(), PROTECTED[case.task].title
        mark = as_float(key.arrays["logo"])
        shown = {
            "(c) marked": answers_of(owner.model(), test.targets[SHOWN : SHOWN + 1])[0],
            "(d) the thief's": answers_to_test(context, copy)[SHOWN],
        }
        sheets[title] = {"(a) input": test.inputs[SHOWN], "(b) unmarked": test.targets[SHOWN], **shown}
        for letter, (label, picture) in zip("ef", shown.items()):
            read = extracted(picture[None], key)[0]
            centred = statistics.centred_nc(read, mark)
            sheets[title][f"({letter}) read in {label[:3]}\ncentred NC {centred:.2f}"] = read
            rows.append(Row(f"{title}, {label}, centred NC", None, centred))
            seen[f"{title}, {label}"] = centred
    claim = Claim(
        "The mark is recognised in every marked picture and in every thief's.", min(seen.values()) >= 0.9,
        f"Centred NC of at least 0.9 wanted: {', '.join(f'{label} {value:.2f}' for label, value in seen.items())}.",
    )  # fmt: skip
    return Findings(tuple(rows), (claim,), sheets)
