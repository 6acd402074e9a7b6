"""What each scale trains: hosts that exist, schemes that fit their hosts, parts that share no image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfwm.networks.classifiers import CLASSIFIERS
from tfwm.papers import Context
from tfwm.papers.classifiers import data as module
from tfwm.papers.classifiers.data import FILES, parts_of
from tfwm.papers.classifiers.scales import (
    HOSTS,
    SCALES,
    host_schedule,
    host_settings,
    hosts_at,
    marking_schedule,
    scheme_for,
)
from tfwm.papers.engine.cache import Cache
from tfwm.papers.engine.experiment import SCALES as KNOWN
from tfwm.schemes.baselines.key_methods import KEY_METHODS

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
    assert host_settings(paper, "resnet18").width == 1.0
    assert host_settings(desk, "resnet18").width == 0.125
    assert host_settings(paper, "lenet5").augment == "none"  # digits
    assert host_settings(paper, "vgg16").augment == "crop_flip"
    assert host_schedule(paper, "vgg16").learning_rate == 0.1
    assert host_schedule(desk, "vgg16").learning_rate == pytest.approx(0.02)
    assert host_schedule(paper, "lenet3").learning_rate == pytest.approx(0.02)
    with pytest.raises(ValueError, match="no host `resnet81`. Did you mean `resnet18`"):
        host_settings(desk, "resnet81")


@pytest.mark.parametrize("scheme", ["blind_watermark", "deep_stego", *(method.name for method in KEY_METHODS)])
def test_schemes_fit_their_hosts_and_labels_come_last(context: Context, scheme: str) -> None:
    for name, shape in (("lenet5", (28, 28, 1)), ("resnet18", (32, 32, 3))):
        made = scheme_for(context, name, scheme)
        assert (
            (made.image_size, made.image_size, made.channels)
            == shape
            == parts_of(context, HOSTS[name].data)["owner"].shape
        )
        assert made.samples == 20
        assert not made.from_scratch
        assert made.host == marking_schedule(context, name)
        assert getattr(made, "labels", "last") == "last"
        assert getattr(made, "host_weight", 0.0) == 0.0
    assert scheme_for(context, "resnet18", scheme, samples=40).samples == 40


def test_marked_hosts_are_trained_from_scratch_on_paper_alone(context: Context, monkeypatch) -> None:
    smoke = parts_of(context, "cifar10")
    monkeypatch.setattr(module, "parts_of", lambda context, name: smoke)
    for scale, scratch, batch in (("smoke", False, 10), ("desk", False, 10), ("paper", True, 20)):
        made = scheme_for(replace(context, scale=scale), "resnet18", "blind_watermark", samples=120)
        assert (made.from_scratch, made.key_batch) == (scratch, batch)
        assert made.host == marking_schedule(replace(context, scale=scale), "resnet18")
    paper, desk = (replace(context, scale=scale) for scale in ("paper", "desk"))
    assert marking_schedule(paper, "lenet5") == host_schedule(paper, "lenet5")
    # A fifth of 0.05, doubled; four times 8 epochs.
    assert marking_schedule(desk, "lenet5").learning_rate == pytest.approx(0.02)
    assert marking_schedule(desk, "lenet5").epochs == 32


def test_smoke_needs_no_files_and_parts_share_no_image(context: Context) -> None:
    parts = parts_of(context, "mnist")
    assert [len(parts[name]) for name in ("owner", "attacker", "test")] == [200, 100, 100]
    seen = [{image.tobytes() for image in part.images} for part in parts.values()]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    with pytest.raises(FileNotFoundError, match="cifar10.npz"):
        parts_of(replace(context, scale="desk"), "cifar10")


def test_files_are_cut_to_the_scale(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    arrays = {"x_train": draw.integers(0, 256, (300, 28, 28), dtype=np.uint8), "y_train": np.arange(300) % 10,
              "x_test": np.zeros((50, 28, 28), np.uint8), "y_test": np.arange(50) % 10}  # fmt: skip
    np.savez(context.data / "mnist.npz", **arrays)
    small = replace(SCALES["desk"], images=(100, 30))
    monkeypatch.setattr(module, "scale_of", lambda context: small)
    monkeypatch.setattr(Context, "data_file", lambda context, name: context.data / name)
    parts = parts_of(replace(context, scale="desk"), "mnist")
    assert [len(parts[name]) for name in ("owner", "attacker", "test")] == [100, 25, 30]
    seen = [{image.tobytes() for image in parts[name].images} for name in ("owner", "attacker")]
    assert not seen[0] & seen[1]
