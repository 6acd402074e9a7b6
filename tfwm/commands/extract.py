"""Reads the mark from a picture through the sealed `extract` signature of a served model.

The token comes from the key folder and is sent to this machine, or over TLS, only. --wrong-token sends random
bytes instead, to show what everybody else gets: noise.
"""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.base import Result, add_output

if TYPE_CHECKING:
    import numpy as np

    from tfwm.keys import OwnerKey
    from tfwm.remote import GrpcSuspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--suspect", required=True, metavar="URL", help="grpc://host:port/model, or grpcs:// with TLS")
    option("--key", required=True, metavar="KEYDIR", help="the owner's key folder; its token opens the extractor")
    option("--picture", required=True, metavar="FILE", help="PNG or JPEG to read the mark from")
    option("--out", required=True, metavar="PNG", help="where to write the logo")
    option("--through-model", metavar="PNG", help="ask the model first, and write its answer here")
    option("--wrong-token", action="store_true", help="send a random token instead of the key's")
    option("--tls-ca", metavar="PEM", help="with grpcs://: authority of the server's certificate")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Does it.

    Raises:
      ConnectionError: the endpoint does not answer, or has no such signature.
      ValueError: no gRPC endpoint, no picture, or a token that would travel in clear.
    """
    from tfwm.commands import work
    from tfwm.data import decode_image, to_float, with_channels

    endpoint, key = _endpoint(arguments.suspect), work.load_key(arguments.key)
    token = secrets.token_bytes(len(key.token)) if arguments.wrong_token else key.token
    pixels = decode_image(Path(arguments.picture).read_bytes(), arguments.picture)
    images = to_float(with_channels(pixels, _channels(key)))[None]
    if arguments.through_model:
        images = _call(endpoint, arguments.tls_ca, "serving_default", {"image": images})["image"]
        _write(arguments.through_model, images[0])
    found = _call(endpoint, arguments.tls_ca, "extract", {"image": images, "token": token})
    if "logo" not in found:
        raise ValueError(f"`{endpoint.name}` extracts {', '.join(found)}, but no logo. Nothing can be drawn.")
    _write(arguments.out, found["logo"][0])
    return _result(arguments, endpoint, key, found["logo"][0])


def _channels(key: OwnerKey) -> int:
    """Of the pictures that the key's extractor reads."""
    from tfwm.exporting import EXTRACTOR

    if EXTRACTOR not in key.networks:
        raise ValueError(f"`--key` of the scheme {key.scheme} holds no extractor. `tfwm verify` needs none.")
    return key.networks[EXTRACTOR].input_shape[-1]


def _endpoint(text: str) -> GrpcSuspect:
    from tfwm.commands import work
    from tfwm.remote import GrpcSuspect

    suspect = work.open_suspect(text)
    if not isinstance(suspect, GrpcSuspect):
        raise ValueError(f"`--suspect` must be grpc://host:port/model, got {text!r}. `tfwm serve` serves a model.")
    return suspect


def _call(endpoint: GrpcSuspect, tls_ca: str | None, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
    from serving.client import predict
    from serving.tls import ClientTls

    tls = ClientTls(tls_ca) if endpoint.secure else None
    try:
        return predict(endpoint.address, endpoint.model, inputs, signature, timeout_s=endpoint.timeout_s, tls=tls)
    except RuntimeError as error:
        raise ConnectionError(f"{error}. Does the model have the signature `{signature}`?") from error


def _write(path: str, image: np.ndarray) -> None:
    from tfwm.data import encode_png, to_uint8
    from tfwm.files import replacing

    with replacing(path) as temporary:
        temporary.write_bytes(encode_png(to_uint8(image.clip(0, 1))))
        temporary.chmod(0o644)


def _as_large(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    from tfwm.data.readers import cover

    return picture if picture.shape == other.shape else cover(picture, (other.shape[0], other.shape[1]))


def _result(arguments: argparse.Namespace, endpoint: GrpcSuspect, key: OwnerKey, logo: np.ndarray) -> Result:
    from tfwm.commands import work
    from tfwm.statistics import centred_nc
    from tfwm.suspects import as_float

    likeness = centred_nc(logo, as_float(_as_large(key.arrays["logo"], logo))) if "logo" in key.arrays else None
    kind = "a wrong" if arguments.wrong_token else "the owner's"
    document = {
        "suspect": endpoint.name,
        "key_fingerprint": key.fingerprint,
        "token": "wrong" if arguments.wrong_token else "owner",
        "picture": arguments.picture,
        "logo": arguments.out,
        "nc_centred": likeness,
    }
    like = "" if likeness is None else f"; its centred correlation with the owner's logo is {likeness:.3f}"
    return Result(f"Wrote {arguments.out}, extracted with {kind} token{like}.", work.plain(document))
