"""What changes in a network whose weights are pruned, rounded or shaken, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import grey_host, grey_pairs
from tfwm.attacks import Prune, Quantize, WeightNoise
from tfwm.attacks.kernels import kernels_of, pruned
from tfwm.suspects import KerasSuspect
from tfwm.types import Attack


def test_prune_reaches_frozen_parts_and_spares_biases(suspect, data, run) -> None:
    # The inner kernel by |w|: 0, 0, 0.1, 0.1, 0.1, 0.2, 0.5, 0.6, 0.7; round(0.5 * 9) = 4 go.
    stolen = Prune(0.5)(suspect, data, run).model
    inner = next(layer for layer in stolen.layers if hasattr(layer, "layers"))
    np.testing.assert_allclose(inner.get_weights()[0][0, 0], [[0.5, 0, 0], [0.2, 0.6, 0], [0, 0.1, 0.7]], atol=1e-7)
    for old, new in zip(suspect.model.get_weights(), stolen.get_weights(), strict=True):
        if old.ndim < 2:
            np.testing.assert_array_equal(new, old)
        else:
            assert np.count_nonzero(new) == np.count_nonzero(pruned(old, 0.5))


def test_quantize_leaves_few_values_near_the_old_ones(suspect, data, run) -> None:
    stolen = Quantize(3)(suspect, data, run).model
    for old, new in zip(kernels_of(suspect.model), kernels_of(stolen), strict=True):
        step = (old.numpy().max() - old.numpy().min()) / 7
        assert len(np.unique(new.numpy())) <= 8
        assert np.abs(new.numpy() - old.numpy()).max() <= step / 2 + 1e-6


def test_weight_noise_has_the_sigma_asked_for(suspect, data, run) -> None:
    changes = []
    for seed in range(6):
        stolen = WeightNoise(0.1, seed=seed)(suspect, data, run)
        for old, new in zip(kernels_of(suspect.model), kernels_of(stolen.model), strict=True):
            changes.append(np.ravel((new - old).numpy()) / old.numpy().std())
    # 6 draws of 9 + 108 + 12 weights: the standard error of the deviation is 2.5 %.
    assert np.concatenate(changes).std() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("attack", [Prune(0.3), Quantize(4), WeightNoise(0.1)], ids=repr)
def test_grey_hosts_with_batch_normalisation(attack: Attack, run) -> None:
    grey, pairs = KerasSuspect("grey", grey_host()), grey_pairs()
    answers = attack(grey, pairs, run)(pairs.inputs)
    assert answers.shape == pairs.inputs.shape
    assert np.isfinite(answers).all()
    assert np.abs(answers - grey(pairs.inputs)).max() > 1e-4
