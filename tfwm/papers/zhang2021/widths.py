"""Figure 10: a thief's CNet of more and more channels, how good it is, and how well R reads its outputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.plots import curves
from tfwm.papers.zhang2021.measure import Figures, answers_to_test, extracted, judged, mark_rows, quality
from tfwm.papers.zhang2021.models import copied, host, marked
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.printed import FIGURE_10
from tfwm.papers.zhang2021.scales import DEBONE, widening_cnets
from tfwm.suspects import as_float

SHOWN = 0  # number of the test picture that is shown


def figure10(context: Context) -> Findings:
    """Success rates and PSNR of CNet by its width, Debone-IEEE."""
    owner, unmarked = marked(context, DEBONE), host(context, DEBONE.task)
    copies = {attack.filters: copied(context, owner, attack) for attack in widening_cnets(context).values()}
    found = {width: {**judged(context, copy), **quality(context, copy)} for width, copy in copies.items()}
    rows = []
    for width, one in found.items():
        psnr, rates = FIGURE_10.get(width, (None, None))
        rows.append(Row(f"CNet_{width}, PSNR against the clean targets", psnr, one["task_psnr"], "dB"))
        rows += mark_rows(f"CNet_{width}", [one], rates=rates)
    rows += mark_rows("The unmarked host", [judged(context, unmarked, owner)])
    sheets = {**_charts(found), **_example(context, list(copies))}
    return Findings(tuple(rows), (_better(found), _readable(found)), sheets)


def _charts(found: Mapping[int, Figures]) -> dict[str, dict[str, np.ndarray]]:
    widths = list(found)
    names = {"SR_NC": "sr_nc", "SR_C": "sr_c"}
    rates = curves(
        "Success rates on the outputs of CNet", ("channels", "%"),
        {label: (widths, [one[name] for one in found.values()]) for label, name in names.items()},
    )  # fmt: skip
    psnr = curves(
        "Quality of CNet", ("channels", "PSNR against the clean targets, dB"),
        {"CNet": (widths, [one["task_psnr"] for one in found.values()])},
    )  # fmt: skip
    return {"Extracting ability": {"success rates": rates}, "The surrogate's performance": {"PSNR": psnr}}


def _example(context: Context, widths: list[int]) -> dict[str, dict[str, np.ndarray]]:
    """The input, the outputs of the narrowest and the widest CNet and of the marked model; below, what R extracts."""
    owner, attacks = marked(context, DEBONE), widening_cnets(context)
    shown = {"input": as_float(pairs(context, DEBONE.task, "test").inputs)[SHOWN]}
    for width in (widths[0], widths[-1]):
        copy = copied(context, owner, attacks[f"CNet_{width}"])
        shown[f"CNet_{width}"] = answers_to_test(context, copy)[SHOWN]
    shown["the marked model"] = answers_to_test(context, owner)[SHOWN]
    key = owner.owner_key()
    return {"Outputs": shown, "What R extracts": {label: extracted(one[None], key)[0] for label, one in shown.items()}}


def _better(found: Mapping[int, Figures]) -> Claim:
    first, *_, last = found
    gain = found[last]["task_psnr"] - found[first]["task_psnr"]
    return Claim(
        "A wider CNet is a better surrogate.", gain > 0,
        f"{gain:+.2f} dB from {first} to {last} channels: "
        + ", ".join(f"{width} {one['task_psnr']:.2f}" for width, one in found.items()) + " dB.",
    )  # fmt: skip


def _readable(found: Mapping[int, Figures]) -> Claim:
    first, *_, last = found
    grows = all(found[last][name] >= found[first][name] for name in ("sr_nc", "sr_c", "centred"))
    return Claim(
        "R reads the outputs of the widest CNet at least as well as those of the narrowest, and most of them.",
        grows and found[last]["sr_c"] > 50.0,
        "SR_NC / SR_C / centred NC: "
        + ", ".join(f"{width} {one['sr_nc']:.0f} / {one['sr_c']:.0f} / {one['centred']:.2f}"
                    for width, one in found.items()) + ".",
    )  # fmt: skip
