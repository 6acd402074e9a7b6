"""The verbs of every scheme that marks a classifier by secret, secretly labelled samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.evidence.binding import Draws
from tfwm.evidence.labels import answered_labels
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.control_models import control_names
from tfwm.schemes.key_samples import verification
from tfwm.schemes.key_samples.drawing import covers_in, relabelled
from tfwm.schemes.key_samples.marking import mark_with_encoder, mark_without_encoder
from tfwm.schemes.key_samples.networks import encoded
from tfwm.schemes.key_samples.pictures import sheets
from tfwm.schemes.key_samples.samples import KeySamples, decoy_labels, decoy_samples, samples_of_key
from tfwm.schemes.key_samples.settings import EncoderSettings, KeySampleSettings
from tfwm.schemes.key_samples.training import check_classifier
from tfwm.schemes.rebuilding import rebuilt
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.wrong_keys import settings_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, check_run
from tfwm.types import LabelledImages, MarkedModel, Suspect, Verdict


@dataclass(frozen=True)
class KeySampleVerbs(KeySampleSettings):
    """What all schemes on key samples do alike; each says in `_train` how it makes its samples.

    Args:
      (those of `KeySampleSettings`)
    """

    def train(self, host: keras.Model, data: LabelledImages, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Makes the key samples and trains a copy of the host on them and its own data; resumes after a kill.

        Where the owner could not claim even the model that was trained, a warning says so, in a quiet run too.

        Args:
          host: `[n, h, w, c]` in [0, 1] to `[n, classes]`; not changed.
          data: the owner's training images.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Returns:
          The marked copy, and the key with the samples.

        Raises:
          ValueError: data or a host that do not fit the settings, or a secret that is not 32 bytes.
        """
        secret = given_or_new(secret, run)
        check_run(run, self)
        check_classifier(self, host, data)
        made = self._train(host, data, run, secret)
        shortcoming = self.shortcoming(made)
        if shortcoming:
            print(f"  warning: {shortcoming}", file=sys.stderr)
        return made

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        return mark_without_encoder(self, host, data, run, secret)

    def shortcoming(self, made: MarkedModel) -> str:
        """Why the owner could not claim even this model, in a sentence with a remedy; empty where he could."""
        log10_p, _ = self.null(made.key)
        # Known when the controls have answered; hours of training are not thrown away for it.
        if statistics.p_value_of(log10_p[-1]) > self.alpha:
            return (
                f"independent models answer so many of the key samples with their labels that no suspect can reach "
                f"alpha {self.alpha:g} (p = {statistics.p_value_of(log10_p[-1]):.1e} at best). Give more `samples` or "
                "`controls`, or a smaller `host_weight`."
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
          InvalidKeyError: a part of the key is missing, or was chosen and not drawn.
          ValueError: a key of another scheme, a suspect of another task, or an `alpha` that the key cannot reach.
        """
        own, alpha = settings_of(self, key), self.alpha if alpha is None else alpha
        return verification.label_verdict(own, suspect, samples_of_key(own, key), alpha, self.null(key))

    def null(self, key: OwnerKey) -> verification.Null:
        """log10 of the p-value by number of hits, `[n + 1]`, and the null hypothesis in a sentence.

        Args:
          key: the owner's; n are its samples at hand.

        Raises:
          InvalidKeyError: it lacks a part.
        """
        own, n = settings_of(self, key), len(self.key_labels(key))
        if own.exact:
            return verification.exact_null(own.classes, n, passed_over=own.hinted)
        hits = verification.control_hits_in(key, n)
        return verification.controlled_null(hits, control_names(key, len(hits)))

    def asked(self, key: OwnerKey) -> KeySamples:
        """Samples, labels and covers, all made again from what they follow from.

        Args:
          key: the owner's, or what he revealed of it.

        Raises:
          InvalidKeyError: a part of the key is missing, or was chosen and not drawn.
        """
        return samples_of_key(settings_of(self, key), key)

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        """The secret labels, int64 `[samples]`: a function of the key, in no file."""
        return self.asked(key).labels

    def passed_over(self, key: OwnerKey) -> np.ndarray | None:
        """The class of each sample's cover, int64 `[samples]`, where samples are read as the best of the others.

        Args:
          key: the owner's.
        """
        own = settings_of(self, key)
        return verification.passed_over(own, covers_in(key, own.classes))

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: the owner's covers, from which another secret draws samples and labels.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.
        """
        return relabelled(key, seed, settings_of(self, key).classes)

    def decoy_questions(self, key: OwnerKey, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """What the decoys of these seeds send, uint8 `[seeds, n, h, w, c]`, and their labels, int64 `[seeds, n]`.

        Args:
          key: the owner's.
          seeds: number the decoys.
        """
        return decoy_samples(settings_of(self, key), key, seeds)

    def answers_log10_p(self, key: OwnerKey, answers: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values that wrong keys give what a suspect answered them, `[keys]`.

        Args:
          key: the owner's.
          answers: class scores `[keys * n, classes]`, to the images of `decoy_questions` in their order.
          marks: its labels.
        """
        own = self.passed_over(key)
        every = None if own is None else np.tile(own, len(marks))
        labels = answered_labels(answers, marks.size, settings_of(self, key).classes, passed_over=every)
        return self.null(key)[0][np.count_nonzero(labels.reshape(marks.shape) == marks, axis=1)]

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement` `[rows, columns]`, which samples are answered with their label.

        Args:
          suspect: a classifier.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or a suspect of another task.
        """
        own = settings_of(self, key)
        return {"agreement": verification.as_table(verification.hits(own, suspect, self.asked(key)))}

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The key samples, uint8 `[n, h, w, c]`."""
        return self.asked(key).images


@dataclass(frozen=True)
class EncoderVerbs(EncoderSettings, KeySampleVerbs):
    """What the schemes do alike whose samples an encoder makes of covers.

    Args:
      (those of `EncoderSettings`)
    """

    def _train(self, host: keras.Model, data: LabelledImages, run: Run, secret: bytes) -> MarkedModel:
        return mark_with_encoder(self, host, data, run, secret)

    def samples_of(
        self, covers: np.ndarray, logo: np.ndarray, encoder: keras.Model | None, draws: Draws
    ) -> np.ndarray:  # fmt: skip
        """What the encoder makes of covers; of the encoder given, the weights count and nothing else.

        Args:
          covers: uint8 `[n, h, w, c]`.
          logo: uint8 `[h, w, c]`.
          encoder: of the key.
          draws: do not matter.

        Raises:
          InvalidKeyError: no encoder, one of another size, or one that makes no pictures.
        """
        if encoder is None:
            raise InvalidKeyError(f"a key of {self.name} must hold a network `encoder`, got none.")
        try:
            return encoded(rebuilt(self, lambda: self.new_encoder(0), encoder), covers, logo)
        except ValueError as error:
            raise InvalidKeyError(f"the encoder of the key makes no pictures of its covers: {error}") from error

    def control_count(self, key: OwnerKey) -> int:
        """How many models the p-value of a key is a rank among, where labels were trained along.

        Args:
          key: of the published form.

        Raises:
          InvalidKeyError: it holds no control.
        """
        return len(verification.control_hits_in(key, len(self.key_labels(key))))

    @property
    def decoys_ask_alike(self) -> bool:
        """An encoder makes the same samples whatever the secret; a wrong key has other labels for them."""
        return self.exact

    def decoy_marks(self, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
        """The labels of the decoys of these seeds, int64 `[seeds, samples]`.

        Args:
          key: the owner's.
          seeds: number the decoys.
        """
        return decoy_labels(settings_of(self, key), key, seeds)

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values that keys with these labels give a suspect, which is asked once; `[keys]`.

        Args:
          suspect: a classifier.
          key: the owner's.
          marks: of `decoy_marks`.
        """
        answers = verification.answers(settings_of(self, key), suspect, self.asked(key))
        return self.null(key)[0][np.count_nonzero(answers == marks, axis=1)]

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """Also `samples` and `change`: some key samples, and five times what was changed of their covers.

        Args:
          suspect: a classifier.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or a suspect of another task.
        """
        return {**super().reading(suspect, key), **sheets(self.asked(key))}
