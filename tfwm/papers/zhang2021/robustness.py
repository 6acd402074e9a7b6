"""Table 2: nine surrogates of a marked host, with and without the adversarial stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.zhang2021.fidelity import innocent
from tfwm.papers.zhang2021.measure import AIM, Figures, judged, mark_rows, over_seeds, quality
from tfwm.papers.zhang2021.models import WITHOUT_STAGE, copied, host, marked
from tfwm.papers.zhang2021.printed import COLUMNS, TABLE_2
from tfwm.papers.zhang2021.scales import DEBONE, DERAIN, Case, first_at_smoke, surrogates

ENOUGH = 7 / 9  # of the columns
CAUGHT, ESCAPED = 70.0, 50.0  # SR_NC in percent: the paper's lowest with the stage is 71, its highest without it 44
BY_C = 90.0  # SR_C in percent; the paper's lowest with the stage is 94
Seeds = Sequence[Figures]


def stage_changes(stage: bool) -> Mapping[str, Any]:
    """What a scheme's settings change for a row of table 2.

    Args:
      stage: whether there is an adversarial stage; the paper's rows with a dagger have none.
    """
    return {} if stage else WITHOUT_STAGE


def table2(context: Context) -> Findings:
    """Success rates on the outputs of nine surrogates, NC and the code beside them, and the same on what is unmarked.

    Args:
      context: its seeds are hosts, keys and thieves of their own; rows give the median and the range over them.
    """
    rows: list[Row] = []
    claims: list[Claim] = []
    for case in first_at_smoke(context, (DEBONE, DERAIN)):
        for stage in (True, False):
            title = f"{case.title}, {'with' if stage else 'without'} the adversarial stage"
            found = {column: _over(context, case, stage, column) for column in surrogates(context)}
            rows += mark_rows(f"{title}, {THE_MODEL}", _over(context, case, stage, THE_MODEL))
            rows += _column_rows(title, found, dict(zip(COLUMNS, TABLE_2[case.name, stage], strict=True)))
            unmarked = {label: _over(context, case, stage, label) for label in UNMARKED}
            rows += [row for label, one in unmarked.items() for row in mark_rows(f"{title}, {label}", one)]
            claims += caught(title, found) if stage else [escaped(title, found)]
            claims.append(spared(title, unmarked))
    return Findings(tuple(rows), tuple(claims))


THE_MODEL, THE_HOST, ITS_SURROGATE = "the marked model itself", "the unmarked host", "a surrogate of the unmarked host"
UNMARKED = (THE_HOST, ITS_SURROGATE)


def _over(context: Context, case: Case, stage: bool, suspect: str) -> Seeds:
    """What is found in a suspect, a column of table 2 or one of the unmarked ones, for each seed."""
    return [figures_of(replace(context, seeds=(seed,)), case, stage, suspect) for seed in context.seeds]


def figures_of(context: Context, case: Case, stage: bool, suspect: str) -> Figures:
    """What is found in a suspect with the key of a case; of a surrogate its `psnr` to the clean targets too.

    Args:
      context: of one seed.
      case: whose key it is.
      stage: whether its mark had an adversarial stage.
      suspect: a column of table 2, `UNMARKED` or `THE_MODEL`.
    """
    owner = marked(context, case, **stage_changes(stage))
    if suspect == THE_MODEL:
        return judged(context, owner)
    if suspect in UNMARKED:
        stranger = host(context, case.task) if suspect == THE_HOST else innocent(context, case)
        return judged(context, stranger, owner)
    copy = surrogate_of(context, case, stage, suspect)
    return {**judged(context, copy), "task_psnr": quality(context, copy)["task_psnr"]}


def surrogate_of(context: Context, case: Case, stage: bool, column: str) -> Subject:
    """A thief's surrogate of a marked host.

    Args:
      context: of one seed.
      case: that was stolen.
      stage: whether its mark had an adversarial stage.
      column: of table 2.
    """
    return copied(context, marked(context, case, **stage_changes(stage)), surrogates(context)[column])


def _column_rows(title: str, found: Mapping[str, Seeds], printed: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for column, seeds in found.items():
        rows += mark_rows(f"{title}, {column}", seeds, rates=printed[column])
        psnr = over_seeds([one["task_psnr"] for one in seeds], lambda value: f"{value:.2f}")
        rows.append(Row(f"{title}, {column}, PSNR against the clean targets", None, psnr, "dB"))
    return rows


def caught(title: str, found: Mapping[str, Seeds]) -> list[Claim]:
    """Three claims on surrogates of a mark with the adversarial stage: by NC, by C, and by the code.

    Args:
      title: of the rows.
      found: what was found in each, by column.
    """
    needed = int(np.ceil(ENOUGH * len(found)))

    def claim(text: str, name: str, form: str, passes: Mapping[str, bool]) -> Claim:
        return Claim(
            f"{title}: {text} in at least {needed} of {len(found)} surrogates.", sum(passes.values()) >= needed,
            f"{sum(passes.values())} do: {_medians(found, name, form)}.",
        )  # fmt: skip

    return [
        claim(f"SR_NC is at least {CAUGHT:g} %", "sr_nc", ".0f", _passing(found, "sr_nc", CAUGHT)),
        claim(f"C calls at least {BY_C:g} % of the outputs marked", "sr_c", ".0f", _passing(found, "sr_c", BY_C)),
        claim(f"the code (not in the paper) has p of at most {AIM:g}", "p_value", ".1e",
              {column: _median(seeds, "p_value") <= AIM for column, seeds in found.items()}),
    ]  # fmt: skip


def escaped(title: str, found: Mapping[str, Seeds]) -> Claim:
    """The claim that surrogates of a mark without the stage mostly escape.

    Args:
      title: of the rows.
      found: what was found in each, by column.
    """
    needed = int(np.ceil(ENOUGH * len(found)))
    free = sum(_median(seeds, "sr_nc") <= ESCAPED for seeds in found.values())
    return Claim(
        f"{title}: SR_NC is at most {ESCAPED:g} % in at least {needed} of {len(found)} surrogates.", free >= needed,
        f"{free} do: {_medians(found, 'sr_nc', '.0f')}; SR_C: {_medians(found, 'sr_c', '.0f')}; "
        f"centred NC: {_medians(found, 'centred', '.2f')}.",
    )  # fmt: skip


def spared(title: str, unmarked: Mapping[str, Seeds]) -> Claim:
    """The claim that what holds no mark is not called marked.

    Args:
      title: of the rows.
      unmarked: what was found in each network without a mark.
    """
    everything = [one for seeds in unmarked.values() for one in seeds]
    nc, by_c = (max(one[name] for one in everything) for name in ("sr_nc", "sr_c"))
    least = min(one["p_value"] for one in everything)
    return Claim(
        f"{title}: neither the unmarked host nor its surrogate is called marked: both success rates are 0 %, and p "
        f"stays above {AIM:g}.",
        max(nc, by_c) == 0.0 and least > AIM,
        f"Highest SR_NC {nc:.0f} %, highest SR_C {by_c:.0f} %, smallest p {least:.1e}; NC of a blank "
        f"{everything[0]['blank']:.3f}.",
    )  # fmt: skip


def _median(seeds: Seeds, name: str) -> float:
    return float(np.median([one[name] for one in seeds]))


def _medians(found: Mapping[str, Seeds], name: str, form: str) -> str:
    return ", ".join(f"{column} {_median(seeds, name):{form}}" for column, seeds in found.items())


def _passing(found: Mapping[str, Seeds], name: str, least: float) -> dict[str, bool]:
    return {column: _median(seeds, name) >= least for column, seeds in found.items()}
