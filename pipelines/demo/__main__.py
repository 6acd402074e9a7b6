"""The order of things; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pipelines.demo.clock import Clock
from serving.terminal import run_command
from tfwm.kinds import KINDS
from tfwm.types import RESTORATION

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(arguments: list[str] | None = None) -> int:
    """Runs the demo.

    Returns:
      0 blessed and every endpoint verdict as expected, 1 not, 2 usage, 3 a step failed.
    """
    return run_command(lambda: _run(_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    try:
        return run_demo(options.kind, options.data, options.root, seed=options.seed, verbose=options.verbose)
    except BrokenPipeError:
        raise  # `run_command` knows whose pipe it was
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


def run_demo(kind: str, source: str | None, root: str | None, *, seed: int, verbose: bool = False) -> int:
    """Runs the demo of one kind of host.

    Args:
      kind: a name in `tfwm.kinds.KINDS`.
      source: the user's own data; None takes what an installed package carries.
      root: where everything goes; None takes the demo's own.
      seed: of every draw but the owner's secret.
      verbose: show what TFX and TensorFlow say.

    Returns:
      0 blessed and every endpoint verdict as expected, 1 not.

    Raises:
      ValueError: data that do not fit.
      StepFailedError: a component raised.
    """
    clock = Clock()
    from pipelines.demo.parts import PARTS

    part = PARTS[kind]
    folder = Path(root or part.root)
    with clock.stage("data", f"1. {part.data_title}"):
        data = part.prepare(source, folder, seed=seed)
        print(f"    {part.counted}: " + ", ".join(f"{name} {count}" for name, count in data.sources.items()))
    with clock.stage(
        "pipeline", "2. TFX pipeline: train the host, mark it, attack it, decide (importing TFX: a minute)"
    ):
        from pipelines.configs import config_of
        from pipelines.local_runner import run_local

        config = config_of("demo", data.folder, folder, seed=seed, settings=data.settings)
        done = run_local(config, verbose=verbose)
        print(done)
    from pipelines.demo.finish import finish

    return finish(clock, part, config, done, data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines.demo", description=__doc__)
    parser.add_argument("--kind", choices=tuple(KINDS), default=RESTORATION, help=f"of host (default {RESTORATION})")
    parser.add_argument(
        "--data", metavar="PLACE",
        help="photographs of your own, at least 6 (default: scikit-image's); for classification labelled images, a "
        "folder or an npz file (default: scikit-learn's handwritten digits)",
    )  # fmt: skip
    parser.add_argument("--root", help="where everything goes (default runs/demo, or runs/demo-classifier)")
    parser.add_argument("--seed", type=int, default=0, help="of every draw but the owner's secret (default 0)")
    parser.add_argument("--verbose", action="store_true", help="show what TFX and TensorFlow say")
    return parser


if __name__ == "__main__":
    sys.exit(main())
