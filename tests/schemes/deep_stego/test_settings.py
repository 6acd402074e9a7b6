"""DeepStego has no part of the host's loss; its stego-model is that of section 4.1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego
from tfwm.schemes.deep_stego.networks import stego_model
from tfwm.schemes.key_samples.losses import Objective


def test_a_part_of_the_hosts_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="`host_weight` must be 0, got 0.01: stego images must not know their labels"):
        DeepStego(host_weight=0.01)
    with pytest.raises(ValueError, match="`blocks` must be at least 1, got 0"):
        DeepStego(blocks=0)


def test_only_labels_that_come_last_are_exact() -> None:
    for settings in (DeepStego.paper(), DeepStego.fast(), DeepStego.tiny()):
        assert settings.host_weight == Objective.of(settings).host == 0
        assert Objective.of(settings).saturating
    assert not BlindWatermark.paper().saturating
    assert [preset().labels for preset in (DeepStego.fast, DeepStego.tiny)] == ["last", "last"]
    assert DeepStego.fast().exact
    assert DeepStego.tiny().exact
    # In turns with the host, as published: nobody sees from outside that the stego-model knew no labels.
    assert (DeepStego.paper().labels, DeepStego.paper().exact) == ("joint", False)
    assert DeepStego.fast().host == BlindWatermark.fast().host


def test_ranks_of_the_published_form() -> None:
    paper = DeepStego.paper()
    # Nineteen controls from scratch: one in twenty.
    assert (paper.controls, paper.from_scratch, paper.smallest_p_value, paper.alpha) == (19, True, 0.05, 0.05)
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0.05, the smallest p-value .*got 1e-06.* controls"):
        replace(paper, alpha=1e-6)
    # The host that the marking goes on from is one more.
    assert replace(paper, from_scratch=False).smallest_p_value == pytest.approx(1 / 21)
    assert replace(paper, controls=999, alpha=1e-3).smallest_p_value == 1e-3
    with pytest.raises(ValueError, match="`controls` must be at least 1 .*got 0"):
        replace(paper, controls=0)
    assert replace(paper, labels="last", alpha=1e-6, controls=0).exact


def test_the_stego_model() -> None:
    network = stego_model((16, 16, 1), filters=4, blocks=2, seed=1)
    kernels = [layer for layer in network.layers if type(layer) is keras.layers.Conv2D]
    # Entry, two for each block, and the head.
    assert [layer.filters for layer in kernels] == [4, 4, 4, 4, 4, 1]
    assert sum(isinstance(layer, keras.layers.Add) for layer in network.layers) == 2
    draw = np.random.default_rng(0)
    cover, logo, other = (draw.random((2, 16, 16, 1), np.float32) for _ in range(3))
    made = network([cover, logo]).numpy()
    assert made.shape == (2, 16, 16, 1)
    assert 0 <= made.min() < made.max() <= 1
    assert (network([cover, other]).numpy() != made).any()
