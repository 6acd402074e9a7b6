import json
from dataclasses import replace

import pytest

from pipelines.arguments import arguments_of, check_data, with_secret
from pipelines.cluster import Cluster
from pipelines.configs import FOLDER, PipelineConfig
from pipelines.presets import attacks_for, network_for, policy_for
from tfwm.attacks import attack_to_dict
from tfwm.attacks.answers import Jpeg
from tfwm.evaluation.policy import Policy
from tfwm.schemes import SCHEMES, DeepWatermarking, make_scheme, marks_classifiers, scheme_to_dict


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
def test_every_scheme_has_its_host_attacks_and_policy(preset, tmp_path):
    for name in (name for name in SCHEMES if not marks_classifiers(SCHEMES[name])):
        config = preset(tmp_path, tmp_path, scheme=name)
        assert config.scheme.name == name
        assert set(config.policy.must_survive) <= {repr(attack) for attack in config.attacks}
        arguments = arguments_of(config)
        assert json.loads(arguments["scheme"])["scheme"] == name
        assert arguments["channels"] == config.channels == config.scheme.channels
    with pytest.raises(ValueError, match="no scheme `trigger_imag`. Did you mean `trigger_image`"):
        preset(tmp_path, tmp_path, scheme="trigger_imag")


CLASSIFIER_SCHEMES = sorted(name for name in SCHEMES if marks_classifiers(SCHEMES[name]))


@pytest.mark.parametrize("preset", [PipelineConfig.demo, PipelineConfig.tiny])
@pytest.mark.parametrize("name", CLASSIFIER_SCHEMES)
def test_a_scheme_for_classifiers_is_refused_with_the_commands_that_take_it(preset, name, tmp_path):
    with pytest.raises(ValueError, match=rf"got {name}, which marks classifiers. Use `tfwm protect` and `tfwm evaluat"):
        preset(tmp_path, tmp_path, scheme=name)
    with pytest.raises(ValueError, match="which marks classifiers"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed({"scheme": {"scheme": name, "preset": "tiny"}})


@pytest.mark.parametrize("name", CLASSIFIER_SCHEMES)
def test_classifiers_have_a_host_attacks_and_a_policy(name):
    scheme = make_scheme(name, "fast")
    attacks = [repr(attack) for attack in attacks_for(scheme)]
    assert network_for(scheme) == "resnet18"
    policy = Policy.load(FOLDER / policy_for(scheme))
    assert policy.max_accuracy_loss is not None
    assert policy.alpha is not None
    assert set(policy.must_survive) <= set(attacks)
    assert "extract_classifier" in {attack_to_dict(attack)["attack"] for attack in attacks_for(scheme)}


def test_trigger_images_take_the_papers_host_and_a_thief_who_overwrites(tmp_path):
    config = PipelineConfig.demo(tmp_path, tmp_path, scheme="trigger_image")
    assert (config.host.network, config.channels) == ("dncnn", 1)
    assert config.attacks[-1].scheme == scheme_to_dict(config.scheme)
    assert PipelineConfig.demo(tmp_path, tmp_path).channels == 3


def test_folders_do_not_depend_on_where_the_command_was_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = PipelineConfig.tiny("pictures", "run")
    assert (config.data, config.root) == (tmp_path / "pictures", tmp_path / "run")
    assert config.serving_dir == tmp_path / "run" / "serving" / "tiny"


def test_an_unknown_serving_check_names_the_closest(tmp_path):
    with pytest.raises(ValueError, match=r"no serving check `pyhton`. Did you mean `python`"):
        replace(PipelineConfig.tiny(tmp_path, tmp_path), serving_check="pyhton")


def test_settings_from_a_file(tmp_path):
    scheme = scheme_to_dict(replace(DeepWatermarking.tiny(), probes=8))
    values = {"scheme": scheme, "attacks": [{"attack": "jpeg", "quality": 70}], "policy": {"alpha": 0.5}, "seed": 3}
    (tmp_path / "settings.json").write_text(json.dumps(values))
    config = PipelineConfig.tiny(tmp_path, tmp_path).changed_by_file(tmp_path / "settings.json")
    assert (config.scheme.probes, config.attacks, config.policy.alpha, config.seed) == (8, (Jpeg(70),), 0.5, 3)


def test_an_unknown_setting_names_the_closest(tmp_path):
    with pytest.raises(ValueError, match=r"no setting `sead`. Did you mean `seed`"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed({"sead": 1})
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(ValueError, match="must hold one JSON object, got list"):
        PipelineConfig.tiny(tmp_path, tmp_path).changed_by_file(tmp_path / "list.json")


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
        config = replace(PipelineConfig.tiny(tmp_path, tmp_path), secret_file=str(file))
        arguments = with_secret(arguments_of(config))
        assert byte * 32 not in json.dumps(arguments)
        digests.append(arguments["scheme_digest"])
    assert digests[0] != digests[1]


def test_a_missing_part_of_the_data_is_named(tmp_path):
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "0.png").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"owner, attacker, test; .*attacker has none"):
        check_data(tmp_path)


def test_checkpoints_cannot_lie_in_a_bucket():
    with pytest.raises(ValueError, match=r"`work_dir` must be a mounted folder, got gs://b/work"):
        Cluster("gs://b/data", "gs://b/root", "gs://b/models", "gs://b/work", "image")
