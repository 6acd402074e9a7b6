"""Reads the mark through the sealed `extract` signature of a served model.

Of a model that gives images it is read from a picture, and written as one. A classifier is asked by the server itself
for the labels of the key samples that lie sealed beside it, and nothing is written. The token comes from the key folder
and is sent to this machine, or over TLS, only. --wrong-token sends random bytes instead, to show what everybody else
gets: noise, or nothing.

A server's count is its own word: it is for the owner who serves the model. `tfwm verify` asks a suspect.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.result import Result, add_output
from tfwm.kinds import PerKind, kind_called

if TYPE_CHECKING:
    import numpy as np

    from tfwm.keys import OwnerKey
    from tfwm.suspects.remote import GrpcSuspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--suspect", required=True, metavar="URL", help="grpc://host:port/model, or grpcs:// with TLS")
    option("--key", required=True, metavar="KEYDIR", help="the owner's key folder; its token opens what is sealed")
    option("--picture", metavar="FILE", help="PNG or JPEG to read the mark from; not for a classifier's key")
    option("--out", metavar="PNG", help="where to write the logo; not for a classifier's key")
    option("--through-model", metavar="PNG", help="ask the model first, and write its answer here")
    option("--wrong-token", action="store_true", help="send a random token instead of the key's")
    option("--tls-ca", metavar="PEM", help="with grpcs://: authority of the server's certificate")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Asks the endpoint for what is sealed, and says what came: a logo, or how many key samples get their labels.

    Raises:
      ConnectionError: the endpoint does not answer, or has no such signature.
      ValueError: no gRPC endpoint, pictures that are missing or not wanted, or a token that would travel in clear.
    """
    from tfwm.commands import opening
    from tfwm.schemes import scheme_of

    endpoint, key = _endpoint(arguments.suspect), opening.load_key(arguments.key)
    kind = kind_called(scheme_of(key).kind)
    way = _WAYS[kind.name]
    _check_pictures(arguments, way.pictures, f"a key of the scheme {key.scheme}, which marks {kind.models}")
    token = secrets.token_bytes(len(key.token)) if arguments.wrong_token else key.token
    return way.extract(arguments, endpoint, key, token)


def _check_pictures(arguments: argparse.Namespace, wanted: tuple[str, ...], key: str) -> None:
    """Refuses pictures that a kind of host has no use for, and asks for those that it needs."""
    given = [name for name in ("picture", "out", "through_model") if getattr(arguments, name)]
    unwanted = [name for name in given if not wanted]
    missing = [name for name in wanted if name not in given]
    if unwanted or missing:
        named = " and ".join(f"`--{name.replace('_', '-')}`" for name in unwanted or missing)
        must, remedy = ("must not", "Leave it out") if unwanted else ("must", "Give it")
        raise ValueError(f"{named} {must} be given with {key}. {remedy}.")


def _counted(arguments: argparse.Namespace, endpoint: GrpcSuspect, key: OwnerKey, token: bytes) -> Result:
    """A classifier: how many of its key samples get their labels."""
    from tfwm.commands import opening

    found = _call(endpoint, arguments.tls_ca, "extract", {"token": token})
    if set(found) != {"hits", "n", "log10_p"}:
        raise ConnectionError(
            f"`{endpoint.name}` extracts {', '.join(sorted(found))}, but counts no key samples. Is it another model?"
        )
    hits, n, log10_p = found["hits"].item(), found["n"].item(), found["log10_p"].item()
    document = {**_asked(arguments, endpoint, key), "hits": hits, "n": n, "log10_p": log10_p}
    if not n:
        return Result(f"{_token(arguments)} token opens nothing in {endpoint.name}.", opening.plain(document))
    text = f"{hits} of {n} key samples get their labels, read with {_token(arguments).lower()} token"
    return Result(f"{text}; log10 p = {log10_p:.2f} for a model that knows nothing of them.", opening.plain(document))


def _read(arguments: argparse.Namespace, endpoint: GrpcSuspect, key: OwnerKey, token: bytes) -> Result:
    """A model that gives images: the logo in a picture."""
    from tfwm.data import decode_image, to_float, with_channels

    pixels = decode_image(Path(arguments.picture).read_bytes(), arguments.picture)
    images = to_float(with_channels(pixels, _channels(key)))[None]
    if arguments.through_model:
        images = _call(endpoint, arguments.tls_ca, "serving_default", {"image": images})["image"]
        _write(arguments.through_model, images[0])
    found = _call(endpoint, arguments.tls_ca, "extract", {"image": images, "token": token})
    if "logo" not in found:
        raise ConnectionError(f"`{endpoint.name}` extracts {', '.join(found)}, but no logo. Is it another model?")
    _write(arguments.out, found["logo"][0])
    return _result(arguments, endpoint, key, found["logo"][0])


@dataclass(frozen=True)
class _Way:
    """How a served model of one kind is read: by what, and with which pictures."""

    extract: Callable[[argparse.Namespace, GrpcSuspect, OwnerKey, bytes], Result]
    pictures: tuple[str, ...]


_WAYS = PerKind("way to extract", restoration=_Way(_read, ("picture", "out")), classification=_Way(_counted, ()))


def _channels(key: OwnerKey) -> int:
    """Of the pictures that the key's extractor reads."""
    from tfwm.exporting import EXTRACTOR

    if EXTRACTOR not in key.networks:
        raise ValueError(f"`--key` of the scheme {key.scheme} holds no extractor. `tfwm verify` needs none.")
    return key.networks[EXTRACTOR].input_shape[-1]


def _endpoint(text: str) -> GrpcSuspect:
    from tfwm.commands import opening
    from tfwm.suspects.remote import GrpcSuspect

    suspect = opening.open_suspect(text)
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
    from tfwm.data.reading.readers import cover

    return picture if picture.shape == other.shape else cover(picture, (other.shape[0], other.shape[1]))


def _result(arguments: argparse.Namespace, endpoint: GrpcSuspect, key: OwnerKey, logo: np.ndarray) -> Result:
    from tfwm.commands import opening
    from tfwm.evidence.statistics import centred_nc
    from tfwm.suspects import as_float

    likeness = centred_nc(logo, as_float(_as_large(key.arrays["logo"], logo))) if "logo" in key.arrays else None
    document = {
        **_asked(arguments, endpoint, key),
        "picture": arguments.picture,
        "logo": arguments.out,
        "nc_centred": likeness,
    }
    like = "" if likeness is None else f"; its centred correlation with the owner's logo is {likeness:.3f}"
    text = f"Wrote {arguments.out}, extracted with {_token(arguments).lower()} token{like}."
    return Result(text, opening.plain(document))


def _asked(arguments: argparse.Namespace, endpoint: GrpcSuspect, key: OwnerKey) -> dict[str, Any]:
    token = "wrong" if arguments.wrong_token else "owner"
    return {"suspect": endpoint.name, "key_fingerprint": key.fingerprint, "token": token}


def _token(arguments: argparse.Namespace) -> str:
    return "A wrong" if arguments.wrong_token else "The owner's"
