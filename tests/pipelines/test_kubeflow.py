"""What both Kubeflow runners compile, for schemes of both kinds."""

import json

import pytest

from pipelines.resources import TRAINING_STEPS
from tests.pipelines.expected import SCHEMES, STEPS
from tests.pipelines.steps_by_hand import Steps, in_this_process
from tfwm.components.artifact_files import KERAS_FILE
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.types import RESTORATION

pytestmark = pytest.mark.trains


@pytest.mark.parametrize("kind", list(SCHEMES))
@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_v2_compiles_with_defaults_and_importable_classes(kind, ending, tmp_path):
    import yaml
    from tfx.utils import import_utils

    spec = _compiled_v2(tmp_path / f"pipeline{ending}", "--scheme", SCHEMES[kind])
    spec = spec.get("pipelineSpec", spec)
    assert spec["root"]["dag"]["tasks"].keys() == {*STEPS}
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


ASKED = ["--gpus", "2", "--cpus", "4", "--memory", "16Gi", "--node-selector", "pool=train"]


def test_v2_gives_accelerators_memory_and_nodes_to_steps_that_train_only(tmp_path):
    import yaml
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    mounts = ["--volume", "claim:/m", "--secret", "owner", "--registry", "r.example.com/team"]
    _compiled_v2(tmp_path / "p.yaml", *ASKED, *mounts)
    spec, platform = yaml.safe_load_all((tmp_path / "p.yaml").read_text())
    executors = {label.removesuffix("_executor"): one for label, one in spec["deploymentSpec"]["executors"].items()}
    limited = {
        name: one["container"]["resources"] for name, one in executors.items() if "resources" in one["container"]
    }
    assert limited.keys() == {*TRAINING_STEPS}
    assert limited["HostTrainer"]["accelerator"] == {"type": "nvidia.com/gpu", "count": "2"}
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    assert {one["container"]["image"] for one in executors.values()} == {"r.example.com/team/registry/tfwm:1"}
    places = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert places.keys() == spec["deploymentSpec"]["executors"].keys()
    assert {name for name in STEPS if "nodeSelector" in places[f"{name}_executor"]} == {*TRAINING_STEPS}
    marking = spec["root"]["dag"]["tasks"]["WatermarkTrainer"]["inputs"]["parameters"]["secret_file"]
    assert marking["runtimeValue"]["constant"] == "/var/run/tfwm/owner_secret.hex"


def test_v2_for_vertex_refuses_what_only_kubernetes_has(tmp_path, capsys):
    assert _compile_v2(tmp_path / "p.json", "--node-selector", "pool=train") == 2
    assert "A PipelineJob (.json) is for Vertex, which has no volumes" in capsys.readouterr().err
    assert not (tmp_path / "p.json").exists()


def test_every_container_is_told_where_beams_workers_find_their_code(tmp_path):
    flink = ["--beam-args", "--runner=FlinkRunner --flink_master=flink:8081 --environment_type=LOOPBACK"]
    image = "--sdk_container_image=registry/tfwm:1"
    for extra, flags in (([], [image]), (flink, [*flink[1].split(), image, "--job_server_timeout=2592000"])):
        spec = _compiled_v2(tmp_path / "p.yaml", *extra)
        for executor in spec["deploymentSpec"]["executors"].values():
            assert executor["container"]["args"][-len(flags) :] == flags


def test_a_reused_host_is_resolved_before_it_is_taken(tmp_path):
    (tmp_path / "settings.json").write_text('{"reuse_host": true}')
    spec = _compiled_v2(tmp_path / "p.yaml", "--settings", str(tmp_path / "settings.json"))
    tasks = spec["root"]["dag"]["tasks"]
    source = tasks["HostTrainer"]["inputs"]["artifacts"]["blessed"]["taskOutputArtifact"]["producerTask"]
    assert source.startswith("LastBlessed")
    assert source in tasks["HostTrainer"]["dependentTasks"]
    label = spec["components"][tasks[source]["componentRef"]["name"]]["executorLabel"]
    assert "resolver" in spec["deploymentSpec"]["executors"][label]


