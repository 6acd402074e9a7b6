"""What hosts, marked hosts and controls are made from, and that every owner has a secret of his own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.papers.standins import StandIns, smoke
from tfwm.papers.quan2020.models import TRAINED, control_host, marked_host
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, fine_tuning, first_at_smoke, large_scheme, trigger_scheme


@pytest.fixture
def context(tmp_path: Path):
    return smoke(StandIns(tmp_path))


def test_labels_and_recipes_name_the_mark_and_its_owner(context) -> None:
    scheme = trigger_scheme(context, "red", strength=1e-3)
    subject = marked_host(context, "red", scheme, key=2, seed=1)
    assert subject.recipe["what"] == "red marked by trigger_image, lambda 0.001, trigger 40, key 2"
    assert (subject.recipe["key"], subject.recipe["seed"]) == (2, 1)
    assert subject.recipe["host"] == TRAINED.unmarked(context, "red", seed=1).recipe
    assert subject.recipe["scheme"]["strength"] == 1e-3
    other = marked_host(replace(context, seeds=(3,)), "red", scheme, key=2)
    assert (other.recipe["key"], other.recipe["seed"]) == (32, 3)


def test_the_control_trains_as_long_as_an_embedding(context) -> None:
    recipe = control_host(context, "dncnn").recipe
    assert recipe["what"] == "host dncnn, tuned on without a mark"
    assert recipe["schedule"]["schedule"]["epochs"] == trigger_scheme(context, "dncnn").embedding.epochs
    assert recipe["schedule"]["freeze_statistics"] is True
    assert recipe["host"] == TRAINED.unmarked(context, "dncnn").recipe


def test_schemes_and_attacks_fit_their_hosts(context) -> None:
    for name, host in HOSTS.items():
        plain, coded, large = (make(context, name) for make in (trigger_scheme, coded_scheme, large_scheme))
        assert plain.side == coded.side == 40
        assert (large.side, large.cells**2) == (80, 256)
        assert (plain.coded, coded.coded) == (False, True)
        assert plain.sigma == fine_tuning(context, name).sigma == (25 if host.denoises else 0)
        assert not plain.visualizer
    assert first_at_smoke(context, HOSTS) == ("dncnn",)
    assert first_at_smoke(replace(context, scale="desk"), HOSTS) == tuple(HOSTS)
