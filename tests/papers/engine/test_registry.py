"""Every registered experiment, and how they are found."""

from __future__ import annotations

import pytest

from tfwm.papers import Experiment
from tfwm.papers.engine import registry
from tfwm.papers.engine.registry import PAPERS, chosen, experiments_of


@pytest.mark.parametrize("paper", PAPERS)
def test_what_is_registered_can_be_loaded(paper: str) -> None:
    for experiment in experiments_of(paper):
        assert callable(experiment.load()), experiment.id
        assert {"smoke", "desk"} <= set(experiment.minutes), experiment.id
        assert experiment.minutes["smoke"] <= 2, experiment.id
        assert experiment.minutes["desk"] <= 60, experiment.id
        assert 0 < len(experiment.title.strip()) <= 120, experiment.id


def test_ids_and_papers_each_once_in_the_order_asked_for(toy: None) -> None:
    assert [found.id for found in chosen(["toy.figure2", "toy"])] == [
        "toy.figure2", "toy.table1", "toy.broken", "toy.without_data",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "close"), [("toy.tabel1", "toy.table1"), ("toi", "toy")])
def test_an_unknown_id_names_the_closest(name: str, close: str, toy: None) -> None:
    with pytest.raises(ValueError, match=f"There is no experiment `{name}`. Did you mean `{close}`?"):
        chosen([name])


@pytest.mark.parametrize("ids", [("other.table1",), ("toy.table1", "toy.table1")])
def test_ids_belong_to_their_paper_and_differ(ids: tuple[str, ...], toy: None, monkeypatch) -> None:
    monkeypatch.setattr(registry, "PAPERS", {"toy": tuple(Experiment(id, "a", print) for id in ids)})
    with pytest.raises(ValueError, match="must have ids toy.<name>, each once, got"):
        chosen(["toy"])


@pytest.mark.parametrize("id", ["table1", "quan2020.", "Quan.table1", "a.b.c", "a/b.c"])
def test_ids_look_alike(id: str) -> None:
    with pytest.raises(ValueError, match="`id` must look like quan2020.table1, got"):
        Experiment(id, "a", print)


def test_minutes_are_of_scales() -> None:
    with pytest.raises(ValueError, match="There is no scale `dsk`. Did you mean `desk`?"):
        Experiment("a.b", "a", print, {"dsk": 3})
