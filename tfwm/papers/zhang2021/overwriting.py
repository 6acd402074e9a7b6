"""Table 4 and figure 9: a thief hides a mark of his own over the owner's before he trains a surrogate.

He has outputs only. His H is trained on his own clean pictures, by the owner's algorithm with other drawings; what the
owner's R learnt to read below in training are ninety others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.zhang2021.fidelity import innocent
from tfwm.papers.zhang2021.measure import (
    AIM,
    Figures,
    answers_of,
    answers_to_test,
    extracted,
    judged,
    mark_rows,
    quality,
    quality_rows,
)  # fmt: skip
from tfwm.papers.zhang2021.models import copied, host, marked, overwriter
from tfwm.papers.zhang2021.printed import TABLE_4
from tfwm.papers.zhang2021.scales import DEBONE, SCALES, Case, surrogates
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.types import Access, Suspect

# The paper's Copyright and BIT are not at hand; these are none of the ninety.
OVER: Mapping[str, str] = {"Copyright": "drawing:1001", "Flower": "flower", "BIT": "drawing:1002"}
DEFENCE = {"default": False, "enhanced": True}
BY_C, LOST = 90.0, 50.0  # SR_C and SR_NC in percent
SHOWN = 0  # number of the test picture that is shown


def owner_of(context: Context, defended: bool) -> Subject:
    """Debone-IEEE, with R trained as usual, or also below drawings.

    Args:
      context: of the experiment.
      defended: whether it was.
    """
    changes = {"overwriting": SCALES[context.scale].overwriting} if defended else {}
    return marked(context, DEBONE, **changes)


def tried(context: Context) -> tuple[str, ...]:
    """The marks over the owner's, by the paper's names; at smoke two.

    Args:
      context: of the experiment.
    """
    return tuple(TABLE_4)[: context.at(smoke=2, desk=None, paper=None)]


def overwritten(context: Context, owner: Subject, name: str) -> Subject:
    """A surrogate (U-Net, L2) of an owner's outputs, with the thief's mark over them.

    Args:
      context: of the experiment.
      owner: who was stolen from.
      name: in `TABLE_4`; "none" hides nothing over them.
    """
    attack = surrogates(context)["UNet"]
    if name == "none":
        return copied(context, owner, attack)
    thief = overwriter(context, Case(DEBONE.task, OVER[name]))
    stolen = owner.attacked(f"overwritten by {name}", {"overwriter": thief.recipe}, owner.model)
    return copied(context, stolen, attack, lambda: _over(owner, thief))


def _over(owner: Subject, thief: Subject) -> Suspect:
    model, barrier = owner.model(), thief.model()
    return FunctionSuspect("overwritten", lambda images: answers_of(barrier, answers_of(model, images)), Access.QUERIES)


def table4(context: Context) -> Findings:
    """The owner's success rates on surrogates of overwritten outputs, by default and with the enhanced training."""
    rows: list[Row] = []
    found: dict[str, dict[str, Figures]] = {}
    for label, defended in DEFENCE.items():
        owner, found[label] = owner_of(context, defended), {}
        rows += quality_rows(f"{label}, marked outputs", quality(context, owner))
        for name in tried(context):
            copy = overwritten(context, owner, name)
            found[label][name] = {**judged(context, copy), **quality(context, copy)}
            rows += _rows(f"{label}, {name}", found[label][name], name, defended)
            if name != "none":
                thief = overwriter(context, Case(DEBONE.task, OVER[name]))
                rows += mark_rows(f"{label}, {name}, by the thief's own key", [judged(context, copy, thief)])
        for stranger, suspect in _strangers(context).items():
            found[label][stranger] = judged(context, suspect, owner)
            rows += mark_rows(f"{label}, {stranger}", [found[label][stranger]])
    claims = (_fails(found["default"]), _helps(found["enhanced"], tried(context)), _spared(found, _strangers(context)))
    return Findings(tuple(rows), claims)


def _rows(title: str, one: Figures, name: str, defended: bool) -> list[Row]:
    default, enhanced, printed = TABLE_4[name]
    psnr = float(printed.split(" / ")[0])
    return [
        *mark_rows(title, [one], rates=enhanced if defended else default),
        Row(f"{title}, PSNR against the clean targets", None if defended else psnr, one["task_psnr"], "dB"),
    ]


def _strangers(context: Context) -> dict[str, Subject]:
    return {"the unmarked host": host(context, DEBONE.task), "a surrogate of it": innocent(context, DEBONE)}


def _fails(found: Mapping[str, Figures]) -> Claim:
    over = {name: one for name, one in found.items() if name in OVER}
    return Claim(
        f"By default another mark over the owner's makes R fail: SR_NC is at most {LOST:g} % below each.",
        all(one["sr_nc"] <= LOST for one in over.values()), _listed(over),
    )  # fmt: skip


def _helps(found: Mapping[str, Figures], names: tuple[str, ...]) -> Claim:
    below = {name: found[name] for name in names}
    return Claim(
        f"With the enhanced training the owner's mark is found below each: C calls at least {BY_C:g} % of the outputs "
        f"marked, and the code (not in the paper) has p of at most {AIM:g}.",
        all(one["sr_c"] >= BY_C and one["p_value"] <= AIM for one in below.values()), _listed(below),
    )  # fmt: skip


def _spared(found: Mapping[str, Mapping[str, Figures]], strangers: Mapping[str, Any]) -> Claim:
    ones = {f"{label}, {name}": found[label][name] for label in found for name in strangers}
    return Claim(
        f"Neither the unmarked host nor its surrogate is called marked: both success rates are 0 %, and p stays above "
        f"{AIM:g}.",
        all(max(one["sr_nc"], one["sr_c"]) == 0.0 and one["p_value"] > AIM for one in ones.values()), _listed(ones),
    )  # fmt: skip


def _listed(found: Mapping[str, Figures]) -> str:
    said = (f"{name} {one['sr_nc']:.0f} / {one['sr_c']:.0f} / {one['p_value']:.0e}" for name, one in found.items())
    return f"SR_NC / SR_C / p: {', '.join(said)}."


def figure9(context: Context) -> Findings:
    """The thief's marks, and what the owner's R extracts below each, by default and with the enhanced training."""
    rows, sheets = [], {}
    for name in tried(context)[1:]:
        thief = overwriter(context, Case(DEBONE.task, OVER[name]))
        shown: dict[str, np.ndarray] = {"the thief's mark": as_float(thief.owner_key().arrays["logo"])}
        for label, defended in DEFENCE.items():
            owner = owner_of(context, defended)
            copy = overwritten(context, owner, name)
            shown[f"extracted, {label}"] = extracted(answers_to_test(context, copy)[SHOWN][None], owner.owner_key())[0]
            rows.append(Row(f"{name}, {label}, centred NC", None, judged(context, copy)["centred"]))
        sheets[name] = shown
    values = [float(row.ours) for row in rows]  # type: ignore[arg-type]
    claim = Claim(
        "Below each mark the enhanced extractor draws the owner's better than the usual one.",
        all(after > before for before, after in zip(values[::2], values[1::2])),
        f"Mean centred NC: {', '.join(f'{row.label[:-12]} {value:.2f}' for row, value in zip(rows, values))}.",
    )  # fmt: skip
    return Findings(tuple(rows), (claim,), sheets)
