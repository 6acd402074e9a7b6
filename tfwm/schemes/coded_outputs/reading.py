"""From a suspect's answers to what speaks for each bit, and the figures of the papers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfwm.evidence.statistics import nc
from tfwm.keys import OwnerKey
from tfwm.schemes.coded_outputs.settings import CodedOutputsSettings
from tfwm.schemes.outputs import pictures_of
from tfwm.types import Suspect

SUCCESS = 0.95
"""The NC from which the paper calls the mark of a picture found."""


def answers_to_probes(settings: CodedOutputsSettings, suspect: Suspect, key: OwnerKey) -> np.ndarray:
    """The suspect's answers to the key's probe images, at the reader's size; what is not finite in them is black.

    Args:
      settings: those that the key was made with.
      suspect: is sent the probe images in one request.
      key: holds them.

    Returns:
      float32 `[n, s, s, c]` in [0, 1].

    Raises:
      UnfitAnswersError: the answers are not pictures of the mark's channels, one for each probe.
    """
    return sized(pictures_of(suspect, key.array("probes", "u", 4), settings.channels), settings.image_size)


def sized(images: np.ndarray, size: int) -> np.ndarray:
    """Pictures at a side of `size` pixels, float32 `[n, size, size, c]`; those of that size stay as they are.

    Args:
      images: float32 `[n, h, w, c]` in [0, 1].
      size: in pixels.
    """
    if images.shape[1:3] == (size, size):
        return images
    resized: np.ndarray = tf.image.resize(images, (size, size), antialias=True).numpy()
    return np.clip(resized, 0.0, 1.0)


def picture_figures(soft: np.ndarray, message: np.ndarray) -> dict[str, float]:
    """The paper's figures of single pictures, each read blindly: NC of the bits (eq. 13), and SR_NC.

    Args:
      soft: `[n, bits]`, what speaks for each bit in each picture.
      message: `[bits]` of -1 and 1.
    """
    each = np.array([nc(bits, message > 0) for bits in soft > 0])
    return {"nc": float(each.mean()), "sr_nc": float((each > SUCCESS).mean())}
