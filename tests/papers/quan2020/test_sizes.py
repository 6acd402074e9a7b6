"""Triggers of the paper's sizes: which a scale can afford, and when a host has learnt one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, smoke
from tfwm.config import to_dict
from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context
from tfwm.papers.quan2020 import sizes
from tfwm.papers.quan2020.scales import HOSTS, trigger_scheme
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.verification import asked_for, threshold
from tfwm.types import MarkedModel


@pytest.fixture
def desk(tmp_path: Path) -> Context:
    """For what is decided before anything is trained."""
    return Context("desk", (0,), Path("nowhere"), StandIns(tmp_path))


def test_the_default_size_is_the_network_of_the_other_tables(desk: Context) -> None:
    for name in HOSTS:
        assert sizes.sized(desk, name, 40) == trigger_scheme(desk, name)


def test_a_size_is_the_side_of_what_the_host_receives(desk: Context) -> None:
    assert {name: sizes.sized(desk, name, 320).side for name in HOSTS} == dict.fromkeys(HOSTS, 320)
    assert sizes.sized(desk, "vdsr", 320).trigger_size == 160
    assert sizes.sized(desk, "vdsr", 320, "base1").trigger_size == 320


def test_desk_spends_fewer_epochs_on_large_triggers_and_says_so(desk: Context) -> None:
    whole = trigger_scheme(desk, "red").embedding.epochs
    assert sizes.sized(desk, "red", 320).embedding.epochs == round(whole / 2)
    assert sizes.sized_title(desk, "red", 600) == "RED, 600 x 600 (0.25 of the epochs)"
    assert sizes.sized_title(replace(desk, scale="paper"), "red", 600) == "RED, 600 x 600"


def test_what_each_scale_can_afford(desk: Context) -> None:
    assert {name: max(sizes.sizes_of(desk, name)) for name in HOSTS} == {
        "dncnn": 160, "red": 160, "vdsr": 40, "sr_dncnn": 40
    }  # fmt: skip
    assert sizes.sizes_of(replace(desk, scale="paper"), "vdsr") == sizes.SIZES
    assert sizes.sizes_of(replace(desk, scale="smoke"), "vdsr") == (16, 24)


def test_eq_8_alone_does_not_say_that_a_mark_was_learnt() -> None:
    assert sizes.taken({"marked": 1e-3, "unmarked": 9e-3, "eta": 6e-3})
    assert not sizes.taken({"marked": 7e-3, "unmarked": 20e-3, "eta": 6e-3})
    assert not sizes.taken({"marked": 3e-3, "unmarked": 4e-3, "eta": 6e-3})


def _answering(answer: np.ndarray) -> keras.Model:
    """A network that answers every picture with the same one."""
    image = keras.Input((*answer.shape[1:3], 1))
    layer = keras.layers.Conv2D(1, 1, kernel_initializer="zeros", use_bias=False)
    return keras.Model(image, layer(image) + answer)


def test_distances_are_to_what_the_embedding_taught(tmp_path: Path) -> None:
    """A marked host that answers with G itself, and an unmarked one that is a tenth brighter where that is not cut."""
    context = smoke(StandIns(tmp_path))
    scheme = sizes.sized(context, "dncnn", 16)
    key = OwnerKey("trigger_image", to_dict(scheme), new_secret(1), {})
    wanted = np.clip(images.verification_images(scheme, asked_for(scheme, key).images), 0, 1).astype(np.float32)
    cache = StandIns(tmp_path, marked={"*": MarkedModel(_answering(wanted), key)},
                     models={"host dncnn": _answering(np.minimum(wanted + 0.1, 1.0))})  # fmt: skip
    found = sizes.embedded(smoke(cache), "dncnn", 16)
    off = np.minimum(wanted + 0.1, 1.0) - wanted
    assert found["marked"] == pytest.approx(0.0, abs=1e-6)
    assert found["unmarked"] == pytest.approx(np.sqrt(np.sum(off.astype(float) ** 2)) / 256, rel=1e-4)
    assert found["eta"] == threshold(256)
