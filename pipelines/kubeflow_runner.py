"""Compiles the pipeline for Kubeflow Pipelines v1: an Argo Workflow.

    python -m pipelines.kubeflow_runner --data /mnt/tfwm/data --root /mnt/tfwm/root --serving-dir /mnt/tfwm/models \\
        --work-dir /mnt/tfwm/work --image registry/tfwm:1 --volume tfwm:/mnt/tfwm --secret tfwm-owner --output p.yaml
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.kubeflow_command import compile_by_options
from pipelines.resources import TRAINING_STEPS

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.configs import PipelineConfig
    from pipelines.resources import Resources

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
    from pipelines.cluster import check_name, check_volume, cluster_arguments, need_kfp

    check_name("name", config.name)
    if secret:
        check_name("secret", secret, longest=253, dots=True)
    mounted = check_volume(volume) if volume else None
    need_kfp()
    functions = [_mount_volume(*mounted)] if mounted else []
    functions += [_mount_secret(secret)] if secret else []
    functions.append(_limit(cluster.resources))
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


def _limit(resources: Resources) -> Callable[[Any], Any]:
    """Gives the steps that train what they ask for, and leaves the others alone."""

    def limit(operation: Any) -> Any:
        if operation.name.lower() not in map(str.lower, TRAINING_STEPS):
            return operation
        if resources.gpus:
            operation.container.add_resource_limit(resources.gpu_type, str(resources.gpus))
        if resources.cpus:
            operation.container.set_cpu_limit(f"{round(1000 * resources.cpus)}m")
        if resources.memory:
            operation.container.set_memory_limit(resources.memory)
        for label, value in resources.node_selector.items():
            operation.add_node_selector_constraint(label, value)
        return operation

    return limit


def _mount_volume(claim: str, folder: str) -> Callable[[Any], Any]:
    from kfp import onprem

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
        argv, runner="kubeflow_runner", serving_checks=SERVING_CHECKS,
        compile_pipeline=lambda config, cluster, given: compile_pipeline(
            config, cluster, given.output, volume=given.volume, secret=given.secret
        ),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
