"""A SavedModel is wrapped as a network at hand is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.attacks import MeanSubtracted, Mirrored, Padded, SelfEnsemble, Tiled, Turned
from tfwm.exporting import export
from tfwm.suspects import SavedModelSuspect

pytestmark = pytest.mark.trains


def test_a_saved_model_is_wrapped_as_the_network_that_was_exported(suspect, host, data, run, tmp_path) -> None:
    served = SavedModelSuspect(export(host, tmp_path / "1", warmup=False))
    queries = patches(3, seed=9)[:, :11]
    for attack in (Mirrored(), Turned(), SelfEnsemble(), Tiled(2, 3, 1), Padded(3), MeanSubtracted("ordinary", 4)):
        one, other = (attack(model, data, run)(queries) for model in (served, suspect))
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.abs(one - suspect(queries)).max() > 1e-4
