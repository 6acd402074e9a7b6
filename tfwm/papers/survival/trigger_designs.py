"""The data, the host and the two designs of trigger marks that are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfwm.keys import new_secret
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.models import KEY_SEED, TRAINED
from tfwm.papers.quan2020.pictures import denoising_cases, thief_pairs, training_pairs
from tfwm.papers.quan2020.scales import SIGMA, host_settings
from tfwm.papers.survival.tables import AFTER, BEFORE
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.training import Schedule
from tfwm.types import RESTORATION, ImagePairs

HOST = "dncnn"
WIDE_FILTERS = {"smoke": 8, "desk": 64, "paper": 64}
WIDE_EPOCHS = {"smoke": 1, "desk": 15, "paper": 90}
SHOWN = 128  # side of the middle of each test picture
DESIGNS = {
    # What the preset `fast` embeds.
    BEFORE: TriggerImage(
        gradient="gentle", coded=True, trigger_size=80, cells=16, strength=3e-2, stop_at=0.07, visualizer=False,
        embedding=Schedule(60, 40, 16, 2e-3, "constant", 0.9), alpha=1e-6, sigma=SIGMA,
    ),
    # The map's fields at their defaults.
    AFTER: replace(
        TriggerImage.fast(), gradient="central", cells=8, stop_at=0.0, carrier="neighbourhoods", amount=0.08,
        trigger_size=160, strength=0.2, embedding=Schedule(30, 40, 16, 2e-3, "cosine", 0.9), visualizer=False,
        sigma=SIGMA,
    ),
}  # fmt: skip


def scheme_of_design(context: Context, design: str) -> TriggerImage:
    """The settings of a design.

    Args:
      context: of the experiment; at scale smoke a few steps.
      design: `before` (the preset `fast`, whose bits lie in a code map) or `after` (bits in functions of
        neighbourhoods).
    """
    scheme = DESIGNS[design]
    return replace(scheme, embedding=Schedule(1, 3, 8, 2e-3, "constant")) if context.scale == "smoke" else scheme


def host_of(context: Context) -> Subject:
    """The unmarked denoiser, that of the tables of Quan et al. 2020.

    Args:
      context: of one seed.
    """
    return TRAINED.unmarked(context, HOST)


def marked(context: Context, design: str) -> Subject:
    """The denoiser, marked by a design, and its key.

    Args:
      context: of one seed.
      design: `before` or `after`.
    """
    return _marked(TRAINED, context, design, "trigger_image")


def _marked(hosts: TrainedHosts, context: Context, design: str, label: str) -> Subject:
    scheme, secret = scheme_of_design(context, design), new_secret(KEY_SEED + context.seeds[0])
    return hosts.marked(context, HOST, scheme, f"{label} {design}", secret=secret)


def _wide_settings(context: Context, name: str) -> HostSettings:
    narrow, scale = host_settings(context, name), context.scale
    schedule = replace(narrow.schedule, epochs=WIDE_EPOCHS[scale], learning_rate=1e-3)
    return replace(narrow, filters=WIDE_FILTERS[scale], schedule=schedule)


WIDE = TrainedHosts(RESTORATION, "wide host", _wide_settings, training_pairs)


def wide_host_of(context: Context) -> Subject:
    """The unmarked denoiser with the paper's 64 filters, trained for a sixth of the steps.

    Args:
      context: of one seed.
    """
    return WIDE.unmarked(context, HOST)


def wide_marked(context: Context, design: str) -> Subject:
    """The wide denoiser, marked by a design, and its key.

    Args:
      context: of one seed.
      design: `before` or `after`.
    """
    return _marked(WIDE, context, design, "wide trigger_image")


def pairs(context: Context, part: str) -> ImagePairs:
    """Clean patches on both sides; noise comes fresh at every step.

    Args:
      context: of the experiment.
      part: `owner`, or `attacker`, who has textures.
    """
    return (training_pairs if part == "owner" else thief_pairs)(context, HOST)


def test_pictures(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """The middles of noisy and of clean test pictures, float32 `[n, side, side, 1]`.

    Args:
      context: of the experiment.
    """
    cases = [tuple(_middle(picture) for picture in pair) for pair in denoising_cases(context, "set11")]
    noisy, clean = (np.concatenate(part).astype(np.float32) for part in zip(*cases, strict=True))
    return noisy, clean


def _middle(picture: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - SHOWN) // 2) for side in picture.shape[1:3])
    return picture[:, top : top + SHOWN, left : left + SHOWN]
