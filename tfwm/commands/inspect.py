"""Checks every byte of a key folder and shows its fingerprint, scheme and settings; nothing secret."""

from __future__ import annotations

import argparse

from tfwm.commands.result import Result, add_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("key", metavar="KEYDIR", help="the owner's key folder")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Reads the key and shows what is not secret of it.

    Raises:
      InvalidKeyError: no key, or one that was changed.
    """
    from tfwm.commands import opening
    from tfwm.ownership.signing import public_key_of

    key = opening.load_key(arguments.key)
    document = {
        "key_fingerprint": key.fingerprint,
        "scheme": key.scheme,
        "certificate_public_key": public_key_of(key).hex(),
        "arrays": {name: list(array.shape) for name, array in sorted(key.arrays.items())},
        "networks": {name: network.count_params() for name, network in sorted(key.networks.items())},
        "settings": dict(key.settings),
    }
    return Result(_text(document), document)


def _text(document: dict) -> str:
    lines = [
        f"Key {document['key_fingerprint']} of the scheme {document['scheme']}; every byte is as it was written.",
        f"  signs certificates with {document['certificate_public_key']}",
    ]
    lines += [f"  array {name} {shape}" for name, shape in document["arrays"].items()]
    lines += [f"  network {name} with {count:,} weights" for name, count in document["networks"].items()]
    lines += ["  settings:", *(f"    {name} = {value}" for name, value in document["settings"].items())]
    return "\n".join(lines)
