"""`python -m benchmarks [--only NAME] [--out FILE]`: runs the benchmarks, each in a process of its own."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tfwm.files import read_json, write_json

BENCHMARKS = {
    "train_step": "benchmarks.train_step",
    "networks": "benchmarks.networks",
    "serving": "benchmarks.serving",
    "hostile_requests": "benchmarks.hostile_requests",
    "soak": "benchmarks.soak",
    "start_up": "benchmarks.start_up",
}


def run(module: str) -> dict[str, Any]:
    """Runs one benchmark and returns the JSON document that it writes; if it fails, a document that says so."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        done = subprocess.run([sys.executable, "-m", module, "--out", str(out)], check=False)
        return read_json(out) if out.exists() else {"failed": f"`{module}` ended with exit code {done.returncode}."}


def main() -> int:
    """Runs the benchmarks and writes their results; the exit code is 1 where one failed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results.json"))
    options = parser.parse_args()
    names = [options.only] if options.only else list(BENCHMARKS)
    results = {name: run(BENCHMARKS[name]) for name in names}
    machine = {"processor": _processor(), "python": platform.python_version(), "system": platform.platform()}
    write_json(options.out, {"machine": machine, "benchmarks": results})
    print(f"\nwritten to {options.out}")
    return int(any("failed" in result for result in results.values()))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
