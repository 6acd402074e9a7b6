"""Deep watermarking: the scheme's verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey, derive_generator
from tfwm.schemes.deep_watermarking import codes, extraction, verification
from tfwm.schemes.deep_watermarking.ranking import unmarked_in
from tfwm.schemes.deep_watermarking.readings import Readings
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.training import BARRIER, Form, train_deep_watermark
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.wrong_keys import settings_of, wrong_secret
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict


@dataclass(frozen=True)
class DeepWatermarking(DeepWatermarkingSettings):
    """Hides a mark in everything that an image-to-image model outputs (Zhang et al. 2021).

    Args:
      (those of `DeepWatermarkingSettings`)
    """

    def train(
        self, host: keras.Model | None, data: ImagePairs, run: Run, *, secret: bytes | None = None, release: int = 0
    ) -> MarkedModel:
        """Trains H, R, D, then the proxy, then R and C, then the controls of a logo mark; resumes after a kill.

        Called again with another secret or another release, in the same folder, it gives another release of the model
        with a key of its own, and trains nothing (a logo's controls are judged, not trained). `tfwm.schemes.tracing`
        says which release a copy came from.

        Where the owner could not claim even the model that was trained, a warning says so, in a quiet run too.

        Args:
          host: an any-size image -> image network; None where `data.targets` are the outputs to protect (a data
            set, or what a traditional algorithm gave): the model is then H alone.
          data: the owner's pairs at `image_size`; `tfwm.data.sample_patches` cuts them from photographs.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.
          release: which of the marks this model carries: 0 for `logo`, and from 1 for `logos`.

        Returns:
          The host with H behind it, and the key with R, C, the logo, probe images and the unmarked answers to these.

        Raises:
          ValueError: too little data, a mark that a blank extraction would match, two that are too alike, no such
            release, or a secret that is not 32 bytes.
        """
        made = train_deep_watermark(self, host, data, run, given_or_new(secret, run), release, self.form)
        targets = data.targets[-len(self.probe_images(made.key)) :] if host is None else None
        shortcoming = self.shortcoming(made, targets)
        if shortcoming:
            print(f"  warning: {shortcoming}", file=sys.stderr)
        return made

    @property
    def form(self) -> Form:
        """How H goes with the host."""
        return BARRIER

    def shortcoming(self, made: MarkedModel, targets: np.ndarray | None = None) -> str:
        """Why the owner could not claim even this model, in a sentence with a remedy; empty where he could.

        Args:
          made: what `train` gave.
          targets: where there is no host, the pictures that belong to the key's probe images, uint8 `[n, s, s, c]`:
            the model marks these, and is not asked with inputs that nobody gives it.
        """
        suspect: Suspect = KerasSuspect("marked", made.model)
        if targets is not None:
            answers = suspect(targets)
            suspect = FunctionSuspect("marked targets", lambda _: answers)
        verdict = self.verify(suspect, made.key)
        if verdict.marked:
            return ""
        figures = f"score {verdict.score:.3f}, and a claim takes {verdict.threshold:.3f}; p = {verdict.p_value:.1e}"
        rank = "" if self.coded else ", or more `controls` where an unmarked network scores as high"
        return (
            f"the mark did not take: the marked model itself does not verify ({figures}). Train longer or with another "
            f"seed{rank}."
        )

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
        return extraction.extract(settings_of(self, key), images, key)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: the mean `logo` `[s, s, c]`; `agreement` `[k, k]`: which cells are right, no bit revealed.

        Both in the view in which `verify` finds the mark.

        Args:
          suspect: an image-to-image model.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or answers that are no pictures.
        """
        own = settings_of(self, key)
        answers = extraction.answers_to_probes(own, suspect, key)
        if not own.coded:
            return {"logo": extraction.extract(own, answers, key)["logo"].mean(axis=0)}
        read = Readings(own, key, answers)
        match = read(codes.whole_code(own, key), own.alpha).match
        return {"logo": read.responses.logos(match.view).mean(axis=0), "agreement": match.agrees}

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: another secret and so another code, and all else the same.

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
        """How many unmarked networks the p-value of a logo key is a rank among; other suspects in an older key.

        Args:
          key: of a mark without a code.

        Raises:
          InvalidKeyError: it holds none.
        """
        return unmarked_in(settings_of(self, key), key).models

    @property
    def decoys_ask_alike(self) -> bool:
        """A wrong key has the owner's probe images and R: what R reads is compared with another code."""
        return self.coded

    def decoy_marks(self, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
        """The codes of the decoys of these seeds, float32 `[seeds, bits]` of -1 and 1; behind them the correction's.

        Args:
          key: the owner's.
          seeds: number the decoys.
        """
        return codes.decoy_codes(settings_of(self, key), key, seeds)

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values that keys with these codes give a suspect, which is asked once; `[keys]`.

        Args:
          suspect: an image-to-image model.
          key: the owner's.
          marks: of `decoy_marks`.
        """
        own = settings_of(self, key)
        read = Readings(own, key, extraction.answers_to_probes(own, suspect, key))
        return np.asarray([read(mark, own.alpha).found for mark in marks])

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The owner's images that a verification sends, uint8 `[n, s, s, c]`."""
        return key.array("probes", "u", 4)
