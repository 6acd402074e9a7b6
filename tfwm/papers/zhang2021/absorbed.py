"""Tables 9 and 11 and figure 14: a derain host that hides its own mark, beside one with a barrier behind it."""

from __future__ import annotations

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.zhang2021.fidelity import innocent
from tfwm.papers.zhang2021.measure import (
    AIM,
    Figures,
    answers_to_test,
    extracted,
    judged,
    mark_rows,
    task_quality,
)  # fmt: skip
from tfwm.papers.zhang2021.models import copied, host, marked, self_watermarked
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.printed import COLUMNS_8, TABLE_9, TABLE_11
from tfwm.papers.zhang2021.releases import followed
from tfwm.papers.zhang2021.scales import DERAIN, first_at_smoke, surrogates
from tfwm.suspects import as_float

HOST, OWN = TABLE_9
CLOSE_DB = 1.0  # of the host's own task; the paper loses 0.36
SHOWN = (0, 1)  # numbers of the test pictures that are shown


def table9(context: Context) -> Findings:
    """How well both do the task, what R reads, and what each costs at inference."""
    unmarked, own = host(context, DERAIN.task), self_watermarked(context, DERAIN)
    rows: list[Row] = []
    done: dict[str, Figures] = {}
    for title, subject in ((HOST, unmarked), (OWN, own)):
        psnr, ssim, _ = TABLE_9[title]
        done[title] = task_quality(context, subject)
        rows.append(Row(f"{title}, PSNR against the clean targets", psnr, done[title]["psnr"], "dB"))
        rows.append(Row(f"{title}, SSIM against the clean targets", ssim, done[title]["ssim"]))
    found = {
        OWN: judged(context, own), "the unmarked host": judged(context, unmarked, own),
        "a surrogate of the unmarked host": judged(context, innocent(context, DERAIN), own),
    }  # fmt: skip
    for title, one in found.items():
        rows += mark_rows(title, [one], rates=TABLE_9[OWN][2] if title == OWN else None)
    weights = {
        HOST: unmarked.model().count_params(), OWN: own.model().count_params(),
        "with a barrier": marked(context, DERAIN).model().count_params(),
    }  # fmt: skip
    rows += [Row(f"{title}, weights", None, count) for title, count in weights.items()]
    return Findings(tuple(rows), (_close(done), _reads(found), _free(weights)))


def _close(done: dict[str, Figures]) -> Claim:
    lost = done[HOST]["psnr"] - done[OWN]["psnr"]
    return Claim(
        f"The self-watermarked host does its task nearly as well: it loses at most {CLOSE_DB:g} dB.", lost <= CLOSE_DB,
        f"It loses {lost:.2f} dB: {done[OWN]['psnr']:.2f} for {done[HOST]['psnr']:.2f} dB.",
    )  # fmt: skip


def _reads(found: dict[str, Figures]) -> Claim:
    own, *strangers = found.values()
    nc, by_c = (max(one[name] for one in strangers) for name in ("sr_nc", "sr_c"))
    least = min(one["p_value"] for one in strangers)
    return Claim(
        "R reads its outputs, both success rates are 100 %, and not those of the unmarked host and of its surrogate.",
        own["sr_nc"] == own["sr_c"] == 100.0 and max(nc, by_c) == 0.0 and own["p_value"] <= AIM < least,
        f"SR_NC {own['sr_nc']:.0f} %, SR_C {own['sr_c']:.0f} %, p {own['p_value']:.1e}; of the unmarked at most "
        f"{nc:.0f} and {by_c:.0f} %, and a p of at least {least:.1e}.",
    )  # fmt: skip


def _free(weights: dict[str, int]) -> Claim:
    more = {title: count - weights[HOST] for title, count in weights.items()}
    picture = more[OWN] <= 0.5 * more["with a barrier"]
    return Claim(
        "Nothing stands behind it at inference: all that is added to the host is a picture, which tells it its code.",
        picture, f"{more[OWN]} more weights than the host, and {more['with a barrier']} with a barrier.",
    )  # fmt: skip


def table11(context: Context) -> Findings:
    """Success rates on nine surrogates of both."""
    rows: list[Row] = []
    claims: list[Claim] = []
    owners = {"task-agnostic": marked, "self-watermarked": self_watermarked}
    for title in first_at_smoke(context, reversed(TABLE_11)):
        owner = owners[title](context, DERAIN)
        printed = dict(zip(COLUMNS_8, TABLE_11[title], strict=True))
        tried = [column for column in COLUMNS_8 if column in surrogates(context)]
        found = {column: judged(context, copied(context, owner, surrogates(context)[column])) for column in tried}
        for column, one in found.items():
            rows += mark_rows(f"{title}, {column}", [one], rates=printed[column])
        stranger = judged(context, innocent(context, DERAIN), owner)
        rows += mark_rows(f"{title}, a surrogate of the unmarked host", [stranger])
        claims.append(followed(title, found, stranger))
    return Findings(tuple(rows), tuple(claims))


def figure14(context: Context) -> Findings:
    """Two inputs, their targets, the outputs of both hosts, the mark, and what is extracted."""
    own, unmarked, test = (
        self_watermarked(context, DERAIN),
        host(context, DERAIN.task),
        pairs(context, DERAIN.task, "test"),
    )
    key, sheets = own.owner_key(), {}
    answers, plain = answers_to_test(context, own), answers_to_test(context, unmarked)
    for number in SHOWN:
        sheets[f"Picture {number + 1}"] = {
            "(a) input": as_float(test.inputs)[number], "(b) ground truth": as_float(test.targets)[number],
            "(c) the host's": plain[number], "(d) self-watermarked": answers[number],
            "(e) mark": as_float(key.arrays["logo"]), "(f) extracted": extracted(answers[number][None], key)[0],
        }  # fmt: skip
    figures = judged(context, own)
    claim = Claim(
        "The mark is recognised in the self-watermarked host's outputs (mean centred NC of at least 0.9).",
        figures["centred"] >= 0.9, f"Centred NC {figures['centred']:.3f}, NC {figures['nc']:.4f}.",
    )  # fmt: skip
    return Findings((Row("Self-watermarked, centred NC", None, figures["centred"]),), (claim,), sheets)
