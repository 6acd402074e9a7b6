"""The data, the host and the designs of marks that are compared."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from tfwm.data import make_pairs, photographs, sample_patches
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.papers.engine.data import data_file, read_dataset
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.survival.tables import AFTER
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.types import RESTORATION, ImagePairs

COUNTS = {"owner": (64, 2560), "attacker": (48, 2000), "test": (16, 256)}  # patches at smoke, and otherwise
SECRET_BYTES = 32


def pairs(context: Context, part: str) -> ImagePairs:
    """Rainy and clean patches of photographs.

    Args:
      context: of the experiment.
      part: `owner`, `attacker` or `test`; they share no photograph.
    """
    side = settings_of(context, AFTER).image_size
    return _pairs(context.scale, context.data, part, side)


@lru_cache(maxsize=8)
def _pairs(scale: str, folder: Path, part: str, side: int) -> ImagePairs:
    smoke = scale == "smoke"
    named = photographs(part) if smoke else read_dataset(data_file(folder, f"natural256_{part}.tar"))
    seed = list(COUNTS).index(part)
    clean = sample_patches(list(named.values()), COUNTS[part][0 if smoke else 1], side, seed=seed)
    return make_pairs("derain", clean, seed=seed)


def settings_of(context: Context, design: str) -> DeepWatermarking:
    """The settings of a design.

    Args:
      context: of the experiment.
      design: `before` (a code map alone, read as it is) or `after` (the preset as it stands).
    """
    preset = context.at(smoke=DeepWatermarking.tiny, desk=DeepWatermarking.fast, paper=DeepWatermarking.fast)()
    if design == AFTER:
        return preset
    weight = context.at(smoke=preset.pixel_weight, desk=1500.0, paper=1500.0)
    return replace(preset, structure=0, correction_psnr=0.0, registration="none", pixel_weight=weight)


def _host_settings(context: Context, name: str) -> HostSettings:
    return context.at(smoke=HostSettings.tiny(), desk=HostSettings(), paper=HostSettings())


HOSTS = TrainedHosts(RESTORATION, "host", _host_settings, lambda context, name: pairs(context, "owner"))


def host_of(context: Context) -> Subject:
    """The unmarked host.

    Args:
      context: of one seed.
    """
    return HOSTS.unmarked(context, "derainer")


def marked(context: Context, design: str) -> Subject:
    """The host, marked by a design, and its key.

    Args:
      context: of one seed.
      design: `before` or `after`.
    """
    secret = np.random.default_rng((context.seeds[0], 2026)).bytes(SECRET_BYTES)
    return HOSTS.marked(context, "derainer", settings_of(context, design), f"deep_watermarking {design}", secret=secret)
