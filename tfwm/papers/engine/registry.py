"""The papers by name: a new one is a package and one line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfwm.config import choose
from tfwm.papers.engine.experiment import Experiment
from tfwm.registry import Table

PAPERS: Mapping[str, tuple[Experiment, ...]] = Table(
    "paper",
    {
        "quan2020": "tfwm.papers.quan2020:EXPERIMENTS",
        "li2019": "tfwm.papers.li2019:EXPERIMENTS",
        "deepstego": "tfwm.papers.deepstego:EXPERIMENTS",
        "zhang2021": "tfwm.papers.zhang2021:EXPERIMENTS",
        "survival": "tfwm.papers.survival:EXPERIMENTS",
    },
)


def experiments_of(paper: str) -> tuple[Experiment, ...]:
    """The experiments of one paper, in its own order.

    Raises:
      ValueError: an unknown paper, or two experiments of one id.
    """
    found = choose("paper", paper, PAPERS)
    ids = [experiment.id for experiment in found]
    wrong = [id for id in ids if not id.startswith(f"{paper}.") or ids.count(id) > 1]
    if wrong:
        raise ValueError(
            f"`EXPERIMENTS` of {paper} must have ids {paper}.<name>, each once, got {wrong[0]!r}. Rename it."
        )
    return found


def all_experiments() -> tuple[Experiment, ...]:
    """The experiments of every paper, in the order of `PAPERS`."""
    return tuple(experiment for paper in PAPERS for experiment in experiments_of(paper))


def chosen(names: Sequence[str]) -> tuple[Experiment, ...]:
    """The experiments that ids, or names of papers, stand for; each once, in the order asked for.

    Raises:
      ValueError: there is no such experiment; the message names the closest one.
    """
    known = {paper: experiments_of(paper) for paper in PAPERS}
    known.update({experiment.id: (experiment,) for experiments in known.values() for experiment in experiments})
    found = [experiment for name in names for experiment in choose("experiment", name, known)]
    return tuple({experiment.id: experiment for experiment in found}.values())
