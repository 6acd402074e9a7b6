"""The trial task: strips of photographs that do not meet, evenly over the classes."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.data.tasks import trial
from tfwm.data.tasks.trial import photograph_patches

PARTS = ("owner", "attacker", "test")


def test_no_column_of_a_photograph_is_in_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pixel of a scene says in which column it stands, and patches are the strips themselves."""
    wide = 250
    columns = np.broadcast_to(np.arange(wide, dtype=np.uint8)[None, :, None], (60, wide, 3))
    taken: list[set[int]] = []
    monkeypatch.setattr(trial, "SCENES", ("one", "two"))
    monkeypatch.setattr(trial, "photographs", lambda part: {"one": columns, "two": columns[:, :183]})

    def whole(pictures: list[np.ndarray], count: int, size: int, *, seed: int) -> np.ndarray:
        taken.append(set(np.unique(pictures[0])))
        return np.zeros((count, size, size, 3), np.uint8)

    monkeypatch.setattr(trial, "sample_patches", whole)
    for part in PARTS:
        photograph_patches(part, 10, 8, seed=0)
    for scene, width in ((0, wide), (1, 183)):
        owner, attacker, test = taken[scene::2]
        assert owner | attacker | test == set(range(width))
        assert len(owner) + len(attacker) + len(test) == width


def test_patches_of_photographs() -> None:
    made = photograph_patches("owner", 23, 16, seed=0)
    assert (made.images.shape, made.images.dtype, made.classes) == ((23, 16, 16, 3), np.uint8, 10)
    np.testing.assert_array_equal(np.bincount(made.labels), [3, 3, 3, 2, 2, 2, 2, 2, 2, 2])
    np.testing.assert_array_equal(photograph_patches("owner", 23, 16, seed=0).images, made.images)
    assert (photograph_patches("owner", 23, 16, seed=1).images != made.images).any()
    assert photograph_patches("test", 10, 16, seed=0, channels=1).shape == (16, 16, 1)
    with pytest.raises(ValueError, match=r"no part `ownr`. Did you mean `owner`"):
        photograph_patches("ownr", 10, 16, seed=0)
