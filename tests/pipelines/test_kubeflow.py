"""What both Kubeflow runners compile, for schemes of both kinds."""

import json

import pytest

from tests.pipelines.expected import SCHEMES, STEPS

pytestmark = pytest.mark.trains


@pytest.mark.parametrize("kind", list(SCHEMES))
@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_v2_compiles_with_defaults_and_importable_classes(kind, ending, tmp_path):
    import yaml
    from tfx.utils import import_utils

    spec = _compiled_v2(tmp_path / f"pipeline{ending}", "--scheme", SCHEMES[kind])
    spec = spec.get("pipelineSpec", spec)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["wrong_keys"] == {"defaultValue": 2, "parameterType": "NUMBER_INTEGER"}
    assert json.loads(parameters["scheme"]["defaultValue"])["scheme"] == SCHEMES[kind]
    executors = spec["deploymentSpec"]["executors"].values()
    containers = [executor["container"] for executor in executors]
    assert {container["image"] for container in containers} == {"registry/tfwm:1"}
    for container in containers:
        import_utils.import_class_by_path(container["args"][container["args"].index("--executor_class_path") + 1])
    titles = {
        yaml.safe_load(output["artifactType"]["instanceSchema"])["title"]
        for component in spec["components"].values()
        for output in component["outputDefinitions"]["artifacts"].values()
    }
    for title in titles:
        if not title.startswith("tfx."):
            assert import_utils.import_class_by_path(title).TYPE_NAME == title
    assert {"pipelines.OwnerKeyArtifact", "pipelines.AttackReportArtifact"} <= titles


@pytest.mark.parametrize("scheme, network", [("trigger_image", "dncnn"), ("deep_stego", "lenet5")])
def test_another_scheme_compiles_with_its_host_and_channels(scheme, network, tmp_path):
    spec = _compiled_v2(tmp_path / "pipeline.yaml", "--scheme", scheme)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert json.loads(parameters["scheme"]["defaultValue"])["scheme"] == scheme
    assert json.loads(parameters["host"]["defaultValue"])["network"] == network
    assert parameters["channels"] == {"defaultValue": 3, "parameterType": "NUMBER_INTEGER"}


def _compiled_v2(path, *extra):
    import yaml

    from pipelines import kubeflow_v2_runner

    options = ["--data", "gs://b/data", "--root", "gs://b/root", "--serving-dir", "gs://b/models", "--work-dir", "/w"]
    assert (
        kubeflow_v2_runner.main(
            [*options, "--image", "registry/tfwm:1", "--preset", "tiny", "--output", str(path), *extra]
        )
        == 0
    )
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("kind", list(SCHEMES))
def test_v1_compiles_and_only_the_step_that_marks_sees_the_secret(kind, tmp_path):
    import yaml

    from pipelines import kubeflow_runner

    path = tmp_path / "pipeline.yaml"
    options = ["--data", "/m/d", "--root", "/m/r", "--serving-dir", "/m/s", "--work-dir", "/m/w", "--image", "i:1"]
    options += ["--preset", "tiny", "--volume", "claim:/m", "--secret", "owner", "--output", str(path)]
    assert kubeflow_runner.main([*options, "--scheme", SCHEMES[kind]]) == 0
    workflow = yaml.safe_load(path.read_text())
    steps = {t["name"]: t["container"] for t in workflow["spec"]["templates"] if "container" in t}
    mounts = {name: {m["mountPath"] for m in step["volumeMounts"]} for name, step in steps.items()}
    assert len(steps) == len(STEPS)
    assert all("/m" in paths for paths in mounts.values())
    assert [name for name, paths in mounts.items() if "/var/run/tfwm" in paths] == ["watermarktrainer"]
    defaults = {p["name"]: p.get("value") for p in workflow["spec"]["arguments"]["parameters"]}
    assert defaults["wrong_keys"] == "2"
