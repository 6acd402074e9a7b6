"""The whole pipeline with tiny networks, of each kind, in one process: importing tfx takes longer than most steps."""

import json
import logging
import shutil
import stat
from dataclasses import replace

import numpy as np
import pytest

from tests.canary import CANARY, served, short_secrets
from tests.pipelines.expected import SCHEMES, STEPS
from tests.toy_classifier import toy_classifier
from tfwm.cli import main
from tfwm.components.artifact_files import KERAS_FILE
from tfwm.components.labelled_folders import arranged
from tfwm.components.secret import KEPT
from tfwm.config import to_dict
from tfwm.data import encode_png
from tfwm.evaluation.policy import Policy
from tfwm.files import write_json
from tfwm.types import CLASSIFICATION, RESTORATION

pytestmark = pytest.mark.trains

FROM_THE_EVALUATOR = {"RobustnessEvaluator", "ReleasePapers", "Pusher"}
FROM_THE_HOST = {"HostTrainer", "WatermarkTrainer", "ServingSmokeTest", *FROM_THE_EVALUATOR}
# Groups of rows of the tiny attacks, and what a strict policy is answered.
CONTROLS = ["control", "control", *["wrong key"] * 2, *["trivial"] * 4]
STRICT = {
    RESTORATION: ({"min_psnr_marked_vs_unmarked_db": 90.0, "max_host_loss_db": 20.0}, "the policy asks for 90 dB"),
    CLASSIFICATION: ({"max_accuracy_loss": 0.0}, "extract_classifier(lenet3-0.125, scores) is not recognised"),
}
UNFIT = {
    RESTORATION: ({"image_size": 64}, "`data` must hold 64 x 64 images"),
    CLASSIFICATION: ({"classes": 7}, "`data` must hold 16 x 16 pictures with 3 channels of 7 classes"),
}


@pytest.fixture(scope="module", params=list(SCHEMES))
def config(request, data, tmp_path_factory):
    from pipelines.configs import PipelineConfig

    config = PipelineConfig.tiny(data[request.param], tmp_path_factory.mktemp("root"), scheme=SCHEMES[request.param])
    config.work_dir.mkdir(parents=True, mode=0o700)
    kept = config.work_dir / KEPT
    kept.write_text(CANARY.hex())
    kept.chmod(0o600)
    return config


@pytest.fixture(scope="module")
def first(config):
    from pipelines.local_runner import run_local

    return run_local(config)


def _states(summary):
    return {step.name: step.state for step in summary.steps}


def _ran(summary):
    return {name for name, state in _states(summary).items() if state == "ran"}


def _again(config, **changes):
    from pipelines.local_runner import run_local

    return run_local(replace(config, **changes))


def test_every_step_runs_once_and_the_model_is_pushed(first, config):
    assert [step.name for step in first.steps] == STEPS
    assert set(_states(first).values()) == {"ran"}
    assert first.blessed, first.reasons
    assert first.pushed_path.parent == config.serving_dir
    assert first.notes == ()


def test_the_report_has_every_attack_and_every_control(first, config):
    from tfwm.evaluation.report import Report

    report = Report.load(first.artifacts["RobustnessEvaluator.report"] / "report.json")
    assert [row.group for row in report.rows] == ["unattacked", *["attack"] * 3, *CONTROLS]
    assert report.kind == config.kind.name
    assert report.rows[0].verdict["marked"]
    assert set(config.kind.task_figures) <= set(report.fidelity)


def test_statistics_have_looked_at_every_scalar(first, config):
    import tensorflow_data_validation as tfdv

    from tfwm.components.examples import FORMS

    path = first.artifacts["StatisticsGen.statistics"] / "Split-owner" / "FeatureStats.pb"
    statistics = tfdv.load_stats_binary(str(path)).datasets[0]
    assert {feature.path.step[0] for feature in statistics.features} == set(FORMS[config.kind.name].scalars)


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


@pytest.fixture(scope="module")
def key(first):
    from tfwm.keys import OwnerKey

    return OwnerKey.load(first.artifacts["WatermarkTrainer.owner_key"])


@pytest.fixture(scope="module")
def canary(key):
    """Finds what is drawn from the secret: itself, the token, labels, the code, the secrets of pieces."""
    return short_secrets(key)


