"""The served models: the pushed one, the stolen surrogate, the unmarked host; and what clients ask of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.client import predict
from tfwm.data import decode_image, encode_png
from tfwm.evidence.statistics import centred_nc
from tfwm.exporting import export
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.suspects import as_float

EXPECTED = {"marked": "marked", "stolen": "marked", "unmarked": "unmarked"}


@dataclass(frozen=True)
class Served:
    """What came back from the endpoint that serves the pushed model.

    Args:
      outputs: marked photographs by name, uint8.
      logo: what `extract` gave for the right token, float `[s, s, c]`, averaged over the photographs.
      token_nc_centred: its centred NC with the owner's logo.
      wrong_logo: what it gave for a wrong token.
      wrong_token_nc_centred: likewise.
    """

    outputs: Mapping[str, np.ndarray]
    logo: np.ndarray
    token_nc_centred: float
    wrong_logo: np.ndarray
    wrong_token_nc_centred: float


def export_plain(model_file: Path, directory: Path) -> Path:
    """A thief's, or the unmarked, model as version 1 of a servable; nothing of the owner's in it."""
    shutil.rmtree(directory, ignore_errors=True)  # of an earlier run, perhaps of another model
    export(load_network(model_file), directory / "1", public=True, warmup=False)
    return directory


def ask(address: str, photographs: Mapping[str, np.ndarray], key: OwnerKey) -> Served:
    """As a client: whole photographs in, marked ones out, and `extract` with the right and a wrong token."""
    outputs = {name: _send(address, picture) for name, picture in photographs.items()}
    wrong = bytes(byte ^ 0xFF for byte in key.token)
    logo = np.mean([_extract(address, picture, key.token) for picture in outputs.values()], axis=0)
    noise = np.mean([_extract(address, picture, wrong) for picture in outputs.values()], axis=0)
    owner = as_float(key.arrays["logo"])
    return Served(outputs, logo, centred_nc(logo, owner), noise, centred_nc(noise, owner))


def _send(address: str, picture: np.ndarray) -> np.ndarray:
    """uint8 `[h, w, 3]` as PNG bytes there and back."""
    inputs = {"image_bytes": np.asarray([encode_png(picture)], object)}
    answer = predict(address, "marked", inputs, signature="serving_bytes")
    return decode_image(bytes(answer["image_bytes"][0]), "answer")


def _extract(address: str, picture: np.ndarray, token: bytes) -> np.ndarray:
    inputs = {"image": as_float(picture[None]), "token": np.asarray(token, object)}
    return predict(address, "marked", inputs, signature="extract")["logo"][0]


def verify(address: str, model: str, key_directory: Path) -> dict[str, Any]:
    """`tfwm verify` in a process of its own, as anyone with the key would run it.

    Raises:
      RuntimeError: the command failed for another reason than "not verified".
    """
    command = [
        sys.executable, "-m", "tfwm.cli", "verify", "--suspect", f"grpc://{address}/{model}",
        "--key", str(key_directory), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return {"expected": EXPECTED[model], **json.loads(done.stdout), "suspect": f"{model} endpoint"}
