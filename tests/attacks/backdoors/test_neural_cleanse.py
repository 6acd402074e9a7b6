"""What was found is kept on file, and unlearnt."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.backdoors.planted import TARGET, pictures, planted
from tfwm.attacks import NeuralCleanse
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent

pytestmark = pytest.mark.trains


def test_the_trigger_is_unlearnt_and_kept_on_file(run) -> None:
    mine = pictures(100, 2)
    suspect = KerasSuspect("planted", planted())
    schedule = Descent(4, 20, 20, 0.3, "constant")
    cleansed = NeuralCleanse(steps=150, batch=8, schedule=schedule)(suspect, mine, run)
    (path,) = run.directory.glob("triggers-*.npz")
    with np.load(path) as found:
        assert set(found.files) == {"masks", "patterns", "norms", "indices"}
        assert np.argmax(found["indices"]) == TARGET
    fresh = pictures(100, 3)
    trigger = fresh.images.copy()
    trigger[:, 0, 7] = 255
    assert np.mean(suspect(trigger).argmax(1) == TARGET) == 1.0
    assert np.mean(cleansed(trigger).argmax(1) == fresh.labels) > 0.8
    # A second call finds the file, and what it says decides.
    written = path.stat().st_mtime_ns
    again = NeuralCleanse(steps=150, batch=8, schedule=schedule)(suspect, mine, run)
    assert path.stat().st_mtime_ns == written
    np.testing.assert_array_equal(again(trigger), cleansed(trigger))
