"""What both Kubeflow runners share: the arguments on a cluster, and the command's options."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

from pipelines import resources
from pipelines.arguments import arguments_of
from pipelines.beam import check_beam_args, completed
from pipelines.configs import DEFAULT_SCHEME, PRESETS, PipelineConfig, config_of, read_settings
from pipelines.resources import Resources

# What may be changed for every run without compiling anew.
RUNTIME = ("host", "scheme", "channels", "attacks", "policy", "seed", "wrong_keys")
NOWHERE = "/nowhere"
SECRET_FOLDER = "/var/run/tfwm"
SECRET_KEY = "owner_secret.hex"
_PART = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_IMAGE = re.compile(rf"([A-Za-z0-9.-]+(:\d+)?/)?{_PART}(/{_PART})*(:[\w][\w.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?")


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
      resources: of the steps that train or attack.

    Raises:
      ValueError: a work folder that is no folder, or an image that no registry would have.
    """

    data: str
    root: str
    serving_dir: str
    work_dir: str
    image: str
    secret_file: str = ""
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        if not _IMAGE.fullmatch(self.image):
            raise ValueError(
                f"`image` must be registry/name:tag in small letters, got {self.image!r}. For example "
                "registry.example.com/team/tfwm:1."
            )
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


def check_volume(volume: str) -> tuple[str, str]:
    """The claim and the folder of `claim:/folder`.

    Args:
      volume: as the option gives it.

    Raises:
      ValueError: another form, or a claim by a name that Kubernetes refuses.
    """
    claim, separator, folder = volume.partition(":")
    if not claim or not separator or not folder.startswith("/"):
        raise ValueError(f"`volume` must be claim:/folder, got {volume!r}. For example tfwm:/mnt/tfwm.")
    check_name("volume", claim, longest=253, dots=True)
    return claim, folder


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

    Raises:
      ValueError: Beam's workers would not see the root.
    """
    from tfx import v1 as tfx

    check_beam_args(config.beam_args, cluster.root)
    arguments = {
        **arguments_of(config),
        # Also where Beam runs in the step itself: TFX packs its own code for workers unless this is said.
        "beam_args": completed(config.beam_args, cluster.image),
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
    option("--registry", default="", metavar="HOST/PATH", help="that has the image, unless --image says it")
    option("--volume", default="", metavar="CLAIM:/FOLDER", help="mounted in every step")
    option("--secret", default="", help=f"Kubernetes secret with the key {SECRET_KEY}; one step mounts it")
    option(
        "--secret-file", default="", metavar="FILE", help="of a secret mounted otherwise; else one is kept in work_dir"
    )
    option("--output", required=True, metavar="FILE", help="what to write")
    option("--preset", default="demo", choices=tuple(PRESETS), help="default demo")
    option("--scheme", default=DEFAULT_SCHEME, help=f"watermarking method (default {DEFAULT_SCHEME})")
    option("--settings", metavar="JSON", help="a file with fields of PipelineConfig that differ from the preset")
    option("--beam-args", metavar="TEXT", help='of Beam, for example --beam-args="--runner=DataflowRunner ..."')
    resources.add_options(made)
    return made


def cluster_from(given: argparse.Namespace) -> Cluster:
    """Where things lie, by the options.

    Args:
      given: of the command.

    Raises:
      ValueError: as of `Cluster` and `Resources`.
    """
    image = f"{given.registry.rstrip('/')}/{given.image}" if given.registry else given.image
    secret_file = f"{SECRET_FOLDER}/{SECRET_KEY}" if given.secret else given.secret_file
    return Cluster(
        given.data, given.root, given.serving_dir, given.work_dir, image, secret_file, resources.resources_from(given)
    )


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
    if arguments.beam_args is not None:
        config = dataclasses.replace(config, beam_args=tuple(shlex.split(arguments.beam_args)))
    return config
