"""What commands share: default photographs, the level of a claim, and TLS to a suspect."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from tests.doubles import smoothing_host
from tfwm.cli import main
from tfwm.commands import evaluate, work
from tfwm.data import photographs
from tfwm.evaluation.policy import Policy
from tfwm.keys import OwnerKey

DEFAULT = Namespace(data=None, seed=0, task="derain", patches=2)


def test_default_photographs_that_are_too_small_are_left_out(capsys) -> None:
    assert min(photographs("attacker")["page"].shape[:2]) == 191
    parts = work.photographs_of(DEFAULT, min_side=256)
    assert set(photographs("attacker")) - set(parts["attacker"]) == {"page"}
    assert set(parts["owner"]) == set(photographs("owner"))
    assert "tfwm: left out `page`: smaller than 256 pixels" in capsys.readouterr().err
    assert work.pairs_of(DEFAULT, parts["attacker"], "attacker", 256, 8).inputs.shape == (8, 256, 256, 3)
    assert set(work.photographs_of(DEFAULT, min_side=64)["attacker"]) == set(photographs("attacker"))
    with pytest.raises(ValueError, match="no photograph of scikit-image has sides of 5000 pixels. Give your own"):
        work.photographs_of(DEFAULT, min_side=5000)


@pytest.mark.parametrize("given, expected", [(None, 1e-3), (1e-4, 1e-4)])
def test_a_silent_policy_takes_the_schemes_level(given, expected, made: Path, key: OwnerKey) -> None:
    files = {"model": str(made / "host.keras"), "host": str(made / "host.keras"), "key": str(made / "key")}
    subjects = evaluate._subjects(Namespace(**vars(DEFAULT), **files), Policy(alpha=given))
    assert key.settings["alpha"] == 1e-3
    assert subjects.alpha == expected


def test_an_authority_needs_an_endpoint_with_tls(made: Path, tmp_path: Path, capsys) -> None:
    smoothing_host().save(tmp_path / "host.keras")
    words = ["verify", "--key", str(made / "key"), "--tls-ca", str(tmp_path / "gone.pem"), "--suspect"]
    assert main([*words, str(tmp_path / "host.keras")]) == 2
    assert "`tls_ca` is for grpcs://host:port/model" in capsys.readouterr().err
    assert main([*words, "grpcs://127.0.0.1:1/m"]) == 2
    assert "`tls_ca` must be a PEM file with a certificate" in capsys.readouterr().err
