"""Times `import tfwm` and `tfwm --help`, in seconds."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tfwm.files import write_json

COMMANDS = {
    "import tfwm": [sys.executable, "-c", "import tfwm"],
    "tfwm --help": [sys.executable, "-m", "tfwm.cli", "--help"],
}


def median_s(command: list[str], repeats: int) -> float:
    """The median time of a command, in seconds, after a first run that does not count because it fills caches.

    Args:
      command: the program and its arguments.
      repeats: how many runs count.

    Raises:
      CalledProcessError: the command failed.
    """
    taken = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def main() -> None:
    """Times every command, prints a table, and writes it as JSON where `--out` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = {name: median_s(command, options.repeats) for name, command in COMMANDS.items()}
    table = [f"{'start-up':26} {'median':>10}", *(f"{name:26} {value:8.2f} s" for name, value in rows.items())]
    print("\n".join(table))
    if options.out:
        write_json(options.out, {"rows_s": rows, "table": table})


if __name__ == "__main__":
    main()
