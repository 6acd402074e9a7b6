"""What every scheme says of itself, without any training; schemes of other packages that are installed included."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfwm import schemes
from tfwm.evaluation.defaults import usual_attacks, usual_policy
from tfwm.kinds import kind_called
from tfwm.schemes import SCHEMES, make_scheme, scheme_from_dict, scheme_to_dict
from tfwm.types import KeySampleScheme, Scheme

ROOT = Path(__file__).parents[2]
NAMES = sorted(SCHEMES)
OWN = sorted(set(SCHEMES) - set(SCHEMES.foreign))
PRESETS = ("paper", "reference", "fast", "tiny")
AFTER_THE_AUTHORS_CODE = {"blind_watermark", "deep_watermarking", "trigger_image"}


@pytest.mark.parametrize("name", NAMES)
def test_a_scheme_is_a_frozen_dataclass_with_every_member_of_the_protocol(name: str) -> None:
    cls, scheme = SCHEMES[name], make_scheme(name, "tiny")
    assert dataclasses.is_dataclass(cls)
    with pytest.raises(dataclasses.FrozenInstanceError):
        scheme.alpha = 0.5
    assert isinstance(scheme, Scheme)
    assert type(scheme) is cls
    assert cls.name == name
    secret = inspect.signature(cls.train).parameters["secret"]
    assert (secret.kind, secret.default) == (inspect.Parameter.KEYWORD_ONLY, None)
    if isinstance(scheme, KeySampleScheme):
        assert scheme.classes >= 2
        assert scheme.extractor_outputs == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_members_are_of_their_types(name: str) -> None:
    scheme = make_scheme(name, "tiny")
    kind = kind_called(scheme.kind)
    assert scheme.usual_host in kind.networks
    assert isinstance(scheme.alpha, float)
    assert 0 < scheme.alpha < 1
    assert (type(scheme.image_size), scheme.image_size > 0, scheme.channels in (1, 3)) == (int, True, True)
    assert isinstance(scheme.extractor_outputs, tuple)
    assert all(isinstance(output, str) for output in scheme.extractor_outputs)
    assert set(scheme.host_settings) <= {field.name for field in dataclasses.fields(kind.settings)}
    for value in (scheme.host_settings, scheme.usual_attacks, scheme.usual_policy):
        assert json.loads(json.dumps(value)) == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize("name", NAMES)
def test_usual_attacks_are_attacks_and_hold_what_the_policy_demands(name: str) -> None:
    scheme = make_scheme(name, "tiny")
    attacks, policy = usual_attacks(scheme), usual_policy(scheme)
    assert attacks
    assert all(scheme.kind in attack.kinds for attack in attacks)
    assert policy.must_survive
    assert set(policy.must_survive) <= {repr(attack) for attack in attacks}
    assert policy.alpha is not None
    assert all(getattr(policy, threshold) is not None for threshold in kind_called(scheme.kind).thresholds)


def test_a_mark_in_answers_to_secret_pictures_is_overwritten_with_the_owners_own_settings() -> None:
    for name in ("trigger_image", "label_image", "projected_label"):
        scheme = make_scheme(name, "tiny")
        assert scheme.usual_attacks[-1] == {"attack": "overwrite", "scheme": {}}
        assert usual_attacks(scheme)[-1].scheme == scheme_to_dict(scheme)


@pytest.mark.parametrize("name", NAMES)
def test_a_thief_goes_on_from_the_hosts_weights_and_changes_nothing_else(name: str) -> None:
    scheme = make_scheme(name, SCHEMES[name].presets[0])
    stolen = scheme.on_stolen_host()
    assert type(stolen) is type(scheme)
    changed = {field for field, value in scheme_to_dict(stolen).items() if value != scheme_to_dict(scheme)[field]}
    assert changed <= {"from_scratch"}
    assert not scheme_to_dict(stolen).get("from_scratch", False)


@pytest.mark.parametrize("name", NAMES)
def test_presets_are_known_and_survive_json(name: str) -> None:
    presets = SCHEMES[name].presets
    assert "tiny" in presets
    assert list(presets) == [preset for preset in PRESETS if preset in presets]
    for preset in presets:
        scheme = make_scheme(name, preset)
        assert scheme_from_dict(json.loads(json.dumps(scheme_to_dict(scheme)))) == scheme
        assert scheme_from_dict({"scheme": name, "preset": preset}) == scheme
    changed = scheme_from_dict({"scheme": name, "preset": "tiny", "alpha": 0.05})
    assert changed.alpha == 0.05
    assert scheme_to_dict(changed) == {**scheme_to_dict(make_scheme(name, "tiny")), "alpha": 0.05}


def test_every_scheme_of_the_library_has_its_presets() -> None:
    for name in OWN:
        expected = [preset for preset in PRESETS if preset != "reference" or name in AFTER_THE_AUTHORS_CODE]
        assert list(SCHEMES[name].presets) == expected
    for name in ("label_image", "deep_stego"):
        with pytest.raises(ValueError, match="no preset `reference`. Known: fast, paper, tiny"):
            make_scheme(name, "reference")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no scheme `deep_watermark`. Did you mean `deep_watermarking`?"):
        make_scheme("deep_watermark")
    with pytest.raises(ValueError, match="no preset `fastest`. Did you mean `fast`?"):
        make_scheme("deep_watermarking", "fastest")
    with pytest.raises(ValueError, match="no field `aplha`. Did you mean `alpha`?"):
        scheme_from_dict({"scheme": "deep_watermarking", "aplha": 1.0})
    with pytest.raises(ValueError, match="no scheme ``"):
        scheme_from_dict({"preset": "tiny"})
    with pytest.raises(AttributeError, match="module `tfwm.schemes` has no attribute `DeepWatermark`"):
        schemes.DeepWatermark  # noqa: B018


def test_classes_are_there_by_name() -> None:
    assert schemes.DeepWatermarking is SCHEMES["deep_watermarking"]
    assert schemes.WowStego is SCHEMES["wow_stego"]


def test_names_are_listed_without_tensorflow() -> None:
    code = "import sys; from tfwm.schemes import SCHEMES; print(len(list(SCHEMES)), 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == [str(len(SCHEMES)), "False"]
