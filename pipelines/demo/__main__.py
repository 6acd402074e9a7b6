"""The order of things; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Clock:
    """Says what is being done, and remembers how long it took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def stage(self, name: str, words: str) -> Iterator[None]:
        """One stage; a line on the screen when it begins."""
        print(f"[{time.perf_counter() - self._start:5.0f} s] {words}", flush=True)
        before = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - before
        self.seconds["total"] = time.perf_counter() - self._start


def main(arguments: list[str] | None = None) -> int:
    """Runs the demo.

    Returns:
      0 blessed and every endpoint verdict as expected, 1 not, 2 usage, 3 a step failed.
    """
    options = _parser().parse_args(arguments)
    try:
        return run(options.data, Path(options.root), options.seed, verbose=options.verbose)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


def run(source: str | None, root: Path, seed: int, *, verbose: bool = False) -> int:
    """See `main`."""
    clock = Clock()
    with clock.stage("data", "1. Photographs: three parts that share none, cut into patches, with rain on top"):
        from pipelines.demo.pictures import prepare

        data = prepare(source, root, seed)
        print("    photographs: " + ", ".join(f"{part} {count}" for part, count in data.sources.items()))
    with clock.stage(
        "pipeline", "2. TFX pipeline: train the host, mark it, attack it, decide (importing TFX: a minute)"
    ):
        from pipelines.configs import PipelineConfig
        from pipelines.local_runner import run_local

        config = PipelineConfig.demo(data.folder, root, seed=seed)
        done = run_local(config, verbose=verbose)
        print(done)
    from pipelines.demo.finish import finish

    return finish(clock, config, done, data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines.demo", description=__doc__)
    parser.add_argument(
        "--data", metavar="FOLDER", help="photographs of your own, at least 6 (default: scikit-image's)"
    )
    parser.add_argument("--root", default="runs/demo", help="where everything goes (default runs/demo)")
    parser.add_argument("--seed", type=int, default=0, help="of every draw but the owner's secret (default 0)")
    parser.add_argument("--verbose", action="store_true", help="show what TFX and TensorFlow say")
    return parser


if __name__ == "__main__":
    sys.exit(main())
