"""The code of a coded mark, and codes of wrong keys: what they depend on, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwm.digests import array_digest, weights_digest
from tfwm.evidence.binding import Draws, draws_for, draws_of, pieces_of
from tfwm.keys import OwnerKey
from tfwm.schemes.deep_watermarking import correction, structure
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.wrong_keys import wrong_secret


def draws_in(settings: DeepWatermarkingSettings, key: OwnerKey) -> Draws:
    """What the key's secret draws: of a coded mark only when R, probe images and unmarked answers are fixed.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    return draws_of(key, settings.pieces, bound_parts(key) if settings.coded else None)


def bound_parts(key: OwnerKey) -> dict[str, bytes]:
    """Digests of what the code depends on beside the secret: R, probes, unmarked answers, functions of structure.

    Args:
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    arrays = {"probes": key.array("probes", "u", 4), **baseline_of(key)}
    arrays |= {name: key.arrays[name] for name in (*structure.ARRAYS, correction.ARRAY) if name in key.arrays}
    parts = {name: array_digest(array) for name, array in arrays.items()}
    return {**parts, "extractor": weights_digest(key.network("extractor"))}


def baseline_of(key: OwnerKey) -> dict[str, np.ndarray]:
    """What the suspect's answers are compared with, by its name in the key.

    The unmarked host's answers to the probes, uint8 `[n, s, s, c]`. Keys of earlier releases have in their place a
    `baseline` of R's logits on these answers, `[n, k, k]`, which can be compared in the plain view only.

    Args:
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: it has neither.
    """
    if "unmarked" not in key.arrays and "baseline" in key.arrays:
        return {"baseline": key.array("baseline", "f", 3)}
    return {"unmarked": key.array("unmarked", "u", 4)}


def owner_code(settings: DeepWatermarkingSettings, key: OwnerKey) -> np.ndarray:
    """The secret bits of the map, float32 `[cells * cells]` of -1 and 1.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    return whole_code(settings, key)[: settings.cells**2]


def structure_code(settings: DeepWatermarkingSettings, key: OwnerKey) -> np.ndarray:
    """The secret bits in structure, float32 `[structure]`; otherwise as `owner_code`."""
    return whole_code(settings, key)[settings.cells**2 : settings.bits]


def correction_code(settings: DeepWatermarkingSettings, key: OwnerKey) -> np.ndarray:
    """The correction's direction, float32 `[14]` of length 1; empty where there is none; otherwise as `owner_code`."""
    return whole_code(settings, key)[settings.bits :]


def whole_code(settings: DeepWatermarkingSettings, key: OwnerKey) -> np.ndarray:
    """Bits of the map and in structure, then the correction's direction, float32; otherwise as `owner_code`."""
    return _code(settings, draws_in(settings, key))


def decoy_codes(settings: DeepWatermarkingSettings, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
    """The codes of wrong keys, float32 `[seeds, ...]` as of `whole_code`; what they share is digested once.

    Args:
      settings: those that the key was made with.
      key: the owner's.
      seeds: number the decoys.
    """
    parts, count = bound_parts(key), settings.pieces
    draws = (draws_for(key.scheme, key.settings, pieces_of(wrong_secret(key, seed), count), parts) for seed in seeds)
    return np.stack([_code(settings, each) for each in draws])


def _code(settings: DeepWatermarkingSettings, draws: Draws) -> np.ndarray:
    cells = draws.bits("deep_watermarking/code", settings.cells**2)
    bits = draws.bits("deep_watermarking/structure", settings.structure)
    signs = np.concatenate([cells, bits]).astype(np.float32) * 2 - 1
    if not settings.corrected:
        return signs
    return np.concatenate([signs, correction.drawn(draws.generator("deep_watermarking/correction"))])
