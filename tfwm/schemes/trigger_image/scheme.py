"""Trigger images: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from tensorflow import keras

from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.trigger_image import verification
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.schemes.trigger_image.training import train_trigger_image
from tfwm.schemes.wrong_keys import redrawn
from tfwm.training import Run
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict


@dataclass(frozen=True)
class TriggerImage(TriggerImageSettings):
    """Teaches a restoration network a secret answer to a secret random image (Quan et al. 2020).

    Args:
      (those of `TriggerImageSettings`)
    """

    def train(self, host: keras.Model, data: ImagePairs, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Fine-tunes a copy of the host on its own data and the triggers, then trains the visualizer.

        Resumes after a kill.

        Args:
          host: image -> image of the same size, any size.
          data: the pairs that the host was trained on; with `sigma`, clean pictures on both sides.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Returns:
          The fine-tuned copy, and the key with the triggers, the copy's answers to them, and the visualizer.

        Raises:
          ValueError: data or a host that do not fit the settings, or a secret that is not 32 bytes.
        """
        return train_trigger_image(self, host, data, run, given_or_new(secret, run))

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends `reveal` trigger images in one request (with the decoys, where the verdict is a rank).

        What was embedded is the key's to say; these settings say how to ask: `reveal`, `part`, `decoys`,
        `significance` and `alpha`. A key of several parts could be asked for each of them, so p is multiplied by
        their number (`looks` of the verdict).

        Args:
          suspect: an image-to-image model.
          key: the owner's.
          alpha: false-claim probability; None takes that of these settings.

        Raises:
          ValueError: a key of another scheme, or an `alpha` that the key cannot reach.
        """
        return verification.trigger_verdict(self, suspect, key, alpha)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `logo` `[P, P, c]` as the visualizer draws it; coded: `agreement` `[cells, cells]`.

        Args:
          suspect: an image-to-image model.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme.
        """
        asked = verification.asked_for(self, key)
        answers = answers_to(suspect, asked.images)
        shown = {}
        if "extractor" in key.networks:
            shown["logo"] = key.networks["extractor"](answers[:1], training=False).numpy()[0]
        if asked.settings.coded:
            shown["agreement"] = verification.agreement(asked, answers)[0]
        return shown

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: other triggers, other bits; the owner's visualizer and no updated S.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.

        Raises:
          ValueError: a key of another scheme.
        """
        verification.effective(self, key)
        return replace(redrawn(key, seed), arrays={"logo": key.arrays["logo"]})

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """What a verification by recorded answers needs, uint8 `[n, H, W, c]`; nothing more is revealed."""
        asked = verification.asked_for(self, key)
        return asked.images if asked.settings.coded else verification.request(asked)[0]
