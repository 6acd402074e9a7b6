"""The data sets in three parts that share no image, cut to each scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfwm.papers import Context
from tfwm.papers.engine.cache import Cache
from tfwm.papers.li2019.pictures import parts_of
from tfwm.papers.li2019.scales import SCALES


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("smoke", (0,), tmp_path, Cache(tmp_path / "cache"))


def test_smoke_needs_no_files_and_parts_share_no_image(context: Context) -> None:
    parts = parts_of(context, "lenet5")
    assert [len(parts[name]) for name in ("owner", "attacker", "test")] == [200, 100, 100]
    assert parts["owner"].shape == (28, 28, 1)
    assert parts_of(context, "resnet18")["owner"].shape == (32, 32, 3)
    seen = [{image.tobytes() for image in part.images} for part in parts.values()]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    with pytest.raises(FileNotFoundError, match="cifar10.npz"):
        parts_of(replace(context, scale="desk"), "resnet18")


def test_files_are_cut_to_the_scale(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    arrays = {"x_train": draw.integers(0, 256, (300, 28, 28), dtype=np.uint8), "y_train": np.arange(300) % 10,
              "x_test": np.zeros((50, 28, 28), np.uint8), "y_test": np.arange(50) % 10}  # fmt: skip
    np.savez(context.data / "mnist.npz", **arrays)
    monkeypatch.setitem(SCALES, "desk", replace(SCALES["desk"], images=(100, 30)))
    parts = parts_of(replace(context, scale="desk"), "lenet5")
    assert [len(parts[name]) for name in ("owner", "attacker", "test")] == [100, 25, 30]
    seen = [{image.tobytes() for image in parts[name].images} for name in ("owner", "attacker")]
    assert not seen[0] & seen[1]
