"""What R reads: in pictures, in a suspect's answers, and in these through a view, less what it reads of the host's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.digests import array_digest, weights_digest
from tfwm.evidence.views import PLAIN, View
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.networks.resampling import resample
from tfwm.schemes.deep_watermarking.codes import baseline_of
from tfwm.schemes.deep_watermarking.networks import extractor
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.outputs import pictures_of
from tfwm.schemes.rebuilding import rebuilt
from tfwm.suspects import in_batches
from tfwm.types import Suspect

LIMIT = 8.0  # logits count no more than that, so that no single picture outvotes the others
FEWEST = 2  # answers that are looked at in every view, however many tiles each has
_BATCH = 64
_KEPT = 4096  # means of 8 x 8 logits: a megabyte
_MEANS: OrderedDict[tuple[Any, ...], np.ndarray] = OrderedDict()


def extract(settings: DeepWatermarkingSettings, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
    """What R reads in every image, resampled to R's size.

    Args:
      settings: those that the key was made with.
      images: `[n, h, w, c]`, float in [0, 1] or uint8.
      key: holds R, of which the weights count and nothing else.

    Returns:
      `logo` `[n, s, s, c]` and, for coded marks, `code` logits `[n, k, k]`.
    """
    read, parts = _compiled(_extractor(settings, key)), []

    def keep(part: np.ndarray) -> np.ndarray:
        parts.append(read(resample(part, settings.image_size)))
        return np.zeros(len(part))

    in_batches(keep, images, _BATCH)
    if not settings.coded:
        return {"logo": np.concatenate([part.numpy() for part in parts])}
    logos, codes = ([part[output].numpy() for part in parts] for output in (0, 1))
    return {"logo": np.concatenate(logos), "code": np.concatenate(codes)[..., 0]}


def answers_to_probes(settings: DeepWatermarkingSettings, suspect: Suspect, key: OwnerKey) -> np.ndarray:
    """The suspect's answers to the key's probe images; what is not finite in them is black.

    Args:
      settings: those that the key was made with.
      suspect: is sent the probe images in one request.
      key: holds them.

    Returns:
      float32 `[n, h, w, c]` in [0, 1].

    Raises:
      UnfitAnswersError: the answers are not pictures of the mark's channels, one for each probe.
    """
    return pictures_of(suspect, key.array("probes", "u", 4), settings.channels)


@dataclass(frozen=True)
class Responses:
    """The soft decision per cell: R on a suspect's answers less R on the unmarked host's, both through one view.

    The difference picture by picture cancels what the pictures themselves do to R. The code is drawn from the unmarked
    answers among others, so the binomial null stays exact.

    Args:
      settings: those that the key was made with.
      key: holds R and the unmarked answers.
      answers: float `[n, h, w, c]` in [0, 1], the suspect's.
    """

    settings: DeepWatermarkingSettings
    key: OwnerKey
    answers: np.ndarray = field(repr=False)

    def __call__(self, view: View = PLAIN, pictures: int | None = None) -> np.ndarray:
        """The mean over answers and tiles, float32 `[cells * cells]`.

        Args:
          view: through which both are seen.
          pictures: about how many R reads of the suspect, tiles counted; None for as many as there are probes.

        Raises:
          InvalidKeyError: the key has no unmarked answers, or some that do not fit, or none that this view can be
            taken of.
        """
        baseline, count = self._baseline, self._count(view, pictures)
        if baseline.ndim == 4:
            unmarked = self._mean(baseline, view, count)
        elif view == PLAIN:
            unmarked = baseline[:count].astype(np.float32).mean(axis=0).ravel()
        else:
            raise InvalidKeyError(
                f"the key must hold the array `unmarked` for the view `{view.name}`, got only a `baseline`. Set "
                "`registration` to none."
            )
        difference: np.ndarray = self._mean(self.answers, view, count) - unmarked
        return difference

    def logos(self, view: View = PLAIN) -> np.ndarray:
        """What R draws from each of the suspect's answers, the mean over the tiles of a view: float32 `[n, s, s, c]`.

        Args:
          view: through which they are seen; of several tiles fewer answers are looked at.
        """
        if view == PLAIN:
            return self._plain["logo"]
        tiles = view.pictures(self.answers[: self._count(view, None)])
        logos: np.ndarray = np.mean([extract(self.settings, tile, self.key)["logo"] for tile in tiles], axis=0)
        return logos

    @property
    def unmarked(self) -> np.ndarray:
        """The unmarked host's answers to the probes, uint8 `[n, s, s, c]`.

        Raises:
          InvalidKeyError: the key has none, as those of earlier releases, or others.
        """
        if self._baseline.ndim != 4:
            raise InvalidKeyError("the key must hold the array `unmarked` for bits in structure, got a `baseline`.")
        return self._baseline

    @cached_property
    def _plain(self) -> dict[str, np.ndarray]:
        """Logo and code of every answer as it is, from one reading."""
        return extract(self.settings, self.answers, self.key)

    @cached_property
    def _baseline(self) -> np.ndarray:
        ((name, array),) = baseline_of(self.key).items()
        cells = self.settings.cells
        probes = self.key.array("probes", "u", 4).shape
        wanted = probes if name == "unmarked" else (probes[0], cells, cells)
        if array.shape != wanted:
            raise InvalidKeyError(f"the key must hold `{name}` {list(wanted)}, got {list(array.shape)}.")
        return array

    @cached_property
    def _digests(self) -> dict[int, bytes]:
        """Of the suspect's answers and of the unmarked ones, by the arrays' ids."""
        return {id(array): array_digest(array) for array in (self.answers, self._baseline)}

    @cached_property
    def _network(self) -> tuple[bytes, keras.Model]:
        """R and its digest."""
        return weights_digest(self.key.network("extractor")), _extractor(self.settings, self.key)

    def _count(self, view: View, pictures: int | None) -> int:
        """How many answers are looked at: fewer where each has several tiles."""
        everything = len(self.answers)
        wanted = everything if pictures is None else pictures
        return min(everything, max(FEWEST, -(-wanted // view.tiles)))

    def _mean(self, images: np.ndarray, view: View, count: int) -> np.ndarray:
        """Of the clipped logits; what was read of these pictures by any key with this R is not read again."""
        digest, network = self._network
        name = (self.settings, digest, self._digests[id(images)], view, count)
        if name not in _MEANS:
            if images is self.answers and (view, count) == (PLAIN, len(images)):
                logits = self._plain["code"]
            else:
                logits = _code_logits(network, self.settings, view.pictures(images[:count]))
            _MEANS[name] = _clipped(logits).mean(axis=0, dtype=np.float32).ravel()
        _MEANS.move_to_end(name)
        while len(_MEANS) > _KEPT:
            _MEANS.popitem(last=False)
        return _MEANS[name]


def _extractor(settings: DeepWatermarkingSettings, key: OwnerKey) -> keras.Model:
    return rebuilt(settings, lambda: extractor(settings, 0), key.network("extractor"))


def _code_logits(network: keras.Model, settings: DeepWatermarkingSettings, tiles: list[np.ndarray]) -> np.ndarray:
    """`[tiles * n, k, k]`; R's decoder, which draws the logo, is left out: that halves the time."""
    read = _compiled(network, code_only=True)
    shapes = sorted({tile.shape for tile in tiles})
    # Tiles of one size in one request: few probes in many tiles would else be many small ones.
    groups = [np.concatenate([tile for tile in tiles if tile.shape == shape]) for shape in shapes]
    said = [in_batches(lambda part: read(resample(part, settings.image_size)), group, _BATCH) for group in groups]
    return np.concatenate(said)[..., 0]


def _clipped(logits: np.ndarray) -> np.ndarray:
    """What is not finite, of weights that a stranger made up, says nothing."""
    return np.clip(np.nan_to_num(logits, posinf=LIMIT, neginf=-LIMIT), -LIMIT, LIMIT)


@lru_cache(maxsize=16)
def _compiled(network: keras.Model, code_only: bool = False) -> Callable[[tf.Tensor], Any]:
    """The network as a graph: half of the time of a call layer by layer."""
    wanted = keras.Model(network.inputs, network.outputs[1]) if code_only else network
    signature = [tf.TensorSpec(network.inputs[0].shape, tf.float32)]
    return tf.function(lambda images: wanted(images, training=False), input_signature=signature)
