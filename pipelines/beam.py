"""The flags of Beam: checked before the run, since Beam itself drops a flag that it does not know.

| runner | flags that it needs |
|---|---|
| DirectRunner | none |
| PortableRunner | `--job_endpoint` |
| FlinkRunner | `--flink_master` |
| SparkRunner | `--spark_master_url` |
| DataflowRunner | `--project`, `--region`, `--temp_location`, `--sdk_container_image` |
"""

from __future__ import annotations

import argparse
import difflib
import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from tfwm.config import choose

DIRECT = "DirectRunner"
DATAFLOW = "DataflowRunner"
NEEDED: Mapping[str, tuple[str, ...]] = {
    DIRECT: (),
    "PortableRunner": ("job_endpoint",),
    "FlinkRunner": ("flink_master",),
    "SparkRunner": ("spark_master_url",),
    DATAFLOW: ("project", "region", "temp_location", "sdk_container_image"),
}
ENVIRONMENTS = ("DOCKER", "PROCESS", "EXTERNAL", "LOOPBACK")
# Any of these tells Beam's workers where their code comes from; without one TFX packs itself, at every step.
_CODE = {"sdk_container_image", "setup_file", "requirements_file", "extra_package", "extra_packages"}
JOB_SERVICES = ("PortableRunner", "FlinkRunner", "SparkRunner")
A_MONTH_S = 30 * 24 * 3600
_ADDRESS = re.compile(r"[^\s:/]+:\d+")


def check_beam_args(words: Sequence[str], root: str | None = None) -> None:
    """Refuses flags that Beam would drop or fail on after the first steps.

    Args:
      words: as Beam takes them, for instance `--runner=FlinkRunner`.
      root: of the pipeline; workers elsewhere must see it. None where it is not known yet.

    Raises:
      ValueError: an unknown flag or runner (the message names the closest), a flag that the runner lacks, an
        environment without what it needs, or a folder of this machine for workers that are not on it.
    """
    if not words:
        return
    given = _parsed(words)
    runner = given.get("runner") or DIRECT
    choose("Beam runner", runner, NEEDED)
    for flag in NEEDED[runner]:
        if not given.get(flag):
            raise ValueError(f"`beam_args` must have --{flag} for {runner}, got {' '.join(words)}. Add it.")
    if given.get("job_endpoint") and not _ADDRESS.fullmatch(given["job_endpoint"]):
        raise ValueError(f"`--job_endpoint` must be host:port, got {given['job_endpoint']!r}. Use localhost:8099.")
    _check_environment(given.get("environment_type"), given.get("environment_config"))
    if runner == DATAFLOW:
        for what, place in (("--temp_location", given["temp_location"]), ("`root`", root)):
            if place is not None and not place.startswith("gs://"):
                raise ValueError(f"{what} must be in a bucket for {DATAFLOW}, got {place}: its workers see gs:// only.")


def completed(words: Sequence[str], image: str) -> tuple[str, ...]:
    """The flags with what else TFX and Beam need, unless they say it already.

    Args:
      words: as Beam takes them.
      image: with tfwm installed, where workers are containers.

    Returns:
      The flags, with the image, since TFX otherwise packs its own code anew at every step; and for a job service with
      time to wait, since Beam otherwise ends after a minute, however well the job runs.
    """
    names = {word.split("=")[0].lstrip("-") for word in words if word.startswith("--")}
    added = [] if names & _CODE else [f"--sdk_container_image={image}"]
    runner = _parsed(words).get("runner") or DIRECT if words else DIRECT
    if runner in JOB_SERVICES and "job_server_timeout" not in names:
        added.append(f"--job_server_timeout={A_MONTH_S}")
    return (*words, *added)


def _check_environment(kind: str | None, config: str | None) -> None:
    if kind is None:
        return
    choose("Beam environment", kind, dict.fromkeys(ENVIRONMENTS, ""))
    if kind == "EXTERNAL" and not _ADDRESS.fullmatch(config or ""):
        raise ValueError(
            f"`--environment_config` must be host:port of a worker pool for EXTERNAL, got {config!r}. "
            "Use localhost:50000."
        )
    if kind == "PROCESS" and not _command_of(config):
        raise ValueError(
            f"`--environment_config` must be JSON with a `command` that starts a worker for PROCESS, got {config!r}."
        )


def _command_of(config: str | None) -> str:
    try:
        found = json.loads(config or "{}")
    except json.JSONDecodeError:
        return ""
    return str(found.get("command", "")) if isinstance(found, dict) else ""


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"`beam_args` are not as Beam takes them: {message}.")


def _parsed(words: Sequence[str]) -> dict[str, Any]:
    parser = _beam_parser()
    given, unknown = parser.parse_known_args(list(words))
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]
        near = difflib.get_close_matches(unknown[0].split("=")[0], flags, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"`beam_args` has {unknown[0]}, which is no flag of Beam.{hint}")
    return {name: value for name, value in vars(given).items() if value is not None}


@functools.cache
def _beam_parser() -> argparse.ArgumentParser:
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = _Parser(allow_abbrev=False, add_help=False, conflict_handler="resolve")
    for options in PipelineOptions.__subclasses__():
        # As Beam's own users add options: every such class says here what it reads.
        if options.__module__.startswith("apache_beam.") and hasattr(options, "_add_argparse_args"):
            options._add_argparse_args(parser)  # type: ignore[arg-type]
    # Only what was given counts: where no cluster is named, Beam would fetch a Flink of its own.
    parser.set_defaults(**dict.fromkeys((action.dest for action in parser._actions), None))
    return parser
