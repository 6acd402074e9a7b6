"""What each scale trains: hosts that exist, and how long they learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfwm.networks.classifiers import CLASSIFIERS
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.engine.experiment import SCALES as KNOWN
from tfwm.papers.li2019.pictures import FILES
from tfwm.papers.li2019.scales import HOSTS, SCALES, classifier_settings, hosts_at, marking_schedule

DESK = {"lenet5", "vgg13", "vgg16", "resnet18", "mobilenet_v2"}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("smoke", (0,), tmp_path, Cache(tmp_path / "cache"))


def test_every_host_is_a_classifier_of_a_known_data_set() -> None:
    assert set(SCALES) == set(KNOWN)
    for name, host in HOSTS.items():
        assert host.network in CLASSIFIERS
        assert host.data in FILES
        assert 0 <= host.desk_width <= 1
        assert host.accuracy is None or 90 < host.accuracy < 100, name
    assert len(HOSTS) == len({host.title for host in HOSTS.values()}) == 16


def test_hosts_of_each_scale(context: Context) -> None:
    names = tuple(HOSTS)
    assert hosts_at(context, names) == names[:2]
    assert set(hosts_at(replace(context, scale="desk"), names)) == DESK
    assert hosts_at(replace(context, scale="paper"), names) == names
    assert hosts_at(context, names, smoke=1) == names[:1]


def test_how_hosts_are_trained(context: Context) -> None:
    paper, desk = (replace(context, scale=scale) for scale in ("paper", "desk"))
    assert classifier_settings(paper, "resnet18").width == 1.0
    assert classifier_settings(desk, "resnet18").width == 0.125
    assert classifier_settings(paper, "lenet5").augment == "none"  # digits
    assert classifier_settings(paper, "vgg16").augment == "crop_flip"
    assert classifier_settings(paper, "vgg16").schedule.learning_rate == 0.1
    assert classifier_settings(desk, "vgg16").schedule.learning_rate == pytest.approx(0.02)
    assert classifier_settings(paper, "lenet3").schedule.learning_rate == pytest.approx(0.02)
    with pytest.raises(ValueError, match="no host `resnet81`. Did you mean `resnet18`"):
        classifier_settings(desk, "resnet81")


def test_how_hosts_are_marked(context: Context) -> None:
    paper, desk = (replace(context, scale=scale) for scale in ("paper", "desk"))
    assert marking_schedule(paper, "lenet5") == classifier_settings(paper, "lenet5").schedule
    # A fifth of 0.05, doubled; four times 8 epochs.
    assert marking_schedule(desk, "lenet5").learning_rate == pytest.approx(0.02)
    assert marking_schedule(desk, "lenet5").epochs == 32
    assert marking_schedule(desk, "resnet18").epochs == 8
