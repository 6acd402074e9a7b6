"""What commands share: a key asked otherwise, the level of a claim, and TLS to a suspect."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from tests.doubles import smoothing_host
from tfwm.cli import main
from tfwm.commands import evaluate, opening
from tfwm.evaluation.policy import Policy
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import TriggerImage

pytestmark = pytest.mark.trains

DEFAULT = Namespace(data=None, seed=0, task="derain", patches=2)


def test_what_was_embedded_cannot_be_asked_otherwise(key: OwnerKey) -> None:
    assert opening.asked_otherwise(key, []) == scheme_of(key)
    with pytest.raises(ValueError, match="`--set initial` would change what was embedded, got a key of deep_waterm"):
        opening.asked_otherwise(key, ["initial.epochs=3"])
    with pytest.raises(ValueError, match="`--set registration` would change what was embedded"):
        opening.asked_otherwise(key, ["registration=turns"])
    ranked = TriggerImage(triggers=6, alpha=0.01)
    trigger_key = OwnerKey("trigger_image", ranked.to_dict(), new_secret(1))
    assert opening.asked_otherwise(trigger_key, ["part=2", "decoys=999"]) == replace(ranked, part=2)
    with pytest.raises(ValueError, match="these settings of its own: reveal, part, decoys, significance"):
        opening.asked_otherwise(trigger_key, ["triggers=3"])
    for text, message in (("alhpa=1", "Did you mean `alpha`"), ("alpha=x", "must be of type float, got 'x'"),
                          ("scheme=other", "no field `scheme`"), ("preset=tiny", "no field `preset`")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            opening.asked_otherwise(key, [text])


@pytest.mark.parametrize("given, expected", [(None, 1e-3), (1e-4, 1e-4)])
def test_a_silent_policy_takes_the_schemes_level(given, expected, made: Path, key: OwnerKey) -> None:
    files = {"model": str(made / "host.keras"), "host": str(made / "host.keras"), "key": str(made / "key")}
    subjects = evaluate.subjects_of(Namespace(**vars(DEFAULT), **files), Policy(alpha=given), key)
    assert key.settings["alpha"] == 1e-3
    assert subjects.alpha == expected


def test_an_authority_needs_an_endpoint_with_tls(made: Path, tmp_path: Path, capsys) -> None:
    smoothing_host().save(tmp_path / "host.keras")
    words = ["verify", "--trust-key", "--key", str(made / "key"), "--tls-ca", str(tmp_path / "gone.pem"), "--suspect"]
    assert main([*words, str(tmp_path / "host.keras")]) == 2
    assert "`tls_ca` is for grpcs://host:port/model" in capsys.readouterr().err
    assert main([*words, "grpcs://127.0.0.1:1/m"]) == 2
    assert "`tls_ca` must be a PEM file with a certificate" in capsys.readouterr().err


def test_only_marking_is_done_by_several_workers_together(tmp_path, monkeypatch):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    machine = {"precision": "float32", "jit": True, "epochs_scale": 1.0, "images_at_once": 0, "out": str(tmp_path)}
    arguments = Namespace(**{**vars(DEFAULT), **machine}, strategy="multiworker")
    with pytest.raises(
        ValueError, match="`--strategy multiworker` is for `tfwm protect`, got TF_CONFIG with 2 workers"
    ):
        opening.run_of(arguments, tmp_path)
    run = opening.run_of(arguments, tmp_path, together=True)
    assert run.jit
    assert not run.worker.is_chief
    assert not opening.worker_of(arguments).is_chief
    arguments.strategy = "mirrored"
    assert opening.run_of(arguments, tmp_path).worker.is_chief
