"""Trigger images: the scheme's verbs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from tensorflow import keras

from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.trigger_image import images, verification
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.schemes.trigger_image.training import train_trigger_image
from tfwm.schemes.wrong_keys import wrong_secret
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
          ValueError: data or a host that do not fit the settings.
        """
        return train_trigger_image(self, host, data, run, secret or new_secret())

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends `reveal` trigger images in one request (with the decoys, where the verdict is a rank).

        What was embedded is the key's to say; these settings say how to ask: `reveal`, `decoys`,
        `significance` and `alpha`.
        Which of the key's triggers a suspect is asked for depends on its name, so that asking again reveals no more.

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
        own = verification.effective(self, key)
        chosen = verification.choice(own, key, suspect)
        asked = images.triggers(own, key.secret)[chosen]
        answers = answers_to(suspect, asked)
        shown = {}
        if "extractor" in key.networks:
            shown["logo"] = key.networks["extractor"](answers[:1], training=False).numpy()[0]
        if own.coded:
            shown["agreement"] = verification.agreement(own, key, chosen, asked, answers)[0]
        return shown

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: other triggers, other bits; the owner's visualizer and no updated S.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.

        Raises:
          ValueError: a key of another scheme.
        """
        own, secret = verification.effective(self, key), wrong_secret(key, seed)
        return replace(key, secret=secret, arrays={"probes": images.triggers(own, secret), "logo": key.arrays["logo"]})

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """What a verification by recorded answers needs, uint8 `[n, H, W, c]`; nothing more is revealed."""
        own = verification.effective(self, key)
        triggers = images.triggers(own, key.secret)[: own.reveal]
        return triggers if own.coded else verification.request(own, key, triggers)[0]
