"""Schemes that fit their hosts at each scale, and what marked hosts and controls are made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, pixel_reader
from tfwm.keys import new_secret
from tfwm.networks.classifiers import classifier
from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.li2019.models import (
    KEY_SEED,
    TRAINED,
    WITH_ENCODER,
    control_classifier,
    marked_classifier,
    owner_images,
    scheme_for,
)
from tfwm.papers.li2019.scales import SCALES, marking_schedule
from tfwm.schemes.baselines.key_methods import KEY_METHODS
from tfwm.types import MarkedModel


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("smoke", (0,), tmp_path, Cache(tmp_path / "cache"))


@pytest.mark.parametrize("scheme", ["blind_watermark", "deep_stego", *(method.name for method in KEY_METHODS)])
def test_schemes_fit_their_hosts(context: Context, scheme: str) -> None:
    for name, shape in (("lenet5", (28, 28, 1)), ("resnet18", (32, 32, 3))):
        made = scheme_for(context, name, scheme)
        assert (made.image_size, made.image_size, made.channels) == shape == owner_images(context, name).shape
        assert made.samples == 20
        assert not made.from_scratch
        assert made.host == marking_schedule(context, name)
        if scheme in WITH_ENCODER:
            assert (made.encoder, made.encoder_filters) == (SCALES["smoke"].encoder, 2)
    assert scheme_for(context, "resnet18", scheme, samples=40).samples == 40


def test_labels_come_last(context: Context) -> None:
    made = scheme_for(context, "resnet18", "blind_watermark")
    assert (made.labels, made.host_weight, made.body) == ("last", 0.0, "unet")
    assert scheme_for(context, "lenet5", "blind_watermark").body == "plain"


@pytest.fixture
def digits(context: Context) -> Context:
    """A folder with 2,500 digits to train on, of which 2,000 are the owner's."""
    arrays = {"x_train": np.zeros((2500, 28, 28), np.uint8), "y_train": np.arange(2500) % 10,
              "x_test": np.zeros((50, 28, 28), np.uint8), "y_test": np.arange(50) % 10}  # fmt: skip
    np.savez(context.data / "mnist.npz", **arrays)
    return context


@pytest.mark.parametrize(
    ("scale", "scratch", "batch"), [("smoke", False, 10), ("desk", False, 10), ("paper", True, 20)]
)
def test_hosts_are_marked_from_scratch_on_paper_alone(digits: Context, scale: str, scratch: bool, batch: int) -> None:
    context = replace(digits, scale=scale)
    made = scheme_for(context, "lenet5", "blind_watermark", samples=120)
    assert (made.from_scratch, made.key_batch) == (scratch, batch)
    assert made.host == marking_schedule(context, "lenet5")


def test_paper_takes_one_sample_for_a_hundred_images(digits: Context) -> None:
    paper = replace(digits, scale="paper")
    assert len(owner_images(paper, "lenet5")) == 2000
    assert scheme_for(paper, "lenet5", "blind_watermark").samples == 20


def test_marked_hosts_start_from_hosts_of_their_seed_or_from_scratch(context: Context) -> None:
    marked = marked_classifier(context, "lenet5", seed=3)
    assert marked.recipe["what"] == "lenet5 marked by blind_watermark"
    assert marked.recipe["host"] == TRAINED.unmarked(context, "lenet5", seed=3).recipe
    fresh = scheme_for(context, "lenet5", "blind_watermark", from_scratch=True)
    assert (
        marked_classifier(context, "lenet5", fresh, seed=3).recipe["host"] == TRAINED.unmarked(context, "lenet5").recipe
    )


def test_a_marked_host_from_scratch_needs_no_trained_one(tmp_path: Path) -> None:
    """The scheme is given the architecture, the owner's images, and the secret of seeds 5 and 3."""
    seen: list = []

    def train(self, host, data, run, *, secret):
        seen.append((host.count_params(), len(data), run.seed, secret))
        return MarkedModel(pixel_reader((28, 28, 1)), None)  # type: ignore[arg-type]

    cache = StandIns(tmp_path)
    cache.marked = lambda recipe, make: make(tmp_path)  # type: ignore[method-assign]
    context = Context("smoke", (5,), tmp_path, cache)
    fresh = scheme_for(context, "lenet5", "blind_watermark", from_scratch=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(fresh), "train", train)
        marked_classifier(context, "lenet5", fresh, seed=3).model()
    ((weights, images, seed, secret),) = seen
    assert weights == classifier("lenet5", (28, 28, 1), 10, width=0.0625, seed=0).count_params()
    assert (images, seed, secret) == (200, 8, new_secret(KEY_SEED + 503))


def test_the_control_is_the_same_host_with_the_schedule_of_the_mark(context: Context) -> None:
    control = control_classifier(context, "lenet5")
    assert control.recipe["what"] == "classifier lenet5, trained on without a mark"
    assert control.recipe["host"] == TRAINED.unmarked(context, "lenet5").recipe
    assert control.recipe["schedule"]["epochs"] == marking_schedule(context, "lenet5").epochs
