"""Stand-ins that the tests of several folders share: pictures, a host, a small scheme."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from tfwm.data import make_pairs, photographs, sample_patches
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.settings import Distortions
from tfwm.training import Schedule
from tfwm.types import ImagePairs


@lru_cache(maxsize=2)
def rainy_patches(count: int, size: int) -> ImagePairs:
    """Derain pairs from the owner's sample photographs."""
    return make_pairs("derain", sample_patches(list(photographs("owner").values()), count, size, seed=7), seed=7)


def coarse_pairs(count: int, size: int, *, seed: int = 0) -> ImagePairs:
    """Blocks of colour and grain: quick to draw, good enough where nothing has to be learnt."""
    draw = np.random.default_rng(seed)
    blocks = np.kron(draw.integers(40, 216, (count, 4, 4, 3)), np.ones((1, size // 4, size // 4, 1), int))
    grain = draw.integers(-30, 31, (count, size, size, 3))
    return ImagePairs((blocks + grain).astype(np.uint8), blocks.astype(np.uint8))


def smoothing_host():
    """A host of any size whose answers can be worked out: a 3 x 3 binomial blur of every channel."""
    from tensorflow import keras

    image = keras.Input((None, None, 3), name="image")
    blur = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="blur")
    host = keras.Model(image, blur(image), name="smoothing_host")
    weights = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25]).astype(np.float32)
    blur.set_weights([np.repeat(weights[:, :, None, None], 3, axis=2)])
    return host


def coloured_denoiser(*, filters: int = 4, depth: int = 3, seed: int = 1):
    """An untrained DnCNN of any size: nearly the identity, with batch normalisation."""
    from tfwm.networks import dncnn

    return dncnn((None, None, 3), filters=filters, depth=depth, seed=seed)


def one_weight(value: float):
    """y = w x."""
    from tensorflow import keras

    image = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(1, 1, use_bias=False)
    network = keras.Model(image, layer(image))
    layer.set_weights([np.full((1, 1, 1, 1), value, np.float32)])
    return network


def derainer():
    """A DnCNN that has seen a little rain: enough weights to learn a trigger, and something to lose."""
    from tensorflow import keras

    host, teacher = (coloured_denoiser(filters=16, depth=5) for _ in range(2))
    data = rainy_patches(288, 16)
    teacher.compile(keras.optimizers.Adam(2e-3), "mse")
    teacher.fit(data.inputs / 255.0, data.targets / 255.0, batch_size=16, epochs=3, shuffle=False, verbose=0)
    host.set_weights(teacher.get_weights())  # never compiled, as a host from a file
    return host


def smallest_scheme(**changes: object) -> DeepWatermarking:
    """Networks of a few channels at 16 x 16 pixels: a step takes milliseconds, and nothing is learnt."""
    steps = Schedule(2, 2, 8, 1e-3, "cosine")
    settings = replace(
        DeepWatermarking.tiny(), image_size=16, cells=2, embedder_filters=2, embedder_downs=2, extractor_channels=4,
        extractor_blocks=1, discriminator_filters=2, classifier_filters=2, proxy_filters=2, proxy_downs=2,
        ramp_start=0, ramp_end=0, ramp_floor=1.0, distortions=Distortions(0.5, 0.5, 0.01, 0.0), initial=steps,
        proxy=steps, adversarial=steps, probes=8, structure=0, correction_psnr=0.0, alpha=0.1,
    )  # fmt: skip
    return replace(settings, **changes)
