"""From what a user writes to a suspect."""

from __future__ import annotations

import re
from pathlib import Path

from tfwm.suspects.local import KerasSuspect, RecordedSuspect, SavedModelSuspect
from tfwm.types import Suspect

_GRPC = re.compile(r"^grpcs?://(?P<address>[^/]+)/(?P<model>[^/:]+)(:(?P<signature>\w+))?$")


def open_suspect(text: str, *, tls_ca: str = "", budget_s: float | None = None) -> Suspect:
    """Opens a suspect.

    Args:
      text: `grpc://host:port/model`, or `grpcs://` with TLS; a `.keras` file; a SavedModel's version folder; or an npz
        file of recorded outputs. An endpoint may name a signature: `grpc://host:port/model:signature`.
      tls_ca: for `grpcs://`: PEM file of the authority of the server's certificate; empty takes the system's.
      budget_s: for an endpoint: seconds for all answers to one question together; None takes 15 minutes.

    Raises:
      ImportError: an endpoint, and there is no gRPC.
      ValueError: `text` is none of these.
    """
    if tls_ca and not text.startswith("grpcs://"):
        raise ValueError(f"`tls_ca` is for grpcs://host:port/model, got the suspect {text!r}. Leave it out.")
    if budget_s is not None and not text.startswith(("grpc://", "grpcs://")):
        raise ValueError(f"`budget_s` is for grpc://host:port/model, got the suspect {text!r}. Leave it out.")
    if text.startswith(("grpc://", "grpcs://")):
        match = _GRPC.match(text)
        if not match:
            raise ValueError(f"`suspect` must look like grpc://host:port/model, got {text!r}.")
        from tfwm.suspects.remote import BUDGET_S, GrpcSuspect

        return GrpcSuspect(
            match["address"], match["model"], match["signature"] or "serving_default",
            budget_s=BUDGET_S if budget_s is None else budget_s, secure=text.startswith("grpcs"), tls_ca=tls_ca,
        )  # fmt: skip
    path = Path(text)
    if path.suffix == ".npz" and path.is_file():
        return RecordedSuspect.load(path, path.stem)
    if (path / "saved_model.pb").is_file():
        return SavedModelSuspect(path, path.name)
    if path.suffix in (".keras", ".h5", ".hdf5") and path.is_file():
        from tfwm.networks import load_network

        return KerasSuspect(path.stem, load_network(path))
    raise ValueError(
        f"`suspect` must be grpc://host:port/model, a .keras file, a SavedModel folder or an .npz of recorded "
        f"outputs, got {text!r}. Does the path exist?"
    )
