"""A margin shows each key sample as it is and changed, all with its label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfwm.training import KeySamples, Labels, Margin

COUNT, SIDE = 5, 12


@pytest.fixture(scope="module")
def batch() -> dict[str, tf.Tensor]:
    draw = np.random.default_rng(0)
    return {
        "key_images": tf.constant(draw.random((COUNT, SIDE, SIDE, 3)), tf.float32),
        "key_labels": tf.range(COUNT, dtype=tf.int64), "key_seed": tf.constant(draw.integers(0, 2**62, (COUNT, 2))),
    }  # fmt: skip


def test_no_margin_shows_the_samples_alone(batch) -> None:
    for mark in (KeySamples(), KeySamples(Margin())):
        images, labels = mark.asked(batch)
        np.testing.assert_array_equal(images, batch["key_images"])
        np.testing.assert_array_equal(labels, batch["key_labels"])


def test_copies_stand_behind_the_samples_with_their_labels_and_differ(batch) -> None:
    images, labels = KeySamples(Margin(copies=3)).asked(batch)
    assert images.shape == (4 * COUNT, SIDE, SIDE, 3)
    np.testing.assert_array_equal(images[:COUNT], batch["key_images"])
    np.testing.assert_array_equal(labels, np.tile(np.arange(COUNT), 4))
    versions = images.numpy().reshape(4, COUNT, -1)
    for first in range(4):
        for second in range(first):
            assert (np.abs(versions[first] - versions[second]).max(axis=1) > 0.05).all()


def test_two_replicas_are_shown_what_one_would_be(batch) -> None:
    mark = KeySamples(Margin(copies=2), "crop_flip")
    whole = mark.asked(batch)[0].numpy().reshape(3, COUNT, SIDE, SIDE, 3)
    for part in (slice(0, 2), slice(2, COUNT)):
        share = mark.asked({name: values[part] for name, values in batch.items()})[0].numpy()
        np.testing.assert_array_equal(share.reshape(3, -1, SIDE, SIDE, 3), whole[:, part])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"copies": -1}, "`copies` must be a whole number from 0 to 64, got -1"),
        ({"shift": 1.5}, "`shift` must be a whole number from 0 to 64, got 1.5"),
        ({"turn": float("nan")}, "`turn` must be a number from 0 to 180, got nan"),
        ({"zoom": 0.7}, "`zoom` must be a number from 0 to 0.5, got 0.7. Use 0 to leave this change out."),
        ({"noise": -1.0}, "`noise` must be a number from 0 to 64, got -1.0"),
    ],
)
def test_a_value_out_of_range_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Margin(**changes)


def test_pictures_smaller_than_the_move_are_refused() -> None:
    Margin(shift=12).check_size(12)
    with pytest.raises(ValueError, match="`margin.shift` must be below the pictures' 12 pixels, got 12. Use 1 to 4."):
        Margin(copies=1, shift=12).check_size(12)


def test_copies_are_mirrored_where_ordinary_images_are(batch) -> None:
    still = Margin(copies=40, shift=0, turn=0.0, zoom=0.0, soften=0.0, light=0.0, noise=0.0)
    given = batch["key_images"].numpy()
    for augment, share in (("crop_flip", 0.5), ("crop", 0.0), ("none", 0.0)):
        copies = KeySamples(still, augment).asked(batch)[0].numpy()[COUNT:].reshape(40, *given.shape)
        mirrored = (copies == given[:, :, ::-1]).all(axis=(2, 3, 4))
        same = (copies == given).all(axis=(2, 3, 4))
        assert (mirrored ^ same).all()
        # Standard deviation of a share of 200 fair coins: 0.035.
        assert abs(mirrored.mean() - share) < 0.12


def test_half_of_the_ordinary_images_are_changed_alike_with_their_own_classes() -> None:
    draw = np.random.default_rng(3)
    ordinary = {
        "images": tf.constant(draw.random((200, SIDE, SIDE, 1)), tf.float32),
        "labels": tf.constant(draw.integers(0, 4, 200)), "seed": tf.constant(draw.integers(0, 2**62, (200, 2))),
    }  # fmt: skip
    images, labels = Labels(margin=Margin(copies=1)).prepared(ordinary)
    np.testing.assert_array_equal(labels, ordinary["labels"])
    same = (images.numpy() == ordinary["images"].numpy()).all(axis=(1, 2, 3))
    # Standard deviation of a share of 200 fair coins: 0.035.
    assert abs(same.mean() - 0.5) < 0.12
    part, _ = Labels(margin=Margin(copies=1)).prepared({name: values[50:90] for name, values in ordinary.items()})
    np.testing.assert_array_equal(part, images[50:90])
    still, _ = Labels(margin=Margin()).prepared(ordinary)
    np.testing.assert_array_equal(still, ordinary["images"])
