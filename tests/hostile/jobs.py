"""Jobs of faulty.py for the tests of faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
MODEL = FOLDER.parent / "fixtures/keys/content_mark/marked.keras"
PROTECT = ("protect", "--scheme", "deep_stego", "--preset", "tiny", "--epochs-scale", "0.2", "--patches", "40",
           "--set", "samples=20", "--out")  # fmt: skip


def faulty(folder: Path, jobs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of each command; see faulty.py."""
    (folder / "jobs.json").write_text(json.dumps(jobs, default=str))
    done = subprocess.run(
        [sys.executable, str(FOLDER / "faulty.py"), str(folder / "jobs.json")], capture_output=True, text=True,
        check=False, cwd=FOLDER.parents[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def kept(folder: Path) -> Path:
    """Where a folder is copied to when a fault has hit."""
    return folder.with_name(f"{folder.name}-kept")


@dataclass(frozen=True)
class Task:
    """A command whose result is a folder `out` below the job's folder.

    Args:
      words: of the command, without the path of `out`.
    """

    words: Sequence[object]

    def job(self, folder: Path, fault: object = "", at: float = 0) -> dict[str, Any]:
        """The command, which a fault hits; the folder is kept as the fault leaves it."""
        words = [*map(str, self.words), str(folder / "out")]
        return {"folder": folder, "words": words, "fault": fault, "at": at, "kept": kept(folder) if fault else ""}


EXPORT = Task(("export", "--model", MODEL, "--public", "--out"))


def spread(count: int, last: int) -> list[int]:
    """Numbers from 1 to `last`, evenly spread."""
    return sorted({round(place) for place in np.linspace(1, last, count)})
