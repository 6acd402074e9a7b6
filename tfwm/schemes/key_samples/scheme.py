"""The verbs of every scheme that marks a classifier by secret, secretly labelled samples."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.key_samples import verification
from tfwm.schemes.key_samples.drawing import key_labels
from tfwm.schemes.key_samples.pictures import sheets
from tfwm.schemes.key_samples.settings import EncoderSettings, KeySampleSettings
from tfwm.schemes.key_samples.training import check_classifier
from tfwm.schemes.wrong_keys import relabelled, settings_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run
from tfwm.types import LabelledImages, MarkedModel, Suspect, Verdict


@dataclass(frozen=True)
class KeySampleVerbs(KeySampleSettings):
    """What all schemes on key samples do alike; each says in `_train` how it makes its samples.

    Args:
      (those of `KeySampleSettings`)
    """

    def train(self, host: keras.Model, data: LabelledImages, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Makes the key samples and trains a copy of the host on them and its own data; resumes after a kill.

        Where the owner could not claim even the model that was trained, a warning says so.

        Args:
          host: `[n, h, w, c]` in [0, 1] to `[n, classes]`; not changed.
          data: the owner's training images.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Returns:
          The marked copy, and the key with the samples.

        Raises:
          ValueError: data or a host that do not fit the settings.
        """
        check_classifier(self, host, data)
        made = self._train(host, data, run, secret or new_secret())
        shortcoming = "" if run.quiet else self.shortcoming(made)
        if shortcoming:
            print(f"  warning: {shortcoming}", file=sys.stderr)
        return made

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        raise NotImplementedError(f"{type(self).__name__} must say how it makes its samples.")

    def shortcoming(self, made: MarkedModel) -> str:
        """Why the owner could not claim even this model, in a sentence with a remedy; empty where he could."""
        chance, _ = self.chance(made.key)
        smallest = statistics.smallest_p_value(len(made.key.arrays["probes"]), chance)
        # Known when the controls have answered; hours of training are not thrown away for it.
        if smallest > self.alpha:
            return (
                f"independent models may answer {chance:.0%} of the key samples with their labels, so that no suspect "
                f"can reach alpha {self.alpha:g} (p = {smallest:.1e} at best). Give more `samples` or `controls`, or a "
                "smaller `host_weight`."
            )
        verdict = self.verify(KerasSuspect("marked", made.model), made.key)
        if verdict.marked and verdict.score >= self.accuracy_threshold:
            return ""
        return (
            f"the host learnt {verdict.details['hits']:.0f} of {verdict.n} key samples ({verdict.score:.0%}; "
            f"p = {verdict.p_value:.1e}). Give more epochs, fewer `samples`, or a host with more channels."
        )

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends all key samples and counts the answers that give the secret label.

        Args:
          suspect: a classifier.
          key: the owner's; its settings count, not these.
          alpha: false-claim probability; None takes that of these settings.

        Raises:
          ValueError: a key of another scheme, a suspect of another task, or an `alpha` that the key cannot reach.
        """
        own = settings_of(self, key)
        return verification.label_verdict(own, suspect, key, self.alpha if alpha is None else alpha, self.chance(key))

    def chance(self, key: OwnerKey) -> tuple[float, str]:
        """How often an independent model agrees with a label at most, and the sentence that says why."""
        return verification.exact_null(settings_of(self, key).classes)

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        """The secret labels, int64 `[samples]`: a function of the secret, in no file."""
        return key_labels(key.secret, len(key.arrays["probes"]), settings_of(self, key).classes)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: the owner's samples with labels drawn from another secret.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.
        """
        return relabelled(key, seed)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement` `[rows, columns]`, which samples are answered with their label.

        Args:
          suspect: a classifier.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or a suspect of another task.
        """
        return {"agreement": verification.as_table(verification.hits(settings_of(self, key), suspect, key))}

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The key samples, uint8 `[n, h, w, c]`."""
        return key.arrays["probes"]


@dataclass(frozen=True)
class EncoderVerbs(EncoderSettings, KeySampleVerbs):
    """What the schemes do alike whose samples an encoder makes of covers.

    Args:
      (those of `EncoderSettings`)
    """

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """Also `samples` and `change`: some key samples, and five times what was changed of their covers.

        Args:
          suspect: a classifier.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or a suspect of another task.
        """
        return {**super().reading(suspect, key), **sheets(key)}
