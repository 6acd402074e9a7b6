"""The served models: the pushed one, a stolen copy, the unmarked host; and what anyone with the key asks of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tfwm.exporting import export
from tfwm.networks import load_network

EXPECTED = {"marked": "marked", "stolen": "marked", "unmarked": "unmarked"}


def export_plain(model_file: Path, directory: Path) -> Path:
    """A thief's, or the unmarked, model as version 1 of a servable; nothing of the owner's in it.

    Args:
      model_file: a `.keras` file.
      directory: of the servable; what an earlier run left there is deleted.

    Returns:
      `directory`.
    """
    shutil.rmtree(directory, ignore_errors=True)
    export(load_network(model_file), directory / "1", public=True, warmup=False)
    return directory


def verify_endpoint(address: str, model: str, key_directory: Path) -> dict[str, Any]:
    """`tfwm verify --trust-key` in a process of its own, as the owner runs it.

    Args:
      address: of the server, host:port.
      model: one of `EXPECTED`.
      key_directory: the owner's key folder.

    Returns:
      The verdict as JSON values, with the `suspect` and what is `expected` of it.

    Raises:
      RuntimeError: the command failed for another reason than "not verified".
    """
    command = [
        sys.executable, "-m", "tfwm.cli", "verify", "--trust-key", "--suspect", f"grpc://{address}/{model}",
        "--key", str(key_directory), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return {"expected": EXPECTED[model], **json.loads(done.stdout), "suspect": f"{model} endpoint"}
