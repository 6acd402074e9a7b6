"""The whole pipeline with tiny networks, in one process: importing tfx takes longer than most of its steps."""

import json
import shutil
import stat
from dataclasses import replace

import numpy as np
import pytest

from tfwm.evaluation.policy import Policy

STEPS = [
    "ImageExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "HostTrainer", "WatermarkTrainer",
    "RobustnessEvaluator", "ServingSmokeTest", "Pusher",
]  # fmt: skip
FROM_THE_EVALUATOR = {"RobustnessEvaluator", "Pusher"}


@pytest.fixture(scope="module")
def config(data, tmp_path_factory):
    from pipelines.configs import PipelineConfig

    return PipelineConfig.tiny(data, tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def first(config):
    from pipelines.local_runner import run_local

    return run_local(config)


def _states(summary):
    return {step.name: step.state for step in summary.steps}


def _again(config, **changes):
    from pipelines.local_runner import run_local

    return run_local(replace(config, **changes))


def test_every_step_runs_once_and_the_model_is_pushed(first, config):
    assert [step.name for step in first.steps] == STEPS
    assert set(_states(first).values()) == {"ran"}
    assert first.blessed, first.reasons
    assert first.pushed_path.parent == config.serving_dir
    assert first.anomalies == ()


def test_the_report_has_every_attack_and_every_control(first):
    from tfwm.evaluation.report import Report

    report = Report.load(first.artifacts["RobustnessEvaluator.report"] / "report.json")
    assert [row.group for row in report.rows] == [
        "unattacked", *["attack"] * 3, "control", "control", *["wrong key"] * 2, *["trivial"] * 4,
    ]  # fmt: skip
    assert report.rows[0].verdict["marked"]
    assert {"psnr_marked_vs_unmarked_db", "host_psnr_db", "marked_host_psnr_db", "ssim"} <= set(report.fidelity)


def test_tensorboard_has_trainings_and_rows_in_a_folder_that_stays(first, config):
    for folder in ("host", "watermark", "robustness/tensorboard"):
        assert list((config.work_dir / folder).rglob("events.out.tfevents.*")), folder


def test_the_key_is_the_owners_alone_and_opens(first, config):
    from tfwm.components.secret import owner_secret
    from tfwm.keys import OwnerKey

    folder = first.artifacts["WatermarkTrainer.owner_key"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    for closed in (config.pipeline_root, config.work_dir):
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert OwnerKey.load(folder).secret == owner_secret("", config.work_dir)


def test_nothing_secret_is_pushed_logged_or_in_the_metadata(first, config):
    from tfwm.keys import OwnerKey
    from tfwm.schemes.deep_watermarking.verification import owner_code

    key = OwnerKey.load(first.artifacts["WatermarkTrainer.owner_key"])
    extractor = max(key.networks["extractor"].get_weights(), key=np.size)
    secrets = {
        "master secret": key.secret, "as text": key.secret.hex().encode(), "token": key.token,
        "token as text": key.token.hex().encode(), "probe": key.arrays["probes"][0].tobytes(),
        "extractor": extractor.astype(np.float32).tobytes()[:64],
        "code": owner_code(key, 4).astype(np.float32).tobytes(),
    }  # fmt: skip
    open_to_others = [config.metadata, *(f for f in first.pushed_path.rglob("*") if f.is_file())]
    open_to_others += (config.work_dir / "robustness" / "tensorboard").rglob("events.*")
    open_to_others += (f for f in first.artifacts["WatermarkTrainer.model"].rglob("*") if f.is_file())
    for file in open_to_others:
        content = file.read_bytes()
        assert [name for name, secret in secrets.items() if secret in content] == [], file
    assert key.fingerprint.encode() in config.metadata.read_bytes()


def test_the_pushed_folder_holds_the_exported_model_and_nothing_else(first):
    from tfwm.exporting import scan

    assert scan(first.pushed_path) == []
    assert not list(first.pushed_path.rglob("*.keras"))


def test_the_pushed_model_answers_as_the_marked_one(first):
    from tfwm.components.artifact_files import KERAS_FILE
    from tfwm.networks import load_network
    from tfwm.suspects import SavedModelSuspect

    images = np.random.default_rng(0).random((2, 40, 56, 3), np.float32)
    marked = load_network(first.artifacts["WatermarkTrainer.model"] / KERAS_FILE)
    expected = np.clip(marked(images), 0.0, 1.0)
    np.testing.assert_allclose(SavedModelSuspect(first.pushed_path)(images), expected, atol=1e-5)


def test_what_pusher_and_a_baseline_resolver_read_is_in_the_metadata(first, config):
    from pipelines.metadata import LastRun, property_of

    outputs = LastRun(config.metadata).outputs()
    model, blessing = outputs["WatermarkTrainer.model"], outputs["RobustnessEvaluator.blessing"]
    assert property_of(blessing, "blessed") == 1
    assert property_of(blessing, "current_model") == model.uri
    assert property_of(blessing, "current_model_id") == model.id
    assert (first.artifacts["RobustnessEvaluator.blessing"] / "BLESSED").is_file()
    assert property_of(outputs["ServingSmokeTest.blessing"], "blessed") == 1


def test_a_second_run_takes_everything_from_the_cache(first, config):
    second = _again(config)
    assert set(_states(second).values()) == {"cached"}
    assert second.pushed_path == first.pushed_path
    assert sum(step.seconds for step in second.steps) < sum(step.seconds for step in first.steps) / 5


def test_a_deleted_version_is_copied_back_though_pusher_is_cached(first, config):
    shutil.rmtree(config.serving_dir)
    summary = _again(config)
    assert _states(summary)["Pusher"] == "cached"
    assert (summary.pushed_path / "saved_model.pb").is_file()


def test_a_stricter_policy_runs_from_the_evaluator_and_pushes_nothing(first, config, capsys):
    from pipelines import local_runner

    before = sorted(config.serving_dir.iterdir())
    strict = config.root / "strict.json"
    strict.write_text(json.dumps({
        "min_psnr_marked_vs_unmarked_db": 90.0, "max_host_loss_db": 20.0, "alpha": 0.001, "must_survive": ["attack"],
    }))  # fmt: skip
    options = ["--preset", "tiny", "--data", str(config.data), "--root", str(config.root), "--policy", str(strict)]
    assert local_runner.main(options) == 1
    shown = capsys.readouterr()
    assert "Not pushed:" in shown.out
    assert "the policy asks for 90 dB" in shown.out
    assert "kept from before" in shown.err
    assert sorted(config.serving_dir.iterdir()) == before


def test_a_policy_without_thresholds_blesses_nothing_and_only_the_steps_after_the_change_run(first, config):
    summary = _again(config, policy=Policy())
    assert not summary.blessed
    assert summary.pushed_path is None
    assert any("sets no `alpha`" in reason for reason in summary.reasons)
    states = _states(summary)
    assert {name for name, state in states.items() if state == "ran"} == FROM_THE_EVALUATOR


def test_changed_code_is_not_answered_from_the_cache(first, config, monkeypatch):
    monkeypatch.setattr("pipelines.arguments.server_digest", lambda: "another server")
    states = _states(_again(config))
    assert {name for name, state in states.items() if state == "ran"} == {"ServingSmokeTest", "Pusher"}


def test_every_step_of_our_own_carries_the_code_version(config):
    from pipelines.arguments import arguments_of
    from pipelines.pipeline import create_pipeline

    arguments = {**arguments_of(config), "code_version": "code-1", "server_version": "server-1"}
    properties = {c.id: c.exec_properties for c in create_pipeline(**arguments).components}
    assert "code-1" in properties["ImageExampleGen"]["custom_config"]
    for name in ("HostTrainer", "WatermarkTrainer", "RobustnessEvaluator"):
        assert properties[name]["code_version"] == "code-1"
    assert properties["ServingSmokeTest"]["code_version"] == "server-1"


def test_a_step_that_fails_is_named(first, config):
    from pipelines.local_runner import StepFailedError

    scheme = replace(config.scheme, image_size=64)
    with pytest.raises(StepFailedError, match="WatermarkTrainer failed: `data` must hold 64 x 64 images"):
        _again(config, scheme=scheme)


@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_v2_compiles_with_defaults_and_importable_classes(ending, tmp_path):
    import yaml
    from tfx.utils import import_utils

    spec = _compiled_v2(tmp_path / f"pipeline{ending}")
    spec = spec.get("pipelineSpec", spec)
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["wrong_keys"] == {"defaultValue": 2, "parameterType": "NUMBER_INTEGER"}
    assert json.loads(parameters["scheme"]["defaultValue"])["scheme"] == "deep_watermarking"
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


def test_another_scheme_compiles_with_its_channels(tmp_path):
    spec = _compiled_v2(tmp_path / "pipeline.yaml", "--scheme", "trigger_image")
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert json.loads(parameters["scheme"]["defaultValue"])["scheme"] == "trigger_image"
    assert json.loads(parameters["host"]["defaultValue"])["network"] == "dncnn"
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


def test_v1_compiles_and_only_the_step_that_marks_sees_the_secret(tmp_path):
    import yaml

    from pipelines import kubeflow_runner

    path = tmp_path / "pipeline.yaml"
    options = ["--data", "/m/d", "--root", "/m/r", "--serving-dir", "/m/s", "--work-dir", "/m/w", "--image", "i:1"]
    options += ["--preset", "tiny", "--volume", "claim:/m", "--secret", "owner", "--output", str(path)]
    assert kubeflow_runner.main(options) == 0
    workflow = yaml.safe_load(path.read_text())
    steps = {t["name"]: t["container"] for t in workflow["spec"]["templates"] if "container" in t}
    mounts = {name: {m["mountPath"] for m in step["volumeMounts"]} for name, step in steps.items()}
    assert len(steps) == len(STEPS)
    assert all("/m" in paths for paths in mounts.values())
    assert [name for name, paths in mounts.items() if "/var/run/tfwm" in paths] == ["watermarktrainer"]
    defaults = {p["name"]: p.get("value") for p in workflow["spec"]["arguments"]["parameters"]}
    assert defaults["wrong_keys"] == "2"


def test_infra_validator_replaces_the_smoke_test_where_it_can(config):
    from pipelines.arguments import arguments_of
    from pipelines.pipeline import create_pipeline

    for kind, expected in (("docker", "InfraValidator"), ("kubernetes", "InfraValidator"), ("none", None)):
        pipeline = create_pipeline(**arguments_of(replace(config, serving_check=kind)))
        ids = [component.id for component in pipeline.components]
        assert ("InfraValidator" in ids) == (expected is not None)
        assert "ServingSmokeTest" not in ids
