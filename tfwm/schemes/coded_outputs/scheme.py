"""The verbs of schemes that add a message to outputs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tensorflow import keras

from tfwm.evidence import verdicts
from tfwm.evidence.binding import draws_for, draws_of, pieces_of
from tfwm.evidence.statistics import log10_tails
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.coded_outputs.reading import answers_to_probes, picture_figures, sized
from tfwm.schemes.coded_outputs.settings import CodedOutputsSettings
from tfwm.schemes.coded_outputs.training import Prepared, split, with_barrier
from tfwm.schemes.outputs import host_outputs
from tfwm.schemes.secrets import given_or_new
from tfwm.schemes.showing import shown_parts
from tfwm.schemes.wrong_keys import redrawn, settings_of, wrong_secret
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, check_run
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict

NULL = (
    "the suspect is independent of the key's secret message, which was drawn when reader, probe images and unmarked "
    "answers were fixed, so each bit agrees with probability 1/2 (exact binomial tail)"
)


@dataclass(frozen=True)
class CodedOutputs(CodedOutputsSettings):
    """A method says what it prepares, and what speaks for each bit in a picture; the rest stands here.

    Args:
      (those of `CodedOutputsSettings`)
    """

    def prepared(self, outputs: np.ndarray, run: Run, secret: bytes) -> Prepared:
        """Reader and residual, before there is a message.

        Args:
          outputs: uint8 `[n, s, s, c]`, what the unmarked host outputs.
          run: where and how.
          secret: 32 bytes.
        """
        raise NotImplementedError(f"`{type(self).__name__}` must say in `prepared` how it hides a message.")

    def soft_bits(self, images: np.ndarray, key: OwnerKey) -> np.ndarray:
        """What speaks for each bit in each picture, float `[n, bits]`: positive for 1.

        Args:
          images: float32 `[n, s, s, c]` in [0, 1].
          key: the owner's, or what he revealed of it.
        """
        raise NotImplementedError(f"`{type(self).__name__}` must say in `soft_bits` how it reads a message.")

    def train(
        self, host: keras.Model | None, data: ImagePairs, run: Run, *, secret: bytes | None = None
    ) -> MarkedModel:
        """Puts a barrier behind the host that adds the message to every output.

        Where the owner could not claim even this model, a warning says so.

        Args:
          host: an any-size image -> image network; None where `data.targets` are the outputs to protect: the model is
            then the barrier alone.
          data: the owner's pairs at `image_size`.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Raises:
          ValueError: too little data, batches that replicas cannot share, or a secret that is not 32 bytes.
        """
        secret = given_or_new(secret, run)
        check_run(run, self)
        pairs, probes = split(self, data)
        prepared = self.prepared(host_outputs(host, pairs), run, secret)
        unmarked = host_outputs(host, probes)
        arrays = {"probes": probes.inputs, **({} if self.blind else {"unmarked": unmarked}), **prepared.arrays}
        key = OwnerKey(self.name, self.to_dict(), secret, arrays, dict(prepared.networks))
        barrier = prepared.residual(self.message(key))
        made = MarkedModel(with_barrier(host, barrier, self), key, tuple(map(dict, prepared.history)))
        self._warn(with_barrier(None, barrier, self), unmarked, key)
        return made

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends the key's probe images to the suspect and reads the message from its answers.

        Args:
          suspect: an image-to-image model.
          key: the owner's; its settings count, not these.
          alpha: false-claim probability; None takes that of the key.

        Raises:
          ValueError: a key of another scheme, an `alpha` that the key cannot reach, or answers that are no pictures.
        """
        own = settings_of(self, key)
        return own._judged(answers_to_probes(own, suspect, key), key, own.alpha if alpha is None else alpha)

    def extract(self, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
        """What is read in single pictures, blindly: `message`, float `[n, bits]`, positive for 1.

        Args:
          images: `[n, h, w, c]` of any size, float in [0, 1] or uint8.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme.
        """
        own = settings_of(self, key)
        return {"message": own.soft_bits(sized(as_float(images), own.image_size), key)}

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `agreement`, bool `[rows, bits / rows]`: which bits are right, none revealed.

        Args:
          suspect: an image-to-image model.
          key: the owner's.

        Raises:
          ValueError: a key of another scheme, or answers that are no pictures.
        """
        own = settings_of(self, key)
        spoken = own._spoken(answers_to_probes(own, suspect, key), key)
        return {"agreement": own._agrees(spoken, own.message(key)).reshape(own.rows, -1)}

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key: another secret and so another message, and all else the same.

        Args:
          key: the owner's.
          seed: numbers the decoys of a key.

        Raises:
          ValueError: a key of another scheme.
        """
        settings_of(self, key)
        return redrawn(key, seed)

    def decoy_marks(self, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
        """The messages of the decoys of these seeds, float32 `[seeds, bits]` of -1 and 1.

        Args:
          key: the owner's.
          seeds: number the decoys.
        """
        own = settings_of(self, key)
        parts = shown_parts(own, key)
        pieces = (pieces_of(wrong_secret(key, seed), own.pieces) for seed in seeds)
        draws = (draws_for(key.scheme, key.settings, each, parts) for each in pieces)
        return np.stack([_signs(each.bits(f"{own.name}/message", own.bits)) for each in draws])

    def decoy_log10_p(self, suspect: Suspect, key: OwnerKey, marks: np.ndarray) -> np.ndarray:
        """log10 of the p-values that keys with these messages give a suspect, which is asked once; `[keys]`.

        Args:
          suspect: an image-to-image model.
          key: the owner's.
          marks: of `decoy_marks`.
        """
        own = settings_of(self, key)
        spoken = own._spoken(answers_to_probes(own, suspect, key), key)
        return log10_tails(own.bits)[[int(own._agrees(spoken, mark).sum()) for mark in marks]]

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """The owner's images that a verification sends, uint8 `[n, s, s, c]`."""
        return key.array("probes", "u", 4)

    def message(self, key: OwnerKey) -> np.ndarray:
        """The secret bits, float32 `[bits]` of -1 and 1, drawn when all else in the key is fixed.

        Args:
          key: the owner's, or what he revealed of it.

        Raises:
          InvalidKeyError: a part is missing.
        """
        return _signs(draws_of(key, self.pieces, shown_parts(self, key)).bits(f"{self.name}/message", self.bits))

    def _judged(self, answers: np.ndarray, key: OwnerKey, alpha: float) -> Verdict:
        message = self.message(key)
        single, spoken = self._read(answers, key)
        figures = picture_figures(single, message)
        return verdicts.counted(self._agrees(spoken, message), log10_tails(self.bits), alpha, NULL, figures)

    def _spoken(self, answers: np.ndarray, key: OwnerKey) -> np.ndarray:
        return self._read(answers, key)[1]

    def _read(self, answers: np.ndarray, key: OwnerKey) -> tuple[np.ndarray, np.ndarray]:
        """What the reader says of each answer, `[n, bits]`, and what all of them say together, `[bits]`."""
        single = self.soft_bits(answers, key)
        if self.blind:
            return single, single.mean(axis=0)
        unmarked = key.array("unmarked", "u", 4)
        if unmarked.shape != (len(answers), self.image_size, self.image_size, self.channels):
            raise InvalidKeyError(
                f"the array `unmarked` of the key must hold a {self.image_size} x {self.image_size} picture for each "
                f"of {len(answers)} probes, got {list(unmarked.shape)}. Restore the key from a copy."
            )
        return single, (single - self.soft_bits(as_float(unmarked), key)).mean(axis=0)

    @staticmethod
    def _agrees(spoken: np.ndarray, message: np.ndarray) -> np.ndarray:
        return np.asarray((spoken > 0) == (message > 0))

    def _warn(self, barrier: keras.Model, unmarked: np.ndarray, key: OwnerKey) -> None:
        """Says so where not even outputs as the barrier gives them verify."""
        verdict = self._judged(np.asarray(KerasSuspect("barrier", barrier)(unmarked)), key, self.alpha)
        if not verdict.marked:
            print(
                f"  warning: the mark did not take: the marked outputs themselves do not verify (score "
                f"{verdict.score:.3f}, and a claim takes {verdict.threshold:.3f}). Make it stronger, or train longer.",
                file=sys.stderr,
            )


def _signs(bits: np.ndarray) -> np.ndarray:
    return bits.astype(np.float32) * 2 - 1
