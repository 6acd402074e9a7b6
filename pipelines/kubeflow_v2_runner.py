"""Compiles the pipeline for Kubeflow Pipelines v2 and Vertex: a .yaml is a PipelineSpec, a .json a PipelineJob.

    python -m pipelines.kubeflow_v2_runner --data /mnt/tfwm/data --root /mnt/tfwm/root --serving-dir /mnt/tfwm/models \\
        --work-dir /mnt/tfwm/work --image registry/tfwm:1 --volume tfwm:/mnt/tfwm --secret tfwm-owner --output p.yaml

    python -m pipelines.kubeflow_v2_runner --data gs://b/data --root gs://b/root --serving-dir gs://b/models \\
        --work-dir /gcs/b/work --image registry/tfwm:1 --output pipeline.json

Vertex runs a driver before ImageExampleGen, which takes part in caching; plain Kubeflow v2 does not, and the step
finds its files without it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.kubeflow_command import compile_by_options
from pipelines.platform import limit, platform_of

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.configs import PipelineConfig

# TFX's InfraValidator does not compile for v2.
SERVING_CHECKS = ("none", "python")


def compile_pipeline(
    config: PipelineConfig, cluster: Cluster, output: str | Path, *, volume: str = "", secret: str = ""
) -> Path:
    """Writes the compiled pipeline.

    Args:
      config: what to run; `serving_check` must be `none` or `python`.
      cluster: where things lie there.
      output: ends in `.yaml` or `.json`.
      volume: `claim:/folder`, a persistent volume claim that every step mounts; or empty.
      secret: name of the Kubernetes secret whose key `owner_secret.hex` only WatermarkTrainer mounts; or empty.

    Raises:
      RuntimeError: kfp is not installed.
      ValueError: a name that Kubernetes refuses, another ending, a serving check that v2 does not have, or for Vertex
        something that only Kubernetes has.
    """
    from pipelines.cluster import SECRET_FOLDER, check_name, check_volume, cluster_arguments, defaults_of, need_kfp

    check_name("name", config.name)
    if secret:
        check_name("secret", secret, longest=253, dots=True)
    mounted = check_volume(volume) if volume else None
    need_kfp()
    output = Path(output)
    if output.suffix not in (".yaml", ".json"):
        raise ValueError(f"`output` must end in .yaml or .json, got {output.name}. A .yaml suits most uploads.")
    if config.serving_check not in SERVING_CHECKS:
        raise ValueError(
            f"`serving_check` must be none or python for Kubeflow v2, got {config.serving_check}: TFX's "
            "InfraValidator does not compile for it. Use python."
        )
    from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig

    from pipelines.pipeline import create_pipeline

    arguments = cluster_arguments(config, cluster)
    defaults = defaults_of(arguments)
    settings = KubeflowV2DagRunnerConfig(default_image=cluster.image, use_pipeline_spec_2_1=True)
    job = KubeflowV2DagRunner(settings).run(create_pipeline(**arguments), parameter_values=defaults, write_out=False)
    spec = job["pipelineSpec"]
    _add_defaults(spec, defaults)
    limit(spec, cluster.resources)
    platform = platform_of(
        spec["deploymentSpec"]["executors"], cluster.resources, volume=mounted,
        secret=(secret, SECRET_FOLDER) if secret else None,
    )  # fmt: skip
    text = _as_text(job, platform, output.suffix)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    return output


def _add_defaults(spec: dict[str, Any], defaults: dict[str, Any]) -> None:
    # TFX drops them, so that every run would have to spell out every setting.
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    for name, value in defaults.items():
        parameters[name]["defaultValue"] = value


def _as_text(job: dict[str, Any], platform: dict[str, Any], suffix: str) -> str:
    import yaml

    if suffix == ".json" and platform:
        raise ValueError(
            "A PipelineJob (.json) is for Vertex, which has no volumes, secrets and node selectors of Kubernetes. "
            "Write a .yaml, or leave --volume, --secret and --node-selector out."
        )
    if suffix == ".json":
        return json.dumps(job, indent=2, sort_keys=True) + "\n"
    documents = [job["pipelineSpec"], *([platform] if platform else [])]
    return yaml.safe_dump_all(documents, sort_keys=True)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns 0 written, 2 usage or kfp missing."""
    return compile_by_options(
        argv, runner="kubeflow_v2_runner", serving_checks=SERVING_CHECKS,
        compile_pipeline=lambda config, cluster, given: compile_pipeline(
            config, cluster, given.output, volume=given.volume, secret=given.secret
        ),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
