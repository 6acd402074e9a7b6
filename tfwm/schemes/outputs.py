"""What marks in outputs are made of and read from: the host's answers, and a suspect's to the probe images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfwm.data import to_uint8
from tfwm.suspects import UnfitAnswersError, in_batches
from tfwm.types import ImagePairs, Suspect

if TYPE_CHECKING:
    from tensorflow import keras


def host_outputs(host: keras.Model | None, pairs: ImagePairs) -> np.ndarray:
    """The host's answers to the inputs, uint8 `[n, h, w, c]`.

    Args:
      host: image -> image network, or None for the targets themselves.
      pairs: of images.

    Raises:
      ValueError: the host answers with something else than images of the inputs' size and the targets' channels.
    """
    if host is None:
        return pairs.targets

    def answered(part: np.ndarray) -> np.ndarray:
        answers = np.asarray(host(part, training=False))
        wanted = (len(part), *pairs.targets.shape[1:])
        if answers.shape != wanted:
            raise ValueError(
                f"`host` must answer images {list(part.shape)} with images {list(wanted)}, got {list(answers.shape)}: "
                "a mark is added to answers of its own size. Resize inside the host, or give data and channels that "
                "fit it."
            )
        return answers

    return to_uint8(np.clip(in_batches(answered, pairs.inputs), 0, 1))


def pictures_of(suspect: Suspect, probes: np.ndarray, channels: int) -> np.ndarray:
    """A suspect's answers to probe images; what is not finite in them is black.

    Args:
      suspect: is sent all of them in one request.
      probes: uint8 `[n, s, s, c]`.
      channels: of the mark's pictures.

    Returns:
      float32 `[n, h, w, channels]` in [0, 1].

    Raises:
      UnfitAnswersError: the answers are not pictures of these channels, one for each probe.
    """
    answers = np.asarray(suspect(probes))
    fits = answers.ndim == 4 and len(answers) == len(probes) and answers.shape[-1] == channels
    if not fits or not answers.size or answers.dtype.kind not in "fiub":
        raise UnfitAnswersError(
            f"`suspect` {suspect.name} must answer {len(probes)} pictures with {channels} channels, got "
            f"{answers.dtype} {list(answers.shape)}. This scheme judges image-to-image models."
        )
    return np.clip(np.nan_to_num(answers, posinf=1.0, neginf=0.0), 0.0, 1.0).astype(np.float32)
