"""Compiles the pipeline for Kubeflow Pipelines v2 and Vertex: a .yaml is a PipelineSpec, a .json a PipelineJob.

    python -m pipelines.kubeflow_v2_runner --data gs://b/data --root gs://b/root --serving-dir gs://b/models \\
        --work-dir /gcs/b/work --image registry/tfwm:1 --output pipeline.yaml

ImageExampleGen finds its files in a driver that Vertex runs before the step; plain Kubeflow v2 is not known to.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.kubeflow_command import compile_by_options

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.configs import PipelineConfig

# TFX's InfraValidator does not compile for v2.
SERVING_CHECKS = ("none", "python")


def compile_pipeline(config: PipelineConfig, cluster: Cluster, output: str | Path) -> Path:
    """Writes the compiled pipeline.

    Args:
      config: what to run; `serving_check` must be `none` or `python`.
      cluster: where things lie there.
      output: ends in `.yaml` or `.json`.

    Raises:
      RuntimeError: kfp is not installed.
      ValueError: a name that Kubernetes refuses, another ending, or a serving check that v2 does not have.
    """
    from pipelines.cluster import check_name, cluster_arguments, defaults_of, need_kfp

    check_name("name", config.name)
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
    _add_defaults(job["pipelineSpec"], defaults)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(_as_text(job, output.suffix), encoding="utf-8")
    return output


def _add_defaults(spec: dict[str, Any], defaults: dict[str, Any]) -> None:
    # TFX drops them, so that every run would have to spell out every setting.
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    for name, value in defaults.items():
        parameters[name]["defaultValue"] = value


def _as_text(job: dict[str, Any], suffix: str) -> str:
    import yaml

    if suffix == ".json":
        return json.dumps(job, indent=2, sort_keys=True) + "\n"
    return yaml.safe_dump(job["pipelineSpec"], sort_keys=True)


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns 0 written, 2 usage or kfp missing."""
    return compile_by_options(
        argv, runner="kubeflow_v2_runner", serving_checks=SERVING_CHECKS, add_options=_add_options,
        secret_file=lambda given: given.secret_file,
        compile_pipeline=lambda config, cluster, given: compile_pipeline(config, cluster, given.output),
    )  # fmt: skip


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--secret-file", default="", help="of a mounted secret; without, one is kept in work_dir")


if __name__ == "__main__":
    sys.exit(main())
