from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.attacks import FineTune, Prune, Quantize, WeightNoise
from tfwm.attacks.copies.losses import l2_loss
from tfwm.attacks.kernels import kernels_of, pruned, quantized
from tfwm.networks.copying import copy_of
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Schedule
from tfwm.types import ImagePairs


def test_pruned_by_hand() -> None:
    kernel = np.array([[3.0, -1.0, 0.5, -4.0], [2.0, -0.25, 1.0, 5.0]], np.float32)
    # 3 of 8: |w| in order 0.25, 0.5, 1 (the first of the two, -1), 1, 2, 3, 4, 5.
    expected = np.array([[3.0, 0.0, 0.0, -4.0], [2.0, 0.0, 1.0, 5.0]])
    np.testing.assert_array_equal(pruned(kernel, 3 / 8), expected)
    assert kernel[0, 2] == 0.5


def test_quantized_by_hand() -> None:
    # 2 bits from -1 to 2: four values, step 3 / 3 = 1.
    kernel = np.array([-1.0, -0.6, 0.4, 0.6, 1.4, 2.0], np.float32)
    np.testing.assert_allclose(quantized(kernel, 2), [-1, -1, 0, 1, 1, 2], atol=1e-6)
    np.testing.assert_array_equal(quantized(np.full(3, 0.7, np.float32), 8), np.full(3, 0.7, np.float32))


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


def test_copy_is_independent_and_equal(host) -> None:
    images = as_float(patches(2, seed=3))
    copy = copy_of(host)
    np.testing.assert_array_equal(copy(images), host(images))
    copy.set_weights([value * 0 for value in copy.get_weights()])
    assert np.abs(host(images)).max() > 0


def _weights(suspect: KerasSuspect) -> dict[str, np.ndarray]:
    return {f"{index} {weight.name}": weight.numpy() for index, weight in enumerate(suspect.model.weights)}


def _error(suspect: KerasSuspect, data: ImagePairs) -> float:
    return float(np.mean(l2_loss(suspect(data.inputs), as_float(data.targets))))


SCHEDULE = Schedule(epochs=2, steps_per_epoch=3, batch_size=4, learning_rate=3e-3, decay="constant")


def test_fine_tuning_comes_nearer_to_the_targets_and_trains_frozen_parts(suspect, data, run) -> None:
    stolen = FineTune("all", "l2", SCHEDULE)(suspect, data, run)
    assert _error(stolen, data) < 0.95 * _error(suspect, data)
    before, after = _weights(suspect), _weights(stolen)
    assert all(np.abs(after[name] - before[name]).max() > 0 for name in before)
    np.testing.assert_array_equal(KerasSuspect("file", _load(run))(data.inputs), stolen(data.inputs))


def test_fine_tuning_the_last_layer_changes_nothing_else(suspect, data, run) -> None:
    stolen = FineTune("last", "l1", SCHEDULE)(suspect, data, run)
    before, after = _weights(suspect), _weights(stolen)
    changed = {name.split(" ")[1] for name in before if np.abs(after[name] - before[name]).max() > 0}
    assert changed == {"last/kernel:0", "last/bias:0"}


def test_killed_fine_tuning_resumes_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attack = FineTune("all", "l1", SCHEDULE)
    with pytest.raises(KeyboardInterrupt):
        attack(suspect, data, run)
    killed_after_first_epoch()
    resumed = attack(suspect, data, run)
    whole = attack(suspect, data, run.child("whole"))
    for name, value in _weights(whole).items():
        np.testing.assert_array_equal(_weights(resumed)[name], value)


def test_targets_of_another_shape_are_refused(suspect, data, run) -> None:
    grey = ImagePairs(data.inputs, data.targets[..., :1])
    with pytest.raises(ValueError, match=r"`data.targets` must have the shape .* got \[1, 16, 16, 1\] and"):
        FineTune()(suspect, grey, run)


def _load(run):
    from tensorflow import keras

    return keras.models.load_model(run.directory / "model.keras", compile=False)
