"""A suspect behind a gRPC endpoint that speaks `tensorflow.serving.PredictionService`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfwm.suspects.answers import IMAGES, SCORES, possible_answers
from tfwm.suspects.forms import PictureForm, Shape, UnfitPicturesError, only_input
from tfwm.suspects.local import SwitchedVersionError, UnreachableError, in_batches
from tfwm.types import Access

try:
    # The client imports the second only when it sends: what is missing should be said before that.
    import grpc
    import tensorflow_serving.apis.prediction_service_pb2_grpc  # noqa: F401

    from serving.client import CallError, Client, RefusedCallError, UnreadableAnswerError
    from serving.signatures import served_signatures
    from serving.tls import ClientTls
except ImportError as error:
    raise ImportError(f"a grpc:// suspect needs `{error.name}`. Install it: pip install tfwm[serving]") from error


BUDGET_S = 900.0
_USUAL = PictureForm(None, "image")  # as tfwm exports it
_OF_THE_QUESTION = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
LARGEST_ANSWER = 2**29  # bytes of one answer; a request has a twentieth of that


# What mends a refusal, by its code.
_REMEDIES = {
    grpc.StatusCode.NOT_FOUND: "Check the model's name, and that a version of it is loaded.",
    grpc.StatusCode.UNIMPLEMENTED: "Is it a TensorFlow Serving endpoint?",
    grpc.StatusCode.UNAUTHENTICATED: "It wants to know who asks.",
    grpc.StatusCode.PERMISSION_DENIED: "It wants to know who asks.",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "It is overloaded, or takes smaller messages only. Try again later.",
}
_OTHER_REMEDY = "Its log may say more."
_LONGEST_DETAILS = 400


class RefusedError(UnreachableError):
    """The endpoint answered with an error, which a repeat does not mend.

    Args:
      name: of the suspect.
      code: the status of the call.
      details: the endpoint's words.
    """

    def __init__(self, name: str, code: grpc.StatusCode, details: str) -> None:
        remedy = _REMEDIES.get(code, _OTHER_REMEDY)
        words = " ".join((details or "no reason given").split())[:_LONGEST_DETAILS].rstrip(".")
        super().__init__(f"`{name}` answered with an error: {code.name}: {words}. {remedy}")
        self.code = code


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
      forms: what the endpoint told of its input, once it had refused pictures under the name `image`.
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
    forms: list[PictureForm] = field(default_factory=list, repr=False, compare=False)
    versions: set[int] = field(default_factory=set, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"grpc://{self.address}/{self.model}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        end = time.monotonic() + self.budget_s
        return in_batches(lambda part: self._answered(part, end), images)

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
        except RefusedCallError as error:
            raise RefusedError(self.name, error.code, error.details) from error
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

    def _answered(self, images: np.ndarray, end: float) -> np.ndarray:
        """Answers until a time of the monotonic clock; in the endpoint's own form where it refused the usual one."""
        try:
            return self._in_its_form(images, end)
        except RefusedError as error:
            if self.forms or error.code not in _OF_THE_QUESTION:
                raise
            self.forms.append(self._told_form(error, end))
        return self._in_its_form(images, end)

    def _in_its_form(self, images: np.ndarray, end: float) -> np.ndarray:
        form = self.forms[0] if self.forms else _USUAL
        return form.by_its_number(lambda part: self._answer(part, form, end - time.monotonic()))(images)

    def _told_form(self, refusal: RefusedError, end: float) -> PictureForm:
        """What the endpoint says that its signature takes."""
        timeout_s = max(0.1, min(self.timeout_s, end - time.monotonic()))
        try:
            told = served_signatures(self.address, self.model, tls=self._certificates(), timeout_s=timeout_s)
        except (CallError, ValueError):
            raise refusal from None
        if self.signature not in told:
            raise EndpointError(
                f"`{self.name}` must have the signature `{self.signature}`, got {sorted(told)}. "
                + (
                    "Name one of these: grpc://host:port/model:signature."
                    if told
                    else "Its model was saved without any."
                )
            )
        try:
            return only_input({name: _told(info) for name, info in told[self.signature].inputs.items()}, self.name)
        except UnfitPicturesError as error:
            raise EndpointError(str(error)) from error

    def _answer(self, images: np.ndarray, form: PictureForm, budget_s: float) -> np.ndarray:
        """One request's pictures or class scores, checked."""
        try:
            form.check(images.shape, self.name)
        except UnfitPicturesError as error:
            raise EndpointError(str(error)) from error
        outputs = self.predict({form.name: _as(form.dtype, images)}, budget_s=budget_s)
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


def _as(dtype: str, images: np.ndarray) -> np.ndarray:
    if dtype == images.dtype.name:
        return images
    import tensorflow as tf

    return images.astype(tf.as_dtype(dtype).as_numpy_dtype)


def _told(info: Any) -> tuple[str, Shape | None]:
    """Type and shape of a TensorInfo."""
    import tensorflow as tf

    try:
        dtype = tf.as_dtype(info.dtype).name
    except TypeError:
        dtype = "unknown type"
    shape = info.tensor_shape
    return dtype, None if shape.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
