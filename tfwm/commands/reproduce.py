"""Runs the papers' tables and figures here, and writes what the paper says beside what was measured.

Name experiments, or a paper for all of its; --list shows them. Three scales:

    smoke   under a minute, on photographs that scikit-image carries: it runs, its figures mean nothing
    desk    two cores, under an hour, real images (--data, or the environment variable TFWM_DATA)
    paper   the paper's own settings, for a GPU

Writes <out>/<paper>/<experiment>.json and .md (and .png): the table, and for each claim of the paper whether it holds
at this scale, and why. Trained models and finished rows are kept in the cache: nothing is trained twice, and a
killed run goes on where it stopped: same command again.

Exit code 0: all were run, whether or not the claims hold; 2 or 70: one failed, the others were run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfwm.commands import options
from tfwm.commands.result import DONE, USAGE, Result, add_output, say

if TYPE_CHECKING:
    from tfwm.papers.engine.experiment import Context, Experiment
    from tfwm.papers.engine.runner import Outcome

BUG = 70
SCALES = ("smoke", "desk", "paper")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments and options to its parser."""
    option = parser.add_argument
    option("experiments", nargs="*", metavar="EXPERIMENT", help="quan2020.table1, or quan2020 for all of a paper's")
    option("--list", action="store_true", help="show every experiment, what it shows, and roughly how long it takes")
    option("--scale", choices=SCALES, default="smoke", help="how much (default smoke)")
    option("--data", metavar="FOLDER", help="the real data sets (default: TFWM_DATA, else ../shared/data)")
    option("--out", metavar="FOLDER", help="for the results (default results; at scale smoke <cache>/smoke)")
    option("--cache", default="runs/reproduce", metavar="FOLDER", help="for models and rows (default runs/reproduce)")
    option("--seed", type=options.seed, nargs="+", default=[0], metavar="N", help="one or several seeds (default 0)")
    option("--overwrite", action="store_true", help="let a result replace one of a larger scale")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Runs the experiments that were named, one after the other, and writes their results; or lists experiments.

    Returns:
      As text each claim and whether it holds, and why an experiment failed; as JSON the results. Of --list the table
      of experiments.

    Raises:
      ValueError: no experiment was named, or one that there is not.
      FileExistsError: a result of a larger scale is there.
    """
    from tfwm.papers.engine.registry import all_experiments, chosen

    if arguments.list:
        return _listing(chosen(arguments.experiments) if arguments.experiments else all_experiments())
    if not arguments.experiments:
        raise ValueError("EXPERIMENT is missing: name at least one, or a paper. `tfwm reproduce --list` shows them.")
    experiments = chosen(arguments.experiments)
    from tfwm.papers.engine.runner import reproduce

    # Results are committed; those of a trial must not lie among them.
    usual = Path(arguments.cache, "smoke") if arguments.scale == "smoke" else Path("results")
    out = Path(arguments.out) if arguments.out else usual
    outcomes = reproduce(experiments, _context(arguments), out, overwrite=arguments.overwrite)
    for outcome in outcomes:
        if outcome.trace and (outcome.bug or arguments.verbose):
            print(outcome.trace, file=sys.stderr)
    return result_of(outcomes)


def _context(arguments: argparse.Namespace) -> Context:
    from tfwm.papers.engine.cache import Cache
    from tfwm.papers.engine.data import data_folder
    from tfwm.papers.engine.experiment import Context

    seeds = tuple(dict.fromkeys(arguments.seed))
    cache = Cache(arguments.cache, progress=say)
    return Context(arguments.scale, seeds, data_folder(arguments.data), cache, say, quiet=not arguments.verbose)


def _listing(experiments: Sequence[Experiment]) -> Result:
    from tfwm.evaluation.report import aligned

    lines = [
        (experiment.id, *(_duration(experiment.minutes.get(scale)) for scale in SCALES), experiment.title)
        for experiment in experiments
    ]
    document = [
        {"id": experiment.id, "title": experiment.title, "minutes": dict(experiment.minutes)}
        for experiment in experiments
    ]
    return Result(aligned(("experiment", *SCALES, "what it shows"), lines), {"experiments": document})


def _duration(minutes: float | None) -> str:
    if minutes is None:
        return "?"
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def result_of(outcomes: Sequence[Outcome]) -> Result:
    """What the command answers: the claims of the experiments that were run, and why others failed."""
    from tfwm.config import to_dict

    failed = [outcome for outcome in outcomes if outcome.results is None]
    document = {
        "results": [to_dict(outcome.results) for outcome in outcomes if outcome.results is not None],
        "files": [str(outcome.path) for outcome in outcomes if outcome.results is not None],
        "failed": {outcome.experiment.id: outcome.error for outcome in failed},
    }
    code = (BUG if any(outcome.bug for outcome in failed) else USAGE) if failed else DONE
    return Result("\n\n".join(map(_text, outcomes)), document, code)


def _text(outcome: Outcome) -> str:
    from tfwm.papers.engine.results import HOLDS

    if outcome.results is None:
        note = " (a bug of tfwm; please report it with the lines above)" if outcome.bug else ""
        return f"{outcome.experiment.id}: FAILED: {outcome.error}{note}"
    results = outcome.results
    seeds = ", ".join(map(str, results.seeds))
    head = f"{results.experiment} at scale {results.scale}, seeds {seeds}: {outcome.path.with_suffix('.md')}"
    return "\n".join([head, *(f"  {HOLDS[claim.holds]:<5} {claim.text}" for claim in results.claims)])
