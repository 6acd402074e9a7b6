"""A suspect behind a gRPC endpoint that speaks `tensorflow.serving.PredictionService`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfwm.suspects.answers import IMAGES, SCORES, possible_answers
from tfwm.suspects.local import SwitchedVersionError, UnreachableError, in_batches
from tfwm.types import Access

try:
    # The client imports the second only when it sends: what is missing should be said before that.
    import grpc  # noqa: F401
    import tensorflow_serving.apis.prediction_service_pb2_grpc  # noqa: F401

    from serving.client import CallError, Client, UnreadableAnswerError
    from serving.tls import ClientTls
except ImportError as error:
    raise ImportError(f"a grpc:// suspect needs `{error.name}`. Install it: pip install tfwm[serving]") from error


BUDGET_S = 900.0
LARGEST_ANSWER = 2**29  # bytes of one answer; a request has a twentieth of that


class EndpointError(UnreachableError):
    """The endpoint answered with something that is no answer to an image: neither a picture nor class scores."""


@dataclass(frozen=True)
class GrpcSuspect:
    """One model of a TensorFlow Serving endpoint.

    Args:
      address: `host:port`.
      model: the served model's name.
      signature: which signature maps float images to images, or to class scores `[n, classes]`.
      timeout_s: of one request; the whole call makes at most `attempts` of them per batch.
      attempts: how often a request is sent at most, at least 1.
      budget_s: of the whole call: all its batches, attempts and pauses.
      secure: TLS.
      tls_ca: PEM file of the authority of the server's certificate; empty takes the system's.
      access: what a judge, or a thief, may do with the model.
      versions: of the model that have answered so far. Answers of two versions are no evidence, in one call or in two
        of one verification; open the suspect anew for another verification.
    """

    address: str
    model: str
    signature: str = "serving_default"
    timeout_s: float = 60.0
    attempts: int = 4
    budget_s: float = BUDGET_S
    secure: bool = False
    tls_ca: str = ""
    access: Access = Access.QUERIES
    versions: set[int] = field(default_factory=set, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"grpc://{self.address}/{self.model}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        end = time.monotonic() + self.budget_s
        return in_batches(lambda part: self._answer(part, end - time.monotonic()), images)

    def predict(
        self, inputs: Mapping[str, Any], signature: str | None = None, *, budget_s: float | None = None
    ) -> dict[str, np.ndarray]:
        """Calls any signature, for instance `extract`.

        Args:
          inputs: by alias, see `serving.client.Client.predict`.
          signature: its name; None takes the suspect's own.
          budget_s: seconds for all attempts; None takes the suspect's own.

        Returns:
          The outputs by alias.

        Raises:
          UnreachableError: no answer, or none that can be read.
          SwitchedVersionError: another version of the model answered before.
          ValueError: a token would leave this machine without TLS, or `tls_ca` holds no certificate.
        """
        try:
            seconds = self.budget_s if budget_s is None else budget_s
            outputs, version = self._client.predict(inputs, signature or self.signature, budget_s=seconds)
        except CallError as error:
            raise UnreachableError(
                f"`{self.name}` did not answer: {error.code.name}: {error.details}. "
                "Check the address, the model name and that the server is up."
            ) from error
        except UnreadableAnswerError as error:
            raise EndpointError(f"`{self.name}` answered with a tensor that cannot be read: {error}") from error
        self.versions.add(version)
        if len(self.versions) > 1:
            versions = tuple(sorted(self.versions))
            raise SwitchedVersionError(
                f"`{self.name}` answered as versions {list(versions)} within one verification. "
                "Open it anew and repeat it: evidence must rest on one version.", versions,
            )  # fmt: skip
        return outputs

    @cached_property
    def _client(self) -> Client:
        return Client(
            self.address, self.model, tls=self._certificates(), timeout_s=self.timeout_s, attempts=self.attempts,
            largest_answer=LARGEST_ANSWER,
        )  # fmt: skip

    def _certificates(self) -> ClientTls | None:
        """What the client trusts, with a message that names this class's argument where the file is wrong."""
        if not self.secure:
            return None
        tls = ClientTls(self.tls_ca or None)
        try:
            tls.grpc_credentials()
        except ValueError as error:
            raise ValueError(
                f"`tls_ca` must be a PEM file with a certificate, got {self.tls_ca!r}. Check the path."
            ) from error
        return tls

    def _answer(self, images: np.ndarray, budget_s: float) -> np.ndarray:
        """One request's pictures or class scores, checked."""
        outputs = self.predict({"image": images}, budget_s=budget_s)
        possible = possible_answers(outputs)
        if not possible:
            raise EndpointError(
                f"`{self.name}` must answer with the tensor `{IMAGES.output}`, got {sorted(outputs)}. "
                f"A classifier answers with `{SCORES.output}`."
            )
        answer = outputs.get(possible[0].output, next(iter(outputs.values())))
        if not any(expected.fits(answer, len(images)) for expected in possible):
            raise EndpointError(
                f"`{self.name}` must answer {len(images)} {' or '.join(expected.plural for expected in possible)}, got "
                f"{answer.dtype} {list(answer.shape)}."
            )
        if not np.isfinite(answer).all():
            raise EndpointError(f"`{self.name}` answered with values that are not finite.")
        return answer
