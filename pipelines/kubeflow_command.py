"""The command that both Kubeflow runners are: from options to a compiled file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.screen import quiet
from serving.terminal import run_command

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.configs import PipelineConfig


def compile_by_options(
    argv: Sequence[str] | None,
    *,
    runner: str,
    serving_checks: tuple[str, ...],
    compile_pipeline: Callable[[PipelineConfig, Cluster, argparse.Namespace], Path],
) -> int:
    """Reads the options, compiles, and says where to, or what is wrong in one line.

    Args:
      argv: the words after the command; None takes the process's own.
      runner: name of the module.
      serving_checks: those that the runner can compile.
      compile_pipeline: writes the file.

    Returns:
      0 written, 2 usage or kfp missing.
    """
    return run_command(lambda: _compile(argv, runner, serving_checks, compile_pipeline))


def _compile(
    argv: Sequence[str] | None,
    runner: str,
    serving_checks: tuple[str, ...],
    compile_pipeline: Callable[[PipelineConfig, Cluster, argparse.Namespace], Path],
) -> int:
    try:
        with quiet():
            from pipelines import cluster

            parser = cluster.parser(f"python -m pipelines.{runner}", "Compiles the pipeline for Kubeflow.")
            given = parser.parse_args(argv)
            place = cluster.cluster_from(given)
            config = cluster.config_from(given, serving_checks=serving_checks)
            written = compile_pipeline(config, place, given)
    except BrokenPipeError:
        raise  # `run_command` knows whose pipe it was
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {written}")
    return 0
