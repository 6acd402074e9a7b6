"""Names that Kubernetes refuses are refused first, and said."""

import dataclasses

import pytest

from pipelines import kubeflow_runner, kubeflow_v2_runner
from pipelines.cluster import Cluster, check_name
from pipelines.configs import PipelineConfig

CLUSTER = Cluster("gs://b/data", "gs://b/root", "gs://b/models", "/w", "registry/tfwm:1")


@pytest.mark.parametrize("name", ["My_Model", "-a", "a-", "", "a" * 64, "ä", "a.b", "50%"])
@pytest.mark.parametrize("runner", [kubeflow_runner, kubeflow_v2_runner])
def test_a_pipeline_by_such_a_name_is_not_compiled(tmp_path, runner, name):
    config = dataclasses.replace(PipelineConfig.tiny(tmp_path, tmp_path), name=name)
    with pytest.raises(ValueError, match="`name` must be at most 63 of the letters a to z") as caught:
        runner.compile_pipeline(config, CLUSTER, tmp_path / "pipeline.yaml")
    assert f"got {name!r}:" in str(caught.value)
    assert not (tmp_path / "pipeline.yaml").exists()


@pytest.mark.parametrize(
    ("option", "given"), [("volume", {"volume": "My_Claim:/m"}), ("secret", {"secret": "owner/secret"})]
)
def test_claims_and_secrets_are_checked_too(tmp_path, option, given):
    with pytest.raises(ValueError, match=f"`{option}` must be at most 253 of the letters"):
        kubeflow_runner.compile_pipeline(
            PipelineConfig.tiny(tmp_path, tmp_path), CLUSTER, tmp_path / "pipeline.yaml", **given
        )


def test_names_that_kubernetes_takes_pass():
    for name in ("a", "tfwm", "tfwm-2", "0", "a" * 63):
        check_name("name", name)
    check_name("volume", "tfwm.models-2", longest=253, dots=True)
