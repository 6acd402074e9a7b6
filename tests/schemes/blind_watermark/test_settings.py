"""Settings that are refused, presets that are the paper's, and the encoder of appendix A.1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tfwm.config import from_dict
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.blind_watermark.networks import encoder
from tfwm.schemes.key_samples.networks import convolutional_discriminator, linear_discriminator
from tfwm.training import Margin

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"labels": "lst"}, "no order of labels `lst`. Did you mean `last`"),
    ({"body": "unit"}, "no body `unit`. Did you mean `unet`"),
    ({"image_size": 28}, r"`image_size` must be a multiple of 2\*\*downs = 32, got 28. Use fewer `downs`, or body="),
    ({"labels": "joint", "controls": 0}, "`controls` must be at least 1 .*got 0: without a control nobody knows"),
    ({"labels": "joint"}, "`alpha` must lie between 0.5, the smallest p-value .*got 1e-06.* or controls"),
    ({"host_weight": 0.1}, "`host_weight` must be 0 with labels='last', got 0.1: no label exists while the encoder"),
    ({"encoder_rounds": 0}, "`encoder_rounds` must be at least 1, got 0"),
    ({"host_rounds": 0}, "`host_rounds` must be at least 1, got 0"),
    ({"host_weight": -0.1}, "`host_weight` must be a number of at least 0, got -0.1"),
    ({"ssim_weight": float("nan")}, "`ssim_weight` must be a number of at least 0, got nan"),
    ({"mse_weight": float("inf")}, "`mse_weight` must be a number of at least 0, got inf"),
    ({"mse_weight": 0, "ssim_weight": 0}, "`mse_weight` or `ssim_weight` must be above 0"),
    ({"discriminator": "linea"}, "no discriminator `linea`. Did you mean `linear`"),
    ({"key_batch": 21}, "`key_batch` must be even and at most `samples`, 500, got 21"),
    ({"margin": Margin(copies=1, shift=32)}, "`margin.shift` must be below the pictures' 32 pixels, got 32"),
    ({"accuracy_threshold": 0.0}, r"`accuracy_threshold` must lie in \(0, 1\], got 0.0"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[str(changes) for changes, _ in REFUSED])
def test_settings_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BlindWatermark(**changes)


def test_the_papers_numbers() -> None:
    paper = BlindWatermark.paper()
    assert (paper.labels, paper.samples, paper.host.epochs, paper.host.batch_size) == ("joint", 500, 100, 100)
    assert (paper.encoder.learning_rate, paper.encoder.decay, paper.discriminator) == (1e-3, "constant", "linear")
    assert (paper.accuracy_threshold, paper.controls, paper.alpha) == (0.9, 19, 0.05)
    assert not paper.exact
    assert BlindWatermark.reference().discriminator == "convolutional"
    assert BlindWatermark.fast().labels == BlindWatermark.tiny().labels == "last"
    assert BlindWatermark.fast().exact
    assert BlindWatermark.tiny().exact
    assert replace(paper, body="plain", image_size=28).image_size == 28


def test_no_preset_has_a_margin_and_older_keys_settings_stay_as_they_were() -> None:
    for preset in (BlindWatermark.paper, BlindWatermark.reference, BlindWatermark.fast, BlindWatermark.tiny):
        assert preset().margin.copies == 0
        assert "margin" not in preset().to_dict()
    wide = replace(BlindWatermark.fast(), margin=Margin(copies=2, turn=5.0))
    assert wide.to_dict()["margin"]["turn"] == 5.0
    assert from_dict(BlindWatermark, wide.to_dict()) == wide


@pytest.mark.parametrize(("body", "channels"), [("unet", 3), ("plain", 1)])
def test_an_encoder_gives_pictures_that_depend_on_cover_and_logo(body: str, channels: int) -> None:
    network = encoder((16, 16, channels), body=body, filters=4, downs=2, seed=1)
    draw = np.random.default_rng(0)
    cover, logo, other = (draw.random((2, 16, 16, channels), np.float32) for _ in range(3))
    made = network([cover, logo]).numpy()
    assert made.shape == cover.shape
    assert 0 <= made.min() < made.max() <= 1
    assert (network([other, logo]).numpy() != made).any()
    assert (network([cover, other]).numpy() != made).any()
    np.testing.assert_array_equal(
        encoder((16, 16, channels), body=body, filters=4, downs=2, seed=1)([cover, logo]), made
    )


def test_the_prenets_of_the_paper() -> None:
    network = encoder((32, 32, 3), filters=8, seed=1)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert sorted(layer.name for layer in layers) == ["cover_pre_1", "cover_pre_2", "logo_pre_1", "logo_pre_2"]
    assert all((layer.filters, layer.kernel_size, layer.strides) == (3, (3, 3), (1, 1)) for layer in layers)
    assert network.get_layer("pair").output_shape == (None, 32, 32, 6)


def test_discriminators_by_their_tables() -> None:
    linear = linear_discriminator((32, 32, 3), seed=0)
    # 3072 to 64, 32 and 1, each with a bias.
    assert linear.count_params() == 3072 * 64 + 64 + 64 * 32 + 32 + 32 + 1
    convolutional = convolutional_discriminator((32, 32, 3), seed=0)
    kernels = [layer for layer in convolutional.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in kernels] == [8, 16, 32, 16, 8, 3]
    assert [layer.kernel_size[0] for layer in kernels] == [4, 3, 3, 3, 3, 4]
    assert [layer.strides[0] for layer in kernels] == [2, 1, 1, 1, 1, 2]
    for network in (linear, convolutional):
        assert network(np.zeros((5, 32, 32, 3), np.float32)).shape == (5,)
