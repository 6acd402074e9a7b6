"""Deep watermarking: the scheme's verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.keys import OwnerKey, derive_generator, new_secret
from tfwm.schemes.deep_watermarking import verification
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.training import train_deep_watermark
from tfwm.schemes.wrong_keys import settings_of, wrong_secret
from tfwm.suspects import as_float
from tfwm.training import Run
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict


@dataclass(frozen=True)
class DeepWatermarking(DeepWatermarkingSettings):
    """Hides a mark in everything that an image-to-image model outputs (Zhang et al. 2021).

    Args:
      (those of `DeepWatermarkingSettings`)
    """

    def train(
        self, host: keras.Model | None, data: ImagePairs, run: Run, *, secret: bytes | None = None
    ) -> MarkedModel:
        """Trains H, R, D, then the proxy, then R and C; resumes after a kill.

        Args:
          host: an any-size image -> image network; None where `data.targets` are the outputs to protect (a data
            set, or what a traditional algorithm gave): the model is then H alone.
          data: the owner's pairs at `image_size`; `tfwm.data.sample_patches` cuts them from photographs.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Returns:
          The host with H behind it, and the key with R, C, the logo and the probe images.

        Raises:
          ValueError: too little data, or a mark that a blank extraction would match.
        """
        return train_deep_watermark(self, host, data, run, secret or new_secret())

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends the key's probe images to the suspect and reads the mark from its answers.

        Args:
          suspect: an image-to-image model.
          key: the owner's; its settings count, not these.
          alpha: false-claim probability; None takes that of the key.

        Raises:
          ValueError: a key of another scheme, an `alpha` that the key cannot reach, or answers that are no pictures.
        """
        return verification.extraction_verdict(settings_of(self, key), suspect, key, alpha)

    def extract(self, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
        """What R reads in each image: `logo` `[n, s, s, c]` and, for coded marks, `code` logits `[n, k, k]`.

        Args:
          images: `[n, h, w, c]` of any size, float in [0, 1] or uint8.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme.
        """
        return verification.extract(settings_of(self, key), images, key)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: the mean `logo` `[s, s, c]`; `agreement` `[k, k]`: which cells are right, no bit revealed.

        Args:
          suspect: an image-to-image model.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or answers that are no pictures.
        """
        own = settings_of(self, key)
        extracted = verification.extracted_from(own, suspect, key)
        logo = {"logo": extracted["logo"].mean(axis=0)}
        return {**logo, "agreement": verification.agreeing_cells(own, extracted["code"], key)} if own.coded else logo

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: same networks and probe images, another secret and so another code.

        Where the logo is the evidence, a decoy mark stands in its place.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.

        Raises:
          ValueError: a key of another scheme.
        """
        own, secret, arrays = settings_of(self, key), wrong_secret(key, seed), dict(key.arrays)
        if not own.coded:
            draw = derive_generator(secret, "deep_watermarking/decoys")
            logo = verification.decoy_marks(as_float(arrays["logo"]), draw, 1)[0]
            arrays["logo"] = np.round(np.clip(logo, 0, 1) * 255).astype(np.uint8)
        return replace(key, secret=secret, arrays=arrays, revealed=None)

    def control_count(self, key: OwnerKey) -> int:
        """How many unmarked suspects the p-value of a logo key is a rank among.

        Args:
          key: of a mark without a code.

        Raises:
          InvalidKeyError: it holds none.
        """
        return len(key.array("unmarked_nc", "f", 1))

    @property
    def decoys_ask_alike(self) -> bool:
        """A wrong key has the owner's probe images and R: what R reads is compared with another code."""
        return self.coded

    def decoy_marks(self, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
        """The codes of the decoys of these seeds, int8 `[seeds, cells * cells]` of -1 and 1.

        Args:
          key: the owner's.
          seeds: number the decoys.
        """
        return verification.decoy_codes(settings_of(self, key), key, seeds)

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values that keys with these codes give a suspect, which is asked once; `[keys]`.

        Args:
          suspect: an image-to-image model.
          key: the owner's.
          marks: of `decoy_marks`.
        """
        own = settings_of(self, key)
        code = verification.extracted_from(own, suspect, key)["code"]
        hits = np.count_nonzero(np.sign(verification.responses(code, key)) == marks, axis=1)
        return statistics.log10_tails(own.cells**2)[hits]

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The owner's images that a verification sends, uint8 `[n, s, s, c]`."""
        return key.array("probes", "u", 4)
