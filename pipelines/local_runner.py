"""Runs the pipeline on this machine: LocalDagRunner, metadata in SQLite.

python -m pipelines.local_runner --data pictures --root runs/mine
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.screen import quiet
from serving.terminal import run_command
from tfwm.schemes import SCHEMES

# At 2 TensorFlow still complains about CUDA, at every start; what fails for good is a Python exception anyway.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from pipelines.configs import PipelineConfig
    from pipelines.summary import RunSummary

LISTED = 3  # files that are left out are named up to so many


class StepFailedError(RuntimeError):
    """A component raised; the cause is its error."""


def run_local(config: PipelineConfig, *, verbose: bool = False) -> RunSummary:
    """Runs the pipeline, or takes from the cache what did not change.

    Args:
      config: what to run.
      verbose: show everything that TFX, Beam and TensorFlow say.

    Raises:
      FileNotFoundError: a part of the data, or a file that the settings name, is missing.
      ValueError: data that are not as the scheme's kind needs them.
      RuntimeError: another pipeline runs in the same root, or Docker was asked for and is not there.
      StepFailedError: a component raised.
    """
    with quiet(verbose):
        from pipelines.arguments import local_arguments
        from pipelines.completeness import LISTING as FILES
        from pipelines.completeness import note_files, put_aside_incomplete
        from pipelines.places import plain_place
        from tfwm.components.artifact_files import private
        from tfwm.components.examples import FORMS

        form = FORMS[config.kind.name]
        data = form.arranged(config.data, config.root, seed=config.seed)
        if litter := form.passed_over(config.data):
            more = f" and {len(litter) - LISTED} more" if len(litter) > LISTED else ""
            print(f"left out of the data: {', '.join(litter[:LISTED])}{more}", file=sys.stderr, flush=True)
        check_serving(config.serving_check)
        given = config.root
        config = dataclasses.replace(config, data=plain_place(data), root=plain_place(given))
        # Keys and checkpoints lie here; the server, perhaps another user's, reads `serving_dir` only.
        private(config.pipeline_root)
        private(config.work_dir)
        arguments = local_arguments(config)
        # Only now, because this takes half a minute.
        from tfx import v1 as tfx

        from pipelines.pipeline import create_pipeline
        from pipelines.summary import summarize

        connection = tfx.orchestration.metadata.sqlite_metadata_connection_config(str(config.metadata))
        pipeline = create_pipeline(metadata_connection_config=connection, **arguments)
        with alone(config.root):
            for sentence in put_aside_incomplete(config.pipeline_root, config.root / FILES):
                print(sentence, file=sys.stderr, flush=True)
            try:
                tfx.orchestration.LocalDagRunner().run(pipeline)
            except Exception as error:
                raise StepFailedError(f"{_failed(config.metadata)} failed: {error}") from error
            note_files(config.pipeline_root, config.root / FILES)
            return summarize(config).named(given, config.root)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One pipeline at a time in a root: SQLite has one writer, and two runs would share checkpoints.

    Raises:
      RuntimeError: another pipeline runs there.
    """
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(f"Another pipeline runs in `{root}`. Wait for it, or choose another root.") from error
        yield


def _failed(metadata: Path) -> str:
    from pipelines.metadata import LastRun

    try:
        steps = LastRun(metadata).steps()
    except (FileNotFoundError, LookupError):
        return "The pipeline"
    return next((step.name for step in steps if step.state == "failed"), "The pipeline")


def check_serving(kind: str) -> None:
    """Tells at the start, not after the training, that Docker is not there.

    Raises:
      RuntimeError: `docker` was asked for and no daemon answers.
    """
    if kind != "docker":
        return
    import docker

    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        raise RuntimeError(
            f"`serving_check` docker needs a Docker daemon, and none answers ({error}). Start it, or use python."
        ) from error


def main(argv: Sequence[str] | None = None) -> int:
    """The command.

    Returns:
      0 pushed, 1 not blessed, 2 usage, 3 a component failed.
    """
    return run_command(lambda: _run(parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
    try:
        with quiet(arguments.verbose):
            config = config_from(arguments)
        summary = run_local(config, verbose=arguments.verbose)
    except BrokenPipeError:
        raise  # `run_command` knows whose pipe it was
    except StepFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary)
    return 0 if summary.blessed else 1


def config_from(arguments: argparse.Namespace) -> PipelineConfig:
    """The configuration that the options describe.

    Raises:
      FileNotFoundError: the settings or the policy are not there.
      ValueError: an unknown preset, scheme or setting.
    """
    from pipelines.configs import config_of, read_settings
    from tfwm.evaluation.policy import Policy

    config = config_of(
        arguments.preset, arguments.data, arguments.root, seed=arguments.seed, scheme=arguments.scheme,
        settings=read_settings(arguments.settings),
    )  # fmt: skip
    given = {
        "policy": Policy.load(arguments.policy) if arguments.policy else None,
        "host_path": arguments.host_path,
        "reuse_host": arguments.reuse_host or None,
        "secret_file": arguments.secret_file,
        "serving_check": arguments.serving_check,
        "enable_cache": False if arguments.no_cache else None,
        "beam_args": None if arguments.beam_args is None else tuple(shlex.split(arguments.beam_args)),
    }
    return dataclasses.replace(config, **{name: value for name, value in given.items() if value is not None})


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(prog="python -m pipelines.local_runner", description="Runs the pipeline here.")
    option = made.add_argument
    option(
        "--data", required=True, metavar="PLACE",
        help="holds owner/, attacker/ and test/ of [input | target] pictures; for a classifier, of a folder a class, "
        "or train/ and test/ of these, or an npz file with x_train, y_train, x_test and y_test",
    )  # fmt: skip
    option("--root", required=True, metavar="FOLDER", help="everything that the pipeline writes")
    option("--preset", default="demo", help="demo or tiny (default demo)")
    option("--scheme", default="deep_watermarking", help=f"default deep_watermarking; one of {', '.join(SCHEMES)}")
    option("--settings", metavar="JSON", help="a file with fields of PipelineConfig that differ from the preset")
    option("--policy", metavar="JSON", help="what the model must show before it is pushed")
    option("--seed", type=int, default=0, help="of every draw but the secret (default 0)")
    option("--host-path", metavar="PLACE", help="a host of your own, .keras or SavedModel, instead of a trained one")
    option("--reuse-host", action="store_true", help="take the host of the model that was blessed last")
    option("--secret-file", metavar="FILE", help="the owner's secret, 64 hex digits (default: drawn and kept)")
    option("--serving-check", help="python, docker, kubernetes or none (default python)")
    option("--beam-args", metavar="TEXT", help='of Beam, for example --beam-args="--runner=FlinkRunner ..."')
    option("--no-cache", action="store_true", help="run every step")
    option("--verbose", action="store_true", help="show everything that TFX says")
    return made


if __name__ == "__main__":
    sys.exit(main())
