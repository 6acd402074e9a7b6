"""Tables 7 and 8 and figure 13: one network that carries the marks of ten releases, beside a network for each mark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.zhang2021.fidelity import innocent
from tfwm.papers.zhang2021.measure import (
    AIM,
    Figures,
    answers_to_test,
    extracted,
    judged,
    mark_rows,
    quality,
    quality_rows,
)  # fmt: skip
from tfwm.papers.zhang2021.models import copied, host, marked, release_marks, released
from tfwm.papers.zhang2021.printed import COLUMNS_8, TABLE_7, TABLE_8
from tfwm.papers.zhang2021.scales import DEBONE, Case, first_at_smoke, surrogates
from tfwm.schemes.tracing import traced
from tfwm.suspects import KerasSuspect

MARKS = ("ieee", "flower")
LEAST_DB, BY_C, ENOUGH = 38.0, 90.0, 7 / 9
SHOWN = 0  # number of the test picture that is shown


def owner_of(context: Context, mark: str, several: bool) -> Subject:
    """The debone host with a mark, of a network for it alone or of one for several.

    Args:
      context: of the experiment.
      mark: in `MARKS`.
      several: whether the network carries others too.
    """
    return released(context, MARKS.index(mark)) if several else marked(context, Case(DEBONE.task, mark))


def ones(context: Context) -> tuple[tuple[str, bool], ...]:
    """Marks and whether a network carries others too, as in table 7; at smoke of one mark.

    Args:
      context: of the experiment.
    """
    return tuple(TABLE_7)[: context.at(smoke=2, desk=None, paper=None)]


def title_of(mark: str, several: bool) -> str:
    """As the tables print it, with a star where one network carries many: `Debone_IEEE *`."""
    return Case(DEBONE.task, mark).title.replace("-", "_") + (" *" if several else "")


def table7(context: Context) -> Findings:
    """What a mark costs and whether it is read, and that every release is told from all others."""
    rows: list[Row] = []
    found: dict[str, dict[str, Figures]] = {}
    for mark, several in ones(context):
        owner, title = owner_of(context, mark, several), title_of(mark, several)
        psnr, ssim, rates = TABLE_7[mark, several]
        found[title] = {
            "quality": quality(context, owner), "marked": judged(context, owner),
            "host": judged(context, host(context, DEBONE.task), owner),
            "innocent": judged(context, innocent(context, DEBONE), owner),
        }  # fmt: skip
        rows += quality_rows(title, found[title]["quality"], (psnr, ssim))
        rows += mark_rows(title, [found[title]["marked"]], rates=rates)
        rows += mark_rows(f"{title}, the unmarked host", [found[title]["host"]])
        rows += mark_rows(f"{title}, a surrogate of the unmarked host", [found[title]["innocent"]])
    told = {name: _trace(context, released(context, number)) for number, name in enumerate(release_marks(context))}
    told["the unmarked host"] = _trace(context, host(context, DEBONE.task))
    rows += [Row(f"Traced to, {name}", None, one["releases"]) for name, one in told.items()]
    return Findings(tuple(rows), (_costs(found), _read(found), _spared(found), _apart(told)))


def _trace(context: Context, suspect: Subject) -> Figures:
    """Which releases are found in a network, of all that there are, and the most and the least certain p of others."""
    owners = {name: released(context, number) for number, name in enumerate(release_marks(context))}

    def measure(folder: Path) -> Figures:
        keys = {name: owner.owner_key() for name, owner in owners.items()}
        level = context.at(smoke=1e-3, desk=AIM, paper=AIM)
        trace = traced(KerasSuspect("suspect", suspect.model()), keys, alpha=level)
        return {
            "releases": ", ".join(trace.releases) or "none",
            "p_values": {name: verdict.p_value for name, verdict in trace.verdicts.items()},
        }  # fmt: skip

    return measured(context, suspect, "trace", measure, keys=[owner.recipe for owner in owners.values()])


def _costs(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    psnr = {title: one["quality"]["psnr"] for title, one in found.items()}
    least = min(value for title, value in psnr.items() if title.endswith("*"))
    return Claim(
        f"A network for many marks changes pictures more than one for a single mark, and stays above {LEAST_DB:g} dB.",
        least >= LEAST_DB and all(psnr[title] > psnr[f"{title} *"] for title in psnr if not title.endswith("*")),
        f"PSNR in dB: {', '.join(f'{title} {value:.2f}' for title, value in psnr.items())}.",
    )  # fmt: skip


def _read(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    rates = {title: (one["marked"]["sr_nc"], one["marked"]["sr_c"]) for title, one in found.items()}
    return Claim(
        "Both success rates are 100 %, with one network for many marks too.",
        all(rate == (100.0, 100.0) for rate in rates.values()),
        f"SR_NC / SR_C: {', '.join(f'{title} {nc:.0f} / {by_c:.0f}' for title, (nc, by_c) in rates.items())}.",
    )  # fmt: skip


def _spared(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    strangers = [one[name] for one in found.values() for name in ("host", "innocent")]
    nc, by_c = (max(one[name] for one in strangers) for name in ("sr_nc", "sr_c"))
    least = min(one["p_value"] for one in strangers)
    return Claim(
        "Neither the unmarked host nor its surrogate is called marked: both success rates are 0 %, and p stays above "
        f"{AIM:g}.",
        max(nc, by_c) == 0.0 and least > AIM,
        f"Highest SR_NC {nc:.0f} %, highest SR_C {by_c:.0f} %, smallest p {least:.1e}.",
    )  # fmt: skip


def _apart(told: Mapping[str, Figures]) -> Claim:
    wrong = [name for name, one in told.items() if one["releases"] != ("none" if name not in one["p_values"] else name)]
    own = max(one["p_values"][name] for name, one in told.items() if name in one["p_values"])
    others = min(p for name, one in told.items() for other, p in one["p_values"].items() if other != name)
    return Claim(
        f"Each of {len(told) - 1} releases is verified by its own key and by no other, and the unmarked host by none "
        "(not in the paper; p is multiplied by the number of keys).",
        not wrong,
        f"{len(wrong)} of {len(told)} are told wrongly; largest p of the right key {own:.1e}, smallest of a wrong one "
        f"{others:.1e}.",
    )  # fmt: skip


def table8(context: Context) -> Findings:
    """Success rates on surrogates of a release, beside those of a network for one mark."""
    rows: list[Row] = []
    claims: list[Claim] = []
    for mark, several in first_at_smoke(context, TABLE_8):
        owner, title = owner_of(context, mark, several), title_of(mark, several)
        printed = dict(zip(COLUMNS_8, TABLE_8[mark, several], strict=True))
        tried = [column for column in COLUMNS_8 if column in surrogates(context)]
        found = {column: judged(context, copied(context, owner, surrogates(context)[column])) for column in tried}
        for column, one in found.items():
            rows += mark_rows(f"{title}, {column}", [one], rates=printed[column])
        stranger = judged(context, innocent(context, DEBONE), owner)
        rows += mark_rows(f"{title}, a surrogate of the unmarked host", [stranger])
        claims.append(followed(title, found, stranger))
    return Findings(tuple(rows), tuple(claims))


def followed(title: str, found: Mapping[str, Figures], stranger: Figures) -> Claim:
    """The claim that surrogates are recognised by C and by the code, and a stranger is not.

    Args:
      title: of the rows.
      found: what was found in each surrogate, by column.
      stranger: in a surrogate of the unmarked host.
    """
    needed = -(-len(found) * 7 // 9)
    caught = [column for column, one in found.items() if one["sr_c"] >= BY_C and one["p_value"] <= AIM]
    return Claim(
        f"{title}: at least {needed} of {len(found)} surrogates are recognised, C calls {BY_C:g} % of their outputs "
        f"marked and the code (not in the paper) has p of at most {AIM:g}; one of the unmarked host is not.",
        len(caught) >= needed and stranger["sr_c"] < BY_C and stranger["p_value"] > AIM,
        f"{len(caught)} are; SR_NC / SR_C / p: "
        + ", ".join(f"{column} {one['sr_nc']:.0f} / {one['sr_c']:.0f} / {one['p_value']:.0e}"
                    for column, one in {**found, "the stranger": stranger}.items()) + ".",
    )  # fmt: skip


def figure13(context: Context) -> Findings:
    """A marked picture and what R extracts from it, by a network for one mark and by one for many."""
    rows, pictures, marks = [], {}, {}
    for mark, several in ones(context):
        owner, title = owner_of(context, mark, several), title_of(mark, several)
        pictures[title] = answers_to_test(context, owner)[SHOWN]
        marks[title] = extracted(pictures[title][None], owner.owner_key())[0]
        figures = judged(context, owner)
        rows.append(Row(f"{title}, centred NC, mean of the test pictures", None, figures["centred"]))
    least = min(float(row.ours) for row in rows)  # type: ignore[arg-type]
    claim = Claim(
        "The mark is recognised with either setting (mean centred NC of at least 0.9).", least >= 0.9,
        f"{', '.join(f'{row.label.split(chr(44))[0]} {row.ours:.3f}' for row in rows)}.",
    )  # fmt: skip
    return Findings(tuple(rows), (claim,), {"Marked": pictures, "Extracted": marks})
