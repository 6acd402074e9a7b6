"""A virtual environment for PyTorch, apart from that of the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"
FOLDER = Path(".cache/bench/torch")


class PeerUnavailable(RuntimeError):
    """PyTorch could not be installed; the message says why."""


def torch_python(folder: Path = FOLDER) -> Path:
    """The interpreter of an environment that has PyTorch; the first call makes it, which takes some minutes.

    Raises:
      PeerUnavailable: pip could not install torch.
    """
    python = folder / "bin" / "python"
    stamp = folder / f"{TORCH}.installed"
    if stamp.exists():
        return python
    print(f"making {folder} with {TORCH} ...", file=sys.stderr, flush=True)
    # The CPU build lies on PyTorch's own index; elsewhere a plain build serves as well.
    flags = ["--quiet", "--retries", "1", "--extra-index-url", "https://download.pytorch.org/whl/cpu"]
    install = [str(python), "-m", "pip", "install", *flags, TORCH, "numpy"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise PeerUnavailable(f"{TORCH} could not be installed in `{folder}`: {last}")
    stamp.touch()
    return python
