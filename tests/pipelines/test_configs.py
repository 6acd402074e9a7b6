import json
from dataclasses import replace

import numpy as np
import pytest

from pipelines.arguments import arguments_of, local_arguments
from pipelines.cluster import Cluster
from pipelines.configs import FOLDER, PipelineConfig, config_of, read_settings
from tfwm.attacks import attack_to_dict
from tfwm.attacks.answers import Jpeg
from tfwm.components.examples import FORMS
from tfwm.config import from_dict, to_dict
from tfwm.evaluation.defaults import usual_attacks, usual_policy
from tfwm.evaluation.policy import Policy
from tfwm.schemes import SCHEMES, make_scheme, scheme_from_dict, scheme_to_dict
from tfwm.types import RESTORATION


@pytest.mark.parametrize("preset", [PipelineConfig.demo, PipelineConfig.tiny])
def test_what_the_policy_demands_is_among_the_attacks(preset, tmp_path):
    config = preset(tmp_path, tmp_path)
    assert set(config.policy.must_survive) <= {repr(attack) for attack in config.attacks}
    assert config.policy.alpha is not None


def test_the_demo_attacks_with_two_surrogates_unlike_the_proxy(tmp_path):
    config = PipelineConfig.demo(tmp_path, tmp_path)
    demanded = [attack for attack in config.attacks if repr(attack) in config.policy.must_survive]
    surrogates = [attack_to_dict(attack) for attack in demanded if attack_to_dict(attack)["attack"] == "surrogate"]
    assert len({(fields["network"], fields["loss"]) for fields in surrogates}) >= 2
    assert all(fields["filters"] != config.scheme.proxy_filters or fields["network"] != "unet" for fields in surrogates)


@pytest.mark.parametrize("preset", [PipelineConfig.demo, PipelineConfig.tiny])
@pytest.mark.parametrize("name", list(SCHEMES))
def test_every_scheme_has_its_host_attacks_and_policy(preset, name, tmp_path):
    config = preset(tmp_path, tmp_path, scheme=name)
    assert config.scheme.name == name
    assert set(config.policy.must_survive) <= {repr(attack) for attack in config.attacks}
    assert all(getattr(config.policy, threshold) is not None for threshold in (*config.kind.thresholds, "alpha"))
    assert config.host.network in config.kind.networks
    arguments = arguments_of(config)
    assert (json.loads(arguments["scheme"])["scheme"], arguments["kind"]) == (name, config.scheme.kind)
    assert arguments["channels"] == config.channels == config.scheme.channels
    # What the components read is what was meant.
    assert from_dict(config.kind.settings, json.loads(arguments["host"])) == config.host
    assert scheme_from_dict(json.loads(arguments["scheme"])) == config.scheme


@pytest.mark.parametrize("name", list(SCHEMES))
def test_the_demo_takes_what_scheme_and_kind_name(name, tmp_path):
    config = PipelineConfig.demo(tmp_path, tmp_path, scheme=name)
    assert (config.attacks, config.policy) == (usual_attacks(config.scheme), usual_policy(config.scheme))
    assert config.host.network == config.scheme.usual_host
    settings = to_dict(config.host)
    assert {field: settings[field] for field in config.scheme.host_settings} == dict(config.scheme.host_settings)


@pytest.mark.parametrize("preset", [PipelineConfig.demo, PipelineConfig.tiny])
def test_an_unknown_scheme_names_the_closest(preset, tmp_path):
    with pytest.raises(ValueError, match="no scheme `trigger_imag`. Did you mean `trigger_image`"):
        preset(tmp_path, tmp_path, scheme="trigger_imag")


@pytest.mark.parametrize(
    "file, scheme",
    [
        ("demo_policy.json", "deep_watermarking"), ("trigger_image_policy.json", "trigger_image"),
        ("classifier_policy.json", "blind_watermark"),
    ],
)  # fmt: skip
def test_the_policy_files_for_users_are_those_of_the_demos(file, scheme):
    assert Policy.load(FOLDER / file) == usual_policy(make_scheme(scheme, "fast"))


def test_trigger_images_take_the_papers_host_and_a_thief_who_overwrites(tmp_path):
    config = PipelineConfig.demo(tmp_path, tmp_path, scheme="trigger_image")
    assert (config.host.network, config.channels) == ("dncnn", 1)
    assert config.attacks[-1].scheme == scheme_to_dict(config.scheme)
    assert PipelineConfig.tiny(tmp_path, tmp_path, scheme="trigger_image").host.network == "dncnn"
    assert PipelineConfig.demo(tmp_path, tmp_path).channels == 3


def _labelled_npz(path, *, classes=4, side=16, channels=1):
    images, labels = np.zeros((40, side, side, channels), np.uint8), np.arange(40) % classes
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    return path


def test_labelled_data_decide_what_the_settings_leave_open(tmp_path):
    data = _labelled_npz(tmp_path / "data.npz")
    config = PipelineConfig.tiny(data, tmp_path, scheme="blind_watermark")
    assert (config.scheme.image_size, config.scheme.channels, config.scheme.classes) == (16, 1, 4)
    assert config.channels == 1
    stubborn = {"scheme": "blind_watermark", "preset": "tiny", "classes": 7}
    assert PipelineConfig.tiny(data, tmp_path, scheme=stubborn).scheme.classes == 7
    assert config.changed({"scheme": stubborn}).scheme == replace(config.scheme, classes=7)


