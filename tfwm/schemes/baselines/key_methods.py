"""The key-sample methods that Li et al. 2019 and DeepStego compare with, as schemes of one kind.

They differ in the pictures alone. Labels are drawn from the secret for each sample, whatever the original method did,
so that all of them are judged by the same exact p-value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from tensorflow import keras

from tfwm.data.key_images import key_images
from tfwm.evidence.binding import Draws
from tfwm.schemes.key_samples.presets import FAST_HOST, TINY_HOST
from tfwm.schemes.key_samples.scheme import KeySampleVerbs

S = TypeVar("S", bound="KeyMethod")


@dataclass(frozen=True)
class KeyMethod(KeySampleVerbs):
    """A classifier marked by the pictures of one method of `tfwm.data.key_images`.

    Args:
      (those of `KeySampleSettings`)

    Attributes:
      method: its name in `tfwm.data.key_images.KEY_IMAGES`.
    """

    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")
    method: ClassVar[str] = ""

    @classmethod
    def paper(cls: type[S]) -> S:
        """As many samples and epochs as Li et al. 2019 give their own method."""
        return cls()

    @classmethod
    def fast(cls: type[S]) -> S:
        """As `BlindWatermark.fast()`, for a comparison."""
        return cls(**FAST_HOST)

    @classmethod
    def tiny(cls: type[S]) -> S:
        """Seconds, for tests; as `BlindWatermark.tiny()`."""
        return cls(**TINY_HOST)

    def samples_of(
        self, covers: np.ndarray, logo: np.ndarray, encoder: keras.Model | None, draws: Draws
    ) -> np.ndarray:  # fmt: skip
        """The key samples: a function of covers, logo and secret.

        Args:
          covers: uint8 `[n, h, w, c]`.
          logo: uint8 `[h, w, c]`.
          encoder: there is none.
          draws: of the key; the first piece decides all pictures.

        Returns:
          uint8, of the covers' shape.
        """
        return key_images(self.method, covers, draw=draws.generator(f"key_samples/{self.method}"), logo=logo)


@dataclass(frozen=True)
class AbstractImages(KeyMethod):
    """Abstract pictures, unrelated to each other and to the task (Adi et al. 2018)."""

    name: ClassVar[str] = "abstract_images"
    method: ClassVar[str] = "abstract"


@dataclass(frozen=True)
class ContentMark(KeyMethod):
    """A word stamped on ordinary images (Zhang et al. 2018)."""

    name: ClassVar[str] = "content_mark"
    method: ClassVar[str] = "content"


@dataclass(frozen=True)
class NoiseMark(KeyMethod):
    """One pattern of noise added to ordinary images (Zhang et al. 2018)."""

    name: ClassVar[str] = "noise_mark"
    method: ClassVar[str] = "noise"


@dataclass(frozen=True)
class UnrelatedImages(KeyMethod):
    """Pictures of another domain (Zhang et al. 2018)."""

    name: ClassVar[str] = "unrelated_images"
    method: ClassVar[str] = "unrelated"


@dataclass(frozen=True)
class SignatureMask(KeyMethod):
    """A faint mask of the owner's signature on ordinary images (Guo and Potkonjak 2018)."""

    name: ClassVar[str] = "signature_mask"
    method: ClassVar[str] = "signature"


@dataclass(frozen=True)
class RandomImages(KeyMethod):
    """Random pixels (Rouhani et al. 2018)."""

    name: ClassVar[str] = "random_images"
    method: ClassVar[str] = "random"


@dataclass(frozen=True)
class LsbStego(KeyMethod):
    """A random message in the least significant bits (Mielikainen 2006)."""

    name: ClassVar[str] = "lsb_stego"
    method: ClassVar[str] = "lsb"


@dataclass(frozen=True)
class WowStego(KeyMethod):
    """A message where wavelets find texture (Holub and Fridrich 2012)."""

    name: ClassVar[str] = "wow_stego"
    method: ClassVar[str] = "wow"


@dataclass(frozen=True)
class HugoStego(KeyMethod):
    """A message that keeps the statistics of neighbouring pixels (Pevny et al. 2010)."""

    name: ClassVar[str] = "hugo_stego"
    method: ClassVar[str] = "hugo"


@dataclass(frozen=True)
class SuniwardStego(KeyMethod):
    """A message under the universal wavelet distortion S-UNIWARD (Holub et al. 2014)."""

    name: ClassVar[str] = "suniward_stego"
    method: ClassVar[str] = "suniward"


KEY_METHODS: tuple[type[KeyMethod], ...] = (
    AbstractImages, ContentMark, NoiseMark, UnrelatedImages, SignatureMask, RandomImages, LsbStego, WowStego, HugoStego,
    SuniwardStego,
)  # fmt: skip
