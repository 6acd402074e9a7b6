from __future__ import annotations

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from tfwm.data.stream.batches import batches

COUNT = 11
ARRAYS = {
    "inputs": np.random.default_rng(0).integers(0, 256, (COUNT, 4, 6, 3), dtype=np.uint8),
    "index": np.arange(COUNT, dtype=np.int32),
    "label": np.arange(COUNT, dtype=np.uint8),  # 8 bits, yet no image: must not be scaled
}


def _taken(steps: int, start_step: int = 0, seed: int = 7, flip: bool = False) -> list[dict[str, np.ndarray]]:
    stream = batches(ARRAYS, batch_size=4, seed=seed, start_step=start_step, steps=steps, flip=flip)
    return list(stream.as_numpy_iterator())


def _assert_equal(first: list[dict[str, np.ndarray]], second: list[dict[str, np.ndarray]]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("start", [0, 1, 2, 5, 6])
def test_started_late_it_equals_the_tail(start):
    _assert_equal(_taken(9 - start, start, flip=True), _taken(9, flip=True)[start:])


def test_elements_are_floats_with_static_shapes_and_seeds():
    stream = batches(ARRAYS, batch_size=4, seed=0, steps=5)
    assert stream.cardinality().numpy() == 5
    assert {name: (spec.shape.as_list(), spec.dtype.name) for name, spec in stream.element_spec.items()} == {
        "inputs": ([4, 4, 6, 3], "float32"), "index": ([4], "int32"), "label": ([4], "uint8"),
        "seed": ([4, 2], "int64"),
    }  # fmt: skip
    for batch in stream.as_numpy_iterator():
        np.testing.assert_array_equal(batch["label"], batch["index"])
        np.testing.assert_allclose(batch["inputs"], ARRAYS["inputs"][batch["index"]] / 255.0, atol=1e-7)


def test_an_epoch_visits_every_example_at_most_once():
    taken = _taken(40)
    for epoch in range(20):  # 11 examples make two batches of 4, three examples rest
        seen = np.concatenate([batch["index"] for batch in taken[2 * epoch : 2 * epoch + 2]])
        assert len(set(seen)) == 8
    counts = np.bincount(np.concatenate([batch["index"] for batch in taken]), minlength=COUNT)
    assert counts.min() >= 8
    assert counts.max() <= 20


def test_orders_differ_between_epochs_and_seeds():
    stream = batches({"index": np.arange(6)}, batch_size=6, seed=1, steps=2000)
    orders = np.stack([batch["index"] for batch in stream.as_numpy_iterator()])
    assert len(np.unique(orders, axis=0)) > 600  # of 720; 2000 draws leave out 720 * exp(-2.8) = 45
    first = np.bincount(orders[:, 0], minlength=6)
    assert (np.square(first - 2000 / 6) / (2000 / 6)).sum() < 25  # chi-square, 5 degrees: p of 1e-4
    assert (_taken(2, seed=7)[0]["index"] != _taken(2, seed=8)[0]["index"]).any()


def test_seeds_are_all_different():
    seeds = np.concatenate([batch["seed"] for batch in _taken(50)])
    assert len(np.unique(seeds)) == seeds.size


def test_flip_mirrors_whole_examples_about_half_of_them():
    pictures = ARRAYS["inputs"]
    stream = batches(
        {"a": pictures, "b": pictures, "index": ARRAYS["index"]}, batch_size=8, seed=3, steps=40, flip=True
    )
    mirrored = []
    for batch in stream.as_numpy_iterator():
        np.testing.assert_array_equal(batch["a"], batch["b"])
        clean = pictures[batch["index"]].astype(np.float32) / np.float32(255)
        as_is = (batch["a"] == clean).all(axis=(1, 2, 3))
        assert (as_is | (batch["a"] == clean[:, :, ::-1]).all(axis=(1, 2, 3))).all()
        mirrored += list(~as_is)
    assert 0.4 < np.mean(mirrored) < 0.6
    plain, flipped = _taken(3), _taken(3, flip=True)
    for one, other in zip(plain, flipped):
        np.testing.assert_array_equal(one["index"], other["index"])
        np.testing.assert_array_equal(one["seed"], other["seed"])


def _two_cpus() -> list[str]:
    cpu = tf.config.list_physical_devices("CPU")[0]
    # Another test may have started TensorFlow already; whether there are two is asked below.
    with contextlib.suppress(RuntimeError, ValueError):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return [device.name for device in tf.config.list_logical_devices("CPU")][:2]


DEVICES = _two_cpus()


@pytest.mark.skipif(len(DEVICES) < 2, reason="TensorFlow was started with one logical CPU")
def test_two_replicas_get_the_halves_of_the_same_global_batch():
    strategy = tf.distribute.MirroredStrategy(DEVICES)
    shared = strategy.experimental_distribute_dataset(batches(ARRAYS, batch_size=4, seed=7, steps=5, flip=True))
    count = 0
    for parts, whole in zip(shared, _taken(5, flip=True)):
        for name, value in whole.items():
            halves = [half.numpy() for half in strategy.experimental_local_results(parts[name])]
            assert [len(half) for half in halves] == [2, 2]
            np.testing.assert_array_equal(np.concatenate(halves), value)
        count += 1
    assert count == 5


def test_errors():
    with pytest.raises(ValueError, match=r"from 1 to the number of examples, 11, got 12"):
        batches(ARRAYS, batch_size=12, seed=0, steps=1)
    with pytest.raises(ValueError, match=r"arrays of one length"):
        batches({"a": np.zeros(3), "b": np.zeros(4)}, batch_size=1, seed=0, steps=1)
    with pytest.raises(ValueError, match=r"none of them called `seed`"):
        batches({"seed": np.zeros(3)}, batch_size=1, seed=0, steps=1)
    with pytest.raises(ValueError, match=r"must not be negative"):
        batches(ARRAYS, batch_size=1, seed=0, start_step=-1, steps=1)
