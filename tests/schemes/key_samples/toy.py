"""The smallest networks and settings that Algorithm 1 runs with, and labelled pictures for them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.networks.blocks import Draws, normalization
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego
from tfwm.schemes.deep_stego.networks import stego_model
from tfwm.schemes.key_samples.losses import Objective
from tfwm.schemes.key_samples.marking import marked_with_key
from tfwm.schemes.key_samples.networks import linear_discriminator
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.schemes.key_samples.trainer import EncoderTrainer, JointTrainer
from tfwm.training import Descent, Schedule
from tfwm.types import LabelledImages

SIDE, CLASSES, SAMPLES, KEY_BATCH = 12, 4, 8, 4
SHAPE = (SIDE, SIDE, 3)
ENCODER = Schedule(2, 2, KEY_BATCH, 5e-3, "constant", 0.5)
HOST = Descent(2, 2, 8, 0.05, "cosine")
SHARED = {
    "image_size": SIDE, "classes": CLASSES, "samples": SAMPLES, "key_batch": KEY_BATCH, "alpha": 0.05,
    "encoder_filters": 2, "encoder": ENCODER, "host": HOST, "augment": "crop_flip",
}  # fmt: skip
PLAIN = Objective(3, 5, 0.1)
STEGO = DeepStego(blocks=1, **SHARED)
LAST = BlindWatermark(body="plain", **SHARED)
# One control: no rank is below 1 in 2.
JOINT = replace(LAST, labels="joint", host_weight=0.5, alpha=0.5)
STEGO_JOINT = replace(STEGO, labels="joint", alpha=0.5)


def pictures(count: int, seed: int = 0) -> LabelledImages:
    """Coarse coloured blocks, labelled by chance."""
    draw = np.random.default_rng(seed)
    blocks = draw.integers(0, 256, (count, SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
    return LabelledImages(blocks.repeat(4, axis=1).repeat(4, axis=2), draw.integers(0, CLASSES, count), CLASSES)


def host(seed: int = 5) -> keras.Model:
    """A classifier with batch norm, whose statistics are of the global batch."""
    draws, image = Draws(seed), keras.Input(SHAPE)
    x = keras.layers.Conv2D(4, 3, strides=2, kernel_initializer=draws.glorot())(image)
    x = keras.layers.ReLU()(normalization(x, "batch", draws=draws, name="norm"))
    return keras.Model(image, keras.layers.Dense(CLASSES, kernel_initializer=draws.glorot())(keras.layers.Flatten()(x)))


def encoder(seed: int = 3) -> keras.Model:
    return stego_model(SHAPE, filters=2, blocks=1, seed=seed)


@cache
def _unmarked() -> keras.Model:
    """Beside keys that no host has learnt."""
    return host()


def key_of(
    scheme: KeySampleVerbs, seed: int = 5, *, pool: LabelledImages | None = None, encoder: keras.Model | None = None,
    logo: np.ndarray | None = None, **arrays: np.ndarray,
) -> OwnerKey:  # fmt: skip
    """A key as `train` makes it, but that nothing was trained; its encoder is seldom better than noise."""
    pool = pictures(3 * scheme.samples) if pool is None else pool
    logo = scheme.logo_pixels() if logo is None else logo
    if scheme.has_encoder and encoder is None:
        encoder = scheme.new_encoder(3)
    secret = new_secret(seed)
    asked = new_samples(scheme, pool, logo, encoder, secret)
    return marked_with_key(scheme, _unmarked(), asked, logo, secret, (), arrays=arrays, encoder=encoder).key


def logo() -> np.ndarray:
    """float `[1, h, w, c]`."""
    return pictures(1, seed=9).images.astype(np.float32) / 255


def encoder_trainer(rounds: int = 1, objective: Objective = PLAIN, rate: float = 0.05) -> EncoderTrainer:
    trainer = EncoderTrainer(encoder(), linear_discriminator(SHAPE, seed=4), logo(), objective, rounds=rounds)
    trainer.compile(**{name: keras.optimizers.SGD(rate) for name in trainer.trained})
    return trainer


def joint_trainer(host_weight: float = 0.0, rounds: int = 1, host_rounds: int = 1, rate: float = 0.05) -> JointTrainer:
    trainer = JointTrainer(
        host(), encoder(), linear_discriminator(SHAPE, seed=4), logo(), Objective(3, 5, 0.1, host_weight),
        outputs="logits", augment="crop_flip", rounds=rounds, host_rounds=host_rounds,
    )  # fmt: skip
    trainer.compile(**{name: keras.optimizers.SGD(rate) for name in trainer.trained})
    return trainer
