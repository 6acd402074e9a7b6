"""Asks a served model at a steady rate, while new, damaged and half copied versions come where that is wanted.

python -m benchmarks.soak --minutes 10
python -m benchmarks.soak --minutes 1 --swap-every-s 3
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tensorflow import keras

from serving.client import Client
from tfwm.exporting import export
from tfwm.files import write_json

MODEL, SIDE = "m", 64
SAMPLE_S, SETTLED = 2.0, 0.2  # seconds between two looks at the memory; the share of the time that does not count
MOST_MIB_PER_MINUTE = 1.0


@dataclass
class Soak:
    """What was seen.

    Args:
      latencies_ms: of every request that was answered.
      failed: the words of those that were not.
      wrong: answers that were of no version that was ever whole.
      versions: that answered.
      memory: (seconds since the start, MiB of the server).
    """

    latencies_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    wrong: int = 0
    versions: set[int] = field(default_factory=set)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def mib_per_minute(self) -> float:
        """The slope of the memory, once the server has settled."""
        late = [(s, mib) for s, mib in self.memory if s >= SETTLED * self.memory[-1][0]]
        seconds, mebibytes = np.array(late).T
        return float(60.0 * np.polyfit(seconds, mebibytes, 1)[0]) if len(late) > 1 else 0.0


def darkening(factor: float) -> keras.Model:
    """A network of two convolutions whose answer to a white picture is `factor` in the middle."""
    image = keras.Input((None, None, 3), name="image")
    deep = keras.layers.Conv2D(16, 3, padding="same", kernel_initializer="zeros", bias_initializer="ones")(image)
    output = keras.layers.Conv2D(3, 1, kernel_initializer=keras.initializers.Constant(factor / 16))(deep)
    return keras.Model(image, output)


@contextmanager
def serving_process(folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process number of a server of its own, so that its memory is seen alone."""
    command = [sys.executable, "-m", "serving.server", "--model", f"{MODEL}={folder}", "--port", "0", "--poll-s", "0.5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def memory_mib(process: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


class Pusher:
    """Puts versions into a served folder: whole, damaged, half copied, and whole again.

    Args:
      sources: SavedModels, which take turns.
      folder: holds version 1.
    """

    def __init__(self, sources: list[Path], folder: Path) -> None:
        self._sources, self._folder = sources, folder
        self._versions = itertools.count(2)
        self._ways: Iterator[Callable[[Path, Path], None]] = itertools.cycle((_whole, _damaged, _whole, _half))

    def push(self) -> None:
        """The next version in the next way; all but the last few older ones are removed."""
        version, way = next(self._versions), next(self._ways)
        way(self._sources[version % len(self._sources)], self._folder / str(version))
        for old in self._folder.iterdir():
            if old.name.isdecimal() and int(old.name) < version - 6:
                shutil.rmtree(old)


def _whole(source: Path, target: Path) -> None:
    temporary = target.with_name(f"tmp-{target.name}")
    shutil.copytree(source, temporary)
    temporary.rename(target)


def _damaged(source: Path, target: Path) -> None:
    _whole(source, target)
    (target / "variables/variables.index").write_bytes(b"\xff" * 99)


def _half(source: Path, target: Path) -> None:
    target.mkdir()
    content = (source / "saved_model.pb").read_bytes()
    (target / "saved_model.pb").write_bytes(content[: len(content) // 2])


def soak(
    address: str, process: int, seconds: float, rate: float, expected: tuple[float, ...], push: Callable[[], None],
    push_every_s: float,
) -> Soak:  # fmt: skip
    """Asks at a steady rate.

    Args:
      address: of the server.
      process: its number.
      seconds: how long.
      rate: requests a second.
      expected: answers of the versions that are whole.
      push: brings another version.
      push_every_s: seconds between two of them; 0 for none.
    """
    seen, picture = Soak(), np.ones((1, SIDE, SIDE, 3), np.float32)
    start = time.monotonic()
    next_memory, next_push = 0.0, push_every_s or float("inf")
    with Client(address, MODEL, timeout_s=10.0) as client:
        for number in range(int(seconds * rate)):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            now = time.monotonic() - start
            if now >= next_push:
                push()
                next_push += push_every_s
            if now >= next_memory:
                seen.memory.append((now, memory_mib(process)))
                next_memory += SAMPLE_S
            _ask(client, picture, expected, seen)
    return seen


def _ask(client: Client, picture: np.ndarray, expected: tuple[float, ...], seen: Soak) -> None:
    begun = time.perf_counter()
    try:
        answer = client.predict({"image": picture})
    except (ConnectionError, RuntimeError) as error:
        seen.failed.append(str(error)[:200])
        return
    seen.latencies_ms.append(1e3 * (time.perf_counter() - begun))
    seen.versions.add(answer.version)
    seen.wrong += not any(np.allclose(answer.outputs["image"], value, atol=1e-5) for value in expected)


def main() -> None:
    """Soaks, prints a table, writes it as JSON where `--out` says so; fails where a request did, or memory grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second (default 20)")
    parser.add_argument("--swap-every-s", type=float, default=0.0, help="push a version as often (default never)")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    factors = (0.25, 0.5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [export(darkening(factor), folder / f"source-{factor}", public=True) for factor in factors]
        _whole(sources[1], folder / MODEL / "1")
        pusher = Pusher(sources, folder / MODEL)
        with serving_process(folder / MODEL) as (address, process):
            seen = soak(
                address, process, 60 * options.minutes, options.rate, factors, pusher.push, options.swap_every_s
            )
    middle, late = np.percentile(seen.latencies_ms, [50, 99])
    figures = {
        "minutes": options.minutes, "rate": options.rate, "swap_every_s": options.swap_every_s,
        "answered": len(seen.latencies_ms), "failed": len(seen.failed), "wrong": seen.wrong,
        "versions": len(seen.versions), "median_ms": float(middle), "p99_ms": float(late),
        "memory_mib": seen.memory[-1][1], "mib_per_minute": seen.mib_per_minute,
        "load": os.getloadavg()[1], "cores": os.cpu_count(),
    }  # fmt: skip
    curve = [[round(second), round(mib, 1)] for second, mib in seen.memory[:: max(1, len(seen.memory) // 20)]]
    table = [f"{name:20} {value:.4g}" for name, value in figures.items()]
    print("\n".join(table))
    if options.out:
        write_json(options.out, {**figures, "memory": curve, "table": table})
    grows = not options.swap_every_s and seen.mib_per_minute > MOST_MIB_PER_MINUTE
    if seen.failed or seen.wrong or grows:
        raise SystemExit(f"{len(seen.failed)} failed {seen.failed[:3]}, {seen.wrong} wrong, memory grows: {grows}")


if __name__ == "__main__":
    main()
