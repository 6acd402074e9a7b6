"""A second key over a classifier's first, by the owner's own scheme, from the stolen weights."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm import schemes
from tfwm.attacks import Overwrite
from tfwm.attacks.kernels import kernels_of
from tfwm.data.reading.labelled import photograph_patches
from tfwm.networks import classifier
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego

SHORT = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 20, "learning_rate": 0.01, "decay": "constant"}


@pytest.mark.parametrize("scheme", [BlindWatermark, DeepStego])
def test_overwriting_goes_on_from_the_stolen_weights(scheme, suspect, run, monkeypatch) -> None:
    monkeypatch.setitem(schemes.SCHEMES, scheme.name, scheme)
    mine = photograph_patches("attacker", 60, 16, seed=2)
    settings = {"scheme": scheme.name, "preset": "tiny", "host": {**SHORT, "weight_decay": 0.0}, "encoder": SHORT}
    attack = Overwrite(settings)
    assert repr(attack) == f"overwrite({scheme.name}, 1 key)"
    stolen = attack(suspect, mine, run)
    before, after = (kernels_of(one.model)[0].numpy().ravel() for one in (suspect, stolen))
    assert 1e-5 < np.abs(after - before).max()
    # Four steps change little; weights drawn afresh have nothing to do with the old ones.
    assert np.corrcoef(before, after)[0, 1] > 0.9
    fresh = kernels_of(classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=9))[0].numpy().ravel()
    assert np.corrcoef(before, fresh)[0, 1] < 0.5


def test_data_of_another_task_is_refused(suspect, run, monkeypatch) -> None:
    monkeypatch.setitem(schemes.SCHEMES, "blind_watermark", BlindWatermark)
    attack = Overwrite({"scheme": "blind_watermark", "preset": "tiny"})
    with pytest.raises(ValueError, match="`data` must hold 16 x 16 pictures with 3 channels of 10 classes"):
        attack(suspect, photograph_patches("attacker", 60, 20, seed=2), run)
