"""What both Kubeflow runners share: the arguments on a cluster, and the command's options."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import re
from dataclasses import dataclass
from typing import Any

from pipelines.arguments import arguments_of
from pipelines.configs import DEFAULT_SCHEME, PRESETS, PipelineConfig, config_of, read_settings

# What may be changed for every run without compiling anew.
RUNTIME = ("host", "scheme", "channels", "attacks", "policy", "seed", "wrong_keys")
NOWHERE = "/nowhere"
SECRET_FOLDER = "/var/run/tfwm"
SECRET_KEY = "owner_secret.hex"


@dataclass(frozen=True)
class Cluster:
    """Where things lie on a cluster; `root` may be `gs://...`.

    Args:
      data: folder with the sub-folders `owner`, `attacker` and `test`; of a classifier, with a folder a class in each.
      root: of the artifacts.
      serving_dir: where Pusher puts numbered versions.
      work_dir: a mounted folder that every step sees and that outlives the run, no `gs://`.
      image: with tfwm installed; see Dockerfile.
      secret_file: path of the mounted secret, or empty.
    """

    data: str
    root: str
    serving_dir: str
    work_dir: str
    image: str
    secret_file: str = ""

    def __post_init__(self) -> None:
        if "://" in self.work_dir:
            raise ValueError(
                f"`work_dir` must be a mounted folder, got {self.work_dir}: checkpoints are written in place. "
                "Mount a volume, or on Vertex use /gcs/<bucket>/<folder>."
            )


def check_name(option: str, name: str, *, longest: int = 63, dots: bool = False) -> None:
    """Refuses a name that Kubernetes would refuse, or Kubeflow with less of a reason.

    Args:
      option: that gave it, for the message.
      name: of a pipeline, a claim or a secret.
      longest: letters that it may have.
      dots: whether dots may be in it.

    Raises:
      ValueError: other letters, or too many.
    """
    inside = "-." if dots else "-"
    pattern = f"[a-z0-9]([a-z0-9{re.escape(inside)}]*[a-z0-9])?"
    if not re.fullmatch(pattern, name) or len(name) > longest:
        raise ValueError(
            f"`{option}` must be at most {longest} of the letters a to z, digits and `{inside}`, with a letter or "
            f"digit at both ends, got {name!r}: Kubernetes takes no other names. Rename it."
        )


def need_kfp() -> None:
    """Tells what is missing, before TFX does in a traceback.

    Raises:
      RuntimeError: kfp is not installed.
    """
    if importlib.util.find_spec("kfp") is None:
        raise RuntimeError(
            "Compiling for Kubeflow needs kfp 1.8, which is not installed. Use Python 3.10 and the extra "
            "`kubeflow` (kfp 1.8 and TFX have no common protobuf on 3.11)."
        )


def cluster_arguments(config: PipelineConfig, cluster: Cluster) -> dict[str, Any]:
    """The arguments of `create_pipeline`, with `RUNTIME` as runtime parameters whose defaults are the config's.

    Args:
      config: what to run.
      cluster: where things lie there.
    """
    from tfx import v1 as tfx

    arguments = {
        **arguments_of(config),
        "data": cluster.data,
        "pipeline_root": cluster.root,
        "serving_dir": cluster.serving_dir,
        "work_dir": cluster.work_dir,
        "secret_file": cluster.secret_file,
    }
    for name in RUNTIME:
        value = arguments[name]
        arguments[name] = tfx.dsl.experimental.RuntimeParameter(name=name, ptype=type(value), default=value)
    return arguments


def defaults_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """Runtime parameters and their defaults."""
    return {name: arguments[name].default for name in RUNTIME}


def parser(program: str, description: str) -> argparse.ArgumentParser:
    """The options that both commands have.

    Args:
      program: as the user calls it.
      description: in a sentence.
    """
    made = argparse.ArgumentParser(prog=program, description=description)
    option = made.add_argument
    option("--data", required=True, metavar="URI", help="holds owner/, attacker/ and test/, see README")
    option("--root", required=True, metavar="URI", help="of the artifacts")
    option("--serving-dir", required=True, metavar="URI", help="where the model is pushed to")
    option("--work-dir", required=True, metavar="FOLDER", help="mounted in every step; outlives the run")
    option("--image", required=True, help="container image with tfwm installed")
    option("--output", required=True, metavar="FILE", help="what to write")
    option("--preset", default="demo", choices=tuple(PRESETS), help="default demo")
    option("--scheme", default=DEFAULT_SCHEME, help=f"watermarking method (default {DEFAULT_SCHEME})")
    option("--settings", metavar="JSON", help="a file with fields of PipelineConfig that differ from the preset")
    return made


def config_from(arguments: argparse.Namespace, *, serving_checks: tuple[str, ...]) -> PipelineConfig:
    """The configuration that the options describe; a serving check that the runner lacks is left out.

    Args:
      arguments: of the command.
      serving_checks: those that the runner can compile.

    Raises:
      ValueError: an unknown scheme or setting.
    """
    # Local folders mean nothing here: `Cluster` has the ones that count.
    settings = read_settings(arguments.settings)
    config = config_of(arguments.preset, NOWHERE, NOWHERE, scheme=arguments.scheme, settings=settings)
    if config.serving_check not in serving_checks:
        config = dataclasses.replace(config, serving_check="none")
    return config