@pytest.mark.slow
def test_the_steps_of_v2_run_one_after_another_without_a_cluster(data, tmp_path):
    places = {"--data": data[RESTORATION], "--root": tmp_path / "root", "--serving-dir": tmp_path / "serving",
              "--work-dir": tmp_path / "work"}  # fmt: skip
    words = [str(word) for pair in places.items() for word in pair]
    steps = Steps(_compiled_v2(tmp_path / "pipeline.yaml", *words), tmp_path / "artifacts")
    for task in steps.in_order():
        steps.run(task, in_this_process)
    assert steps.outputs.keys() == {*STEPS}
    examples = steps.outputs["ImageExampleGen"]["examples"]["metadata"]
    assert json.loads(examples["split_names"]) == ["owner", "attacker", "test"]
    blessing = steps.outputs["RobustnessEvaluator"]["blessing"]["metadata"]
    assert blessing["blessed"] == 1
    assert blessing["current_model"] == str(steps.folder("WatermarkTrainer", "model"))
    pushed = steps.outputs["Pusher"]["pushed_model"]["metadata"]
    assert pushed["pushed"] == 1
    (version,) = (path for path in (tmp_path / "serving").iterdir() if path.name.isdigit())
    assert (version / "saved_model.pb").is_file()
    key = OwnerKey.load(steps.folder("WatermarkTrainer", "owner_key"))
    marked = KerasSuspect("marked", load_network(steps.folder("WatermarkTrainer", "model") / KERAS_FILE))
    assert scheme_of(key).verify(marked, key, alpha=1e-3).marked
    # A step that runs once more, with a parameter of that run, is no obstacle to itself.
    steps.run("RobustnessEvaluator", in_this_process, {"policy": "{}"})
    assert steps.outputs["RobustnessEvaluator"]["blessing"]["metadata"]["blessed"] == 0
    assert (steps.folder("RobustnessEvaluator", "blessing") / "NOT_BLESSED").is_file()


def _compiled_v2(path, *extra):
    import yaml

    assert _compile_v2(path, *extra) == 0
    return next(yaml.safe_load_all(path.read_text()))


def _compile_v2(path, *extra):
    from pipelines import kubeflow_v2_runner

    options = ["--data", "gs://b/data", "--root", "gs://b/root", "--serving-dir", "gs://b/models", "--work-dir", "/w"]
    options += ["--image", "registry/tfwm:1", "--preset", "tiny", "--output", str(path)]
    return kubeflow_v2_runner.main([*options, *extra])


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
    assert not any("resources" in step or "nodeSelector" in step for step in steps.values())


def test_v1_gives_accelerators_memory_and_nodes_to_steps_that_train_only(tmp_path):
    import yaml

    from pipelines import kubeflow_runner

    path = tmp_path / "pipeline.yaml"
    options = ["--data", "/m/d", "--root", "/m/r", "--serving-dir", "/m/s", "--work-dir", "/m/w", "--image", "i:1"]
    assert kubeflow_runner.main([*options, "--preset", "tiny", "--output", str(path), *ASKED]) == 0
    templates = [t for t in yaml.safe_load(path.read_text())["spec"]["templates"] if "container" in t]
    wanted = {name.lower() for name in TRAINING_STEPS}
    limits = {t["name"]: t["container"]["resources"]["limits"] for t in templates if "resources" in t["container"]}
    assert limits.keys() == wanted
    assert limits["hosttrainer"] == {"nvidia.com/gpu": "2", "cpu": "4000m", "memory": "16Gi"}
    chosen = {t["name"]: t["nodeSelector"] for t in templates if "nodeSelector" in t}
    assert chosen == {name: {"pool": "train"} for name in wanted}
