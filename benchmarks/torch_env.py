"""A virtual environment of its own for PyTorch, so that the peer shares no package with the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"
FOLDER = Path(".cache/bench/torch")


class PeerUnavailable(RuntimeError):
    """PyTorch cannot be had here; the message says why."""


def torch_python(folder: Path = FOLDER) -> Path:
    """The interpreter of the peer's environment, made on the first call (some minutes).

    Raises:
      PeerUnavailable: pip could not install torch.
    """
    python = folder / "bin" / "python"
    stamp = folder / f"{TORCH}.installed"
    if stamp.exists():
        return python
    print(f"making {folder} with {TORCH} ...", file=sys.stderr, flush=True)
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], _install(python)):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise PeerUnavailable(f"{TORCH} could not be installed in `{folder}`: {last}")
    stamp.touch()
    return python


def _install(python: Path) -> list[str]:
    # The CPU build lies on PyTorch's own index; elsewhere a plain build serves as well.
    index = "https://download.pytorch.org/whl/cpu"
    flags = ["--quiet", "--retries", "1", "--extra-index-url", index]
    return [str(python), "-m", "pip", "install", *flags, TORCH, "numpy"]