def test_the_canary_is_what_marks(key):
    assert key.secret == CANARY


def test_nothing_secret_is_pushed_logged_or_in_the_metadata(first, config, key):
    from tfwm.exporting import leaks_of
    from tfwm.schemes import scheme_of

    whole_key = leaks_of(key, scheme_of(key))
    open_to_others = [config.metadata, first.pushed_path, config.work_dir / "robustness" / "tensorboard"]
    open_to_others += [first.artifacts[name] for name in ("WatermarkTrainer.model", "RobustnessEvaluator.report")]
    open_to_others.append(first.artifacts["ReleasePapers.papers_of_release"])
    assert {str(place): whole_key.found_under(place) for place in open_to_others} == {
        str(place): {} for place in open_to_others
    }
    assert key.fingerprint.encode() in config.metadata.read_bytes()


def test_the_canary_lies_in_its_two_places_and_nowhere_else(first, config, canary):
    folder = first.artifacts["WatermarkTrainer.owner_key"].relative_to(config.root).as_posix()
    found = canary.found_under(config.root)
    kept = (config.work_dir / KEPT).relative_to(config.root).as_posix()
    assert {name for name in found if not name.startswith(f"{folder}/")} == {kept}
    assert "the master secret" in found[f"{folder}/key.json"]


def test_serving_certificate_and_commitment_show_nothing_of_the_canary(
    first, config, key, canary, tmp_path, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    shown = served(first.pushed_path, key)
    report = first.artifacts["RobustnessEvaluator.report"] / "report.json"
    words = ["certificate", "--write", str(tmp_path / "c.json"), "--model", str(first.pushed_path), "--key",
             str(first.artifacts["WatermarkTrainer.owner_key"]), "--report", str(report), "--policy"]  # fmt: skip
    assert main([*words, str(write_json(tmp_path / "policy.json", to_dict(config.policy))), "--json"]) == 0
    words = ["commit", words[6], "--model", str(first.pushed_path), "--identity", "Example Labs", "--new-signing-key"]
    assert main([*words, str(tmp_path / "owner.pem"), "--out", str(tmp_path / "commitment.json")]) == 0
    assert canary.found_under(tmp_path) == {}
    printed = capfd.readouterr()
    for text in (shown, caplog.text, printed.out, printed.err):
        assert canary.found(text.encode()) == []
    assert "false token" in caplog.text


def test_card_and_certificate_are_artifacts_of_the_run(first, config, key, canary):
    from tfwm.ownership import check_certificate

    folder = first.artifacts["ReleasePapers.papers_of_release"]
    assert sorted(path.name for path in folder.iterdir()) == ["card.html", "card.md", "certificate.json"]
    certificate = check_certificate(folder / "certificate.json", model_directory=first.pushed_path, key=key)
    assert certificate.blessed
    for text in ((folder / name).read_text(encoding="utf-8") for name in ("card.md", "card.html")):
        for word in (config.name, key.scheme, key.fingerprint, certificate.model_digest, "is fit for release"):
            assert word in text
        assert all(repr(attack) in text for attack in config.attacks)
    assert canary.found_under(folder) == {}


def test_the_pushed_folder_holds_the_exported_model_and_nothing_else(first):
    from tfwm.exporting import scan, signatures_of

    assert scan(first.pushed_path) == []
    assert not list(first.pushed_path.rglob("*.keras"))
    assert "extract" in signatures_of(first.pushed_path)


def test_the_pushed_model_answers_as_the_marked_one(first, config):
    from tfwm.networks import load_network
    from tfwm.suspects import KerasSuspect, SavedModelSuspect

    marked = load_network(first.artifacts["WatermarkTrainer.model"] / KERAS_FILE)
    height, width = (side or other for side, other in zip(marked.input_shape[1:3], (40, 56)))
    images = np.random.default_rng(0).random((2, height, width, 3), np.float32)
    served, kept = SavedModelSuspect(first.pushed_path)(images), KerasSuspect("marked", marked)(images)
    if config.kind.name == RESTORATION:  # a server holds pictures to [0, 1]
        kept = np.clip(kept, 0.0, 1.0)
    np.testing.assert_allclose(served, kept, atol=1e-5)


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

    thresholds, reason = STRICT[config.kind.name]
    before = sorted(config.serving_dir.iterdir())
    strict = config.root / "strict.json"
    strict.write_text(json.dumps({**thresholds, "alpha": 0.001, "must_survive": ["attack"]}))
    options = ["--preset", "tiny", "--data", str(config.data), "--root", str(config.root), "--policy", str(strict),
               "--scheme", config.scheme.name]  # fmt: skip
    assert local_runner.main(options) == 1
    shown = capsys.readouterr()
    assert "Not pushed:" in shown.out
    assert reason in shown.out
    assert "kept from before" in shown.err
    assert sorted(config.serving_dir.iterdir()) == before


def test_a_policy_without_thresholds_blesses_nothing_and_only_the_steps_after_the_change_run(first, config):
    summary = _again(config, policy=Policy())
    assert not summary.blessed
    assert summary.pushed_path is None
    assert any("sets no `alpha`" in reason for reason in summary.reasons)
    assert _ran(summary) == FROM_THE_EVALUATOR


def test_changed_code_is_not_answered_from_the_cache(first, config, monkeypatch):
    monkeypatch.setattr("pipelines.arguments.server_digest", lambda: "another server")
    assert _ran(_again(config)) == {"ServingSmokeTest", "Pusher"}


def test_every_step_of_our_own_carries_the_code_version(config):
    from pipelines.arguments import arguments_of
    from pipelines.pipeline import create_pipeline

    changes = {"code_version": "code-1", "server_version": "server-1", "data_version": "data-1"}
    changes["papers_version"] = "papers-1"
    properties = {c.id: c.exec_properties for c in create_pipeline(**arguments_of(config) | changes).components}
    for text in ("code-1", "data-1", config.kind.name):
        assert text in properties["ImageExampleGen"]["custom_config"]
    for name in ("PictureSchema", "DataCheck", "HostTrainer", "WatermarkTrainer", "RobustnessEvaluator"):
        assert properties[name]["code_version"] == "code-1"
    assert properties["ServingSmokeTest"]["code_version"] == "server-1"
    assert properties["ReleasePapers"]["code_version"] == "papers-1"


@pytest.mark.parametrize("config", [CLASSIFICATION], indirect=True)
def test_a_users_saved_model_is_marked_instead_of_a_trained_host(first, config, tmp_path):
    from tensorflow import keras

    from tfwm.keys import OwnerKey
    from tfwm.networks import load_network

    network = toy_classifier(classes=10)
    given = keras.Model(network.input, keras.layers.Softmax()(network.output))
    given.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")  # one that guesses is refused
    with np.load(config.data) as data:
        given.fit(data["x_train"] / 255.0, data["y_train"], 30, 30, verbose=0)
    given.save(tmp_path / "mine")
    summary = _again(config, host_path=str(tmp_path / "mine"))
    assert _ran(summary) == FROM_THE_HOST
    host = load_network(summary.artifacts["HostTrainer.host"] / KERAS_FILE)
    for ours, theirs in zip(host.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # The preset says logits; only the host knows better.
    assert config.scheme.outputs == "logits"
    key = OwnerKey.load(summary.artifacts["WatermarkTrainer.owner_key"])
    assert key.settings["outputs"] == "probabilities"


def test_a_step_that_fails_is_named(first, config):
    from pipelines.local_runner import StepFailedError

    fields, message = UNFIT[config.kind.name]
    with pytest.raises(StepFailedError, match=f"WatermarkTrainer failed: {message}"):
        _again(config, scheme=replace(config.scheme, **fields))


def test_a_step_that_failed_runs_again_alone(first, config, monkeypatch):
    from pipelines.local_runner import StepFailedError

    def fails(*arguments, **named):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("tfwm.components.robustness.decide", fails)
        with pytest.raises(StepFailedError, match="RobustnessEvaluator failed: the disk is full"):
            _again(config, wrong_keys=config.wrong_keys + 1)
    mended = _again(config, wrong_keys=config.wrong_keys + 1)
    assert _ran(mended) == FROM_THE_EVALUATOR


def test_bad_and_unusual_pictures_stop_the_pipeline_with_a_sentence(data, tmp_path):
    from pipelines.configs import PipelineConfig
    from pipelines.local_runner import StepFailedError, run_local

    folder = arranged(data[CLASSIFICATION], tmp_path, seed=0)
    (folder / "owner" / "3" / "bad.jpg").write_bytes(b"no picture")
    config = PipelineConfig.tiny(folder, tmp_path / "root", scheme=SCHEMES[CLASSIFICATION])
    with pytest.raises(StepFailedError, match=r"ImageExampleGen failed: .*`3/bad\.jpg` is not a usable image"):
        run_local(config)
    (folder / "owner" / "3" / "bad.jpg").unlink()
    (folder / "attacker" / "3" / "large.png").write_bytes(encode_png(np.eye(20, dtype=np.uint8)[..., None] * 255))
    for number, picture in enumerate(sorted((folder / "owner").glob("*/*.png"))[::40]):
        shutil.copy(picture, folder / "test" / picture.parent.name / f"owners {number}.png")
    sizes = r"attacker: image/height: .*attacker: image/width: "
    with pytest.raises(
        StepFailedError,
        match=rf"DataCheck failed: The data are unusual: {sizes}.*test: \d+ of its pictures .* owner too",
    ):
        run_local(config)


def test_infra_validator_replaces_the_smoke_test_where_it_can(config):
    from pipelines.arguments import arguments_of
    from pipelines.pipeline import create_pipeline

    for check, expected in (("docker", "InfraValidator"), ("kubernetes", "InfraValidator"), ("none", None)):
        pipeline = create_pipeline(**arguments_of(replace(config, serving_check=check)))
        ids = [component.id for component in pipeline.components]
        assert ("InfraValidator" in ids) == (expected is not None)
        assert "ServingSmokeTest" not in ids


@pytest.mark.slow
def test_a_root_and_data_with_brackets_blanks_and_an_umlaut(data, tmp_path):
    from pipelines.configs import PipelineConfig
    from pipelines.local_runner import run_local

    place = tmp_path / "Läufe [1] von 2"
    shutil.copytree(data[RESTORATION], place / "Bilder [neu]", ignore=shutil.ignore_patterns("*.npz"))
    config = PipelineConfig.tiny(place / "Bilder [neu]", place / "run")
    config = replace(config, attacks=tuple(attack for attack in config.attacks if repr(attack) == "prune(0.05)"))
    summary = run_local(config)
    assert [step.name for step in summary.steps] == STEPS
    assert summary.blessed, summary.reasons
    assert summary.pushed_path.parent == config.serving_dir
    assert summary.artifacts["WatermarkTrainer.owner_key"].is_relative_to(config.pipeline_root)
    again = run_local(config)
    assert set(_states(again).values()) == {"cached"}
    assert again.pushed_path == summary.pushed_path
    # An artifact of which a part is gone is not taken from the cache, and its training resumes from checkpoints.
    (summary.artifacts["HostTrainer.host"] / KERAS_FILE).unlink()
    mended = run_local(config)
    assert _states(mended)["HostTrainer"] == "ran"
    assert (mended.artifacts["HostTrainer.host"] / KERAS_FILE).is_file()
    assert mended.blessed


@pytest.mark.slow
def test_the_host_of_the_last_blessed_model_is_taken_and_where_there_is_none_one_is_trained(data, tmp_path):
    from pipelines.configs import PipelineConfig
    from pipelines.local_runner import run_local
    from tfwm.networks import load_network

    config = PipelineConfig.tiny(data[RESTORATION], tmp_path / "root")
    attacks = tuple(attack for attack in config.attacks if repr(attack) == "prune(0.05)")
    config = replace(config, attacks=attacks, validate=False, serving_check="none", wrong_keys=1, reuse_host=True)
    first = run_local(config)
    assert [step.name for step in first.steps if step.name == "LastBlessed"]
    assert first.blessed, first.reasons
    # Other settings would train another host.
    host = replace(config.host, schedule=replace(config.host.schedule, epochs=1))
    second = run_local(replace(config, host=host, seed=5))
    assert _states(second)["HostTrainer"] == "ran"
    taken, before = (load_network(run.artifacts["HostTrainer.host"] / KERAS_FILE) for run in (second, first))
    for ours, theirs in zip(taken.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    shutil.rmtree(second.artifacts["HostTrainer.host"])
    shutil.rmtree(first.artifacts["HostTrainer.host"])
    with pytest.raises(RuntimeError, match="The host of the blessed model is no longer at .*leave `reuse_host` out"):
        run_local(replace(config, host=host, seed=6))
