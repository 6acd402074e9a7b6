"""Runs experiments one after the other; one that fails does not keep the others from running."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfwm.papers.engine.experiment import Context, Experiment
from tfwm.papers.engine.results import Results, check_may_replace, result_path, write_results


@dataclass(frozen=True)
class Outcome:
    """How one experiment ended.

    Args:
      experiment: that was run.
      path: of its result file.
      results: what it found; None where it failed.
      error: why it failed, in a line; empty where it did not.
      trace: the error's traceback as text. The error itself would hold the memory of everything that was in use.
      bug: whether the error is one that nobody foresaw.
    """

    experiment: Experiment
    path: Path
    results: Results | None = None
    error: str = ""
    trace: str = ""
    bug: bool = False


def reproduce(
    experiments: Sequence[Experiment], context: Context, out: str | Path, *, overwrite: bool = False
) -> list[Outcome]:
    """Runs experiments and writes their result files; one that fails does not keep the others from running.

    Args:
      experiments: in the order in which they shall run.
      context: that all of them run with. What they finished before a kill is in its cache.
      out: folder of the result files.
      overwrite: whether a result may replace one of a larger scale.

    Returns:
      How each ended, in the same order.

    Raises:
      FileExistsError: a result of a larger scale is there; before anything is run.
    """
    if not overwrite:
        for experiment in experiments:
            check_may_replace(result_path(out, experiment.id), context.scale)
    return [_outcome(experiment, context, out) for experiment in experiments]


def run_experiment(experiment: Experiment, context: Context, out: str | Path) -> Results:
    """Runs one experiment and writes its result files.

    Args:
      experiment: to run.
      context: that it runs with.
      out: folder of the result files.
    """
    from tfwm.evaluation.report import versions

    with context.cache.accounting() as account:
        findings = experiment.load()(context)
    seconds = round(context.cache.total(account).seconds, 2)
    found = (findings.rows, findings.claims)
    results = Results(experiment.id, context.scale, context.seeds, seconds, versions(), *found)
    write_results(results, experiment, findings, out)
    return results


def _outcome(experiment: Experiment, context: Context, out: str | Path) -> Outcome:
    path = result_path(out, experiment.id)
    context.progress(f"{experiment.id}: {experiment.title}")
    try:
        return Outcome(experiment, path, run_experiment(experiment, context, out))
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        context.progress(f"{experiment.id}: FAILED: {text}")
        return Outcome(experiment, path, None, text, traceback.format_exc(), not _foreseen(error))


def _foreseen(error: Exception) -> bool:
    """As the command line sees it: a KeyError or IndexError is a LookupError, but never one that was foreseen."""
    mistakes = (KeyError, IndexError)
    return isinstance(error, (ValueError, OSError, LookupError, ImportError)) and not isinstance(error, mistakes)
