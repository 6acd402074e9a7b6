"""Compiles the pipeline for Kubeflow Pipelines v1: an Argo Workflow.

    python -m pipelines.kubeflow_runner --data /mnt/tfwm/data --root /mnt/tfwm/root --serving-dir /mnt/tfwm/models \\
        --work-dir /mnt/tfwm/work --image registry/tfwm:1 --volume tfwm:/mnt/tfwm --secret tfwm-owner --output p.yaml
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.kubeflow_command import compile_by_options

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.configs import PipelineConfig

SERVING_CHECKS = ("none", "python", "kubernetes")
SECRET_STEP = "watermarktrainer"


def compile_pipeline(
    config: PipelineConfig, cluster: Cluster, output: str | Path, *, volume: str = "", secret: str = ""
) -> Path:
    """Writes the compiled pipeline.

    Args:
      config: what to run.
      cluster: where things lie there.
      output: ends in `.yaml`, `.zip` or `.tar.gz`.
      volume: `claim:/folder`, a persistent volume claim that every step mounts; or empty.
      secret: name of the Kubernetes secret whose key `owner_secret.hex` only WatermarkTrainer mounts; or empty.

    Raises:
      RuntimeError: kfp is not installed.
      ValueError: `volume` has another form, or a name is one that Kubernetes refuses.
    """
    from pipelines.cluster import check_name, cluster_arguments, need_kfp

    check_name("name", config.name)
    if secret:
        check_name("secret", secret, longest=253, dots=True)
    if volume:
        _check_volume(volume)
    need_kfp()
    functions = [_mount_volume(volume)] if volume else []
    functions += [_mount_secret(secret)] if secret else []
    from tfx.orchestration.kubeflow import kubeflow_dag_runner as kubeflow

    from pipelines.pipeline import create_pipeline

    runner_config = kubeflow.KubeflowDagRunnerConfig(
        pipeline_operator_funcs=[*kubeflow.get_default_pipeline_operator_funcs(), *functions],
        kubeflow_metadata_config=kubeflow.get_default_kubeflow_metadata_config(),
        tfx_image=cluster.image,
    )
    output = Path(output).absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    runner = kubeflow.KubeflowDagRunner(str(output.parent), output.name, runner_config)
    runner.run(create_pipeline(**cluster_arguments(config, cluster)))
    return output


def _check_volume(volume: str) -> None:
    from pipelines.cluster import check_name

    claim, separator, folder = volume.partition(":")
    if not claim or not separator or not folder.startswith("/"):
        raise ValueError(f"`volume` must be claim:/folder, got {volume!r}. For example tfwm:/mnt/tfwm.")
    check_name("volume", claim, longest=253, dots=True)


def _mount_volume(volume: str) -> Callable[[Any], Any]:
    from kfp import onprem

    claim, _, folder = volume.partition(":")
    return onprem.mount_pvc(claim, "tfwm-volume", folder)


def _mount_secret(secret: str) -> Callable[[Any], Any]:
    from kubernetes import client

    from pipelines.cluster import SECRET_FOLDER

    def mount(operation: Any) -> Any:
        # kfp applies the function to every step; only one has any business with the secret.
        if operation.name.lower() != SECRET_STEP:
            return operation
        source = client.V1SecretVolumeSource(secret_name=secret, default_mode=0o444)
        operation.add_volume(client.V1Volume(name="owner-secret", secret=source))
        operation.container.add_volume_mount(
            client.V1VolumeMount(name="owner-secret", mount_path=SECRET_FOLDER, read_only=True)
        )
        return operation

    return mount


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns 0 written, 2 usage or kfp missing."""
    return compile_by_options(
        argv, runner="kubeflow_runner", serving_checks=SERVING_CHECKS, add_options=_add_options,
        secret_file=_secret_file,
        compile_pipeline=lambda config, cluster, given: compile_pipeline(
            config, cluster, given.output, volume=given.volume, secret=given.secret
        ),
    )  # fmt: skip


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--volume", default="", metavar="CLAIM:/FOLDER", help="mounted in every step")
    parser.add_argument("--secret", default="", help="Kubernetes secret with the key owner_secret.hex")


def _secret_file(given: argparse.Namespace) -> str:
    from pipelines.cluster import SECRET_FOLDER, SECRET_KEY

    return f"{SECRET_FOLDER}/{SECRET_KEY}" if given.secret else ""


if __name__ == "__main__":
    sys.exit(main())