def test_a_host_or_an_attack_of_another_kind_is_refused(tmp_path):
    config = PipelineConfig.tiny(tmp_path, tmp_path)
    with pytest.raises(ValueError, match="`host` must be ClassifierSettings for blind_watermark, .* got HostSettings"):
        config.changed({"scheme": {"scheme": "blind_watermark", "preset": "tiny"}})
    with pytest.raises(ValueError, match=r"`attacks` must be for restoration networks, .* got extract_classifier"):
        config.changed({"attacks": [{"attack": "extract_classifier"}]})


def test_settings_of_a_host_are_read_as_those_of_the_schemes_kind(tmp_path):
    config = PipelineConfig.demo(tmp_path, tmp_path, scheme="deep_stego")
    host = config.changed({"host": {"preset": "fast", "network": "vgg13", "augment": "none"}}).host
    assert host == config.kind.preset("fast", network="vgg13", augment="none")
    with pytest.raises(ValueError, match="ClassifierSettings has no field `filters`"):
        config.changed({"host": {"filters": 4}})


def test_a_configuration_without_a_host_takes_the_schemes(tmp_path):
    config = PipelineConfig(tmp_path, tmp_path, Policy(), (), scheme=make_scheme("blind_watermark", "fast"))
    assert config.host == PipelineConfig.demo(tmp_path, tmp_path, scheme="blind_watermark").host


def test_folders_do_not_depend_on_where_the_command_was_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = PipelineConfig.tiny("pictures", "run")
    assert (config.data, config.root) == (tmp_path / "pictures", tmp_path / "run")
    assert config.serving_dir == tmp_path / "run" / "serving" / "tiny"


def test_an_unknown_serving_check_names_the_closest(tmp_path):
    with pytest.raises(ValueError, match=r"no serving check `pyhton`. Did you mean `python`"):
        replace(PipelineConfig.tiny(tmp_path, tmp_path), serving_check="pyhton")


def test_settings_from_a_file(tmp_path):
    scheme = scheme_to_dict(replace(make_scheme("deep_watermarking", "tiny"), probes=8))
    values = {"scheme": scheme, "attacks": [{"attack": "jpeg", "quality": 70}], "policy": {"alpha": 0.5}, "seed": 3}
    (tmp_path / "settings.json").write_text(json.dumps(values))
    config = config_of("tiny", tmp_path, tmp_path, settings=read_settings(tmp_path / "settings.json"))
    assert (config.scheme.probes, config.attacks, config.policy.alpha, config.seed) == (8, (Jpeg(70),), 0.5, 3)


def test_a_scheme_in_a_file_brings_its_host_and_attacks(tmp_path):
    (tmp_path / "settings.json").write_text('{"scheme": {"scheme": "deep_stego", "preset": "fast", "samples": 200}}')
    config = config_of("demo", tmp_path, tmp_path, settings=read_settings(tmp_path / "settings.json"))
    assert config == replace(PipelineConfig.demo(tmp_path, tmp_path, scheme="deep_stego"), scheme=config.scheme)
    assert config.scheme.samples == 200


def test_a_host_comes_from_one_place(tmp_path):
    with pytest.raises(ValueError, match=r"`host_path` h\.keras is another\. Leave one out"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed({"reuse_host": True, "host_path": "h.keras"})


def test_an_unknown_setting_names_the_closest(tmp_path):
    with pytest.raises(ValueError, match=r"no setting `sead`. Did you mean `seed`"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed({"sead": 1})
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ValueError, match="must hold one JSON object, got list"):
        read_settings(tmp_path / "list.json")


def test_arguments_are_what_the_metadata_can_hold(tmp_path):
    arguments = arguments_of(PipelineConfig.tiny(tmp_path, tmp_path))
    assert all(isinstance(value, (str, int, bool, tuple)) for value in arguments.values())
    assert arguments == arguments_of(PipelineConfig.tiny(tmp_path, tmp_path))
    assert json.loads(arguments["scheme"])["scheme"] == "deep_watermarking"


def test_another_secret_is_another_model_but_stays_secret(tmp_path):
    digests = []
    for byte in ("0a", "0b"):
        file = tmp_path / byte
        file.write_text(byte * 32)
        file.chmod(0o600)
        arguments = local_arguments(replace(PipelineConfig.tiny(tmp_path, tmp_path), secret_file=str(file)))
        assert byte * 32 not in json.dumps(arguments)
        digests.append(arguments["scheme_digest"])
    assert digests[0] != digests[1]


def test_a_changed_picture_is_another_run(tmp_path):
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "0.png").write_bytes(b"one")
    config = PipelineConfig.tiny(tmp_path, tmp_path / "root")
    before = local_arguments(config)
    assert local_arguments(config) == before
    (tmp_path / "owner" / "0.png").write_bytes(b"another")
    assert local_arguments(config)["data_version"] != before["data_version"]


def test_a_missing_part_of_the_data_is_named(tmp_path):
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "0.png").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"owner, attacker, test; .*attacker has none"):
        FORMS[RESTORATION].arranged(tmp_path, tmp_path / "root", seed=0)


def test_checkpoints_cannot_lie_in_a_bucket():
    with pytest.raises(ValueError, match=r"`work_dir` must be a mounted folder, got gs://b/work"):
        Cluster("gs://b/data", "gs://b/root", "gs://b/models", "gs://b/work", "image")
