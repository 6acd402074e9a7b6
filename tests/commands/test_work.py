"""What commands share: default photographs, the level of a claim, and TLS to a suspect."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from tests.doubles import smoothing_host
from tfwm.cli import main
from tfwm.commands import evaluate
from tfwm.commands import opening as work
from tfwm.data import encode_png, photographs, with_channels
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


def test_photographs_in_grey_are_the_same_pictures(tmp_path: Path) -> None:
    grey, colour = (work.photographs_of(DEFAULT, min_side=64, channels=channels)["owner"] for channels in (1, 3))
    assert set(grey) == set(colour)
    np.testing.assert_array_equal(grey["coffee"], with_channels(colour["coffee"], 1))
    for number in range(6):
        picture = np.random.default_rng(number).integers(0, 256, (20, 24, 3), np.uint8)
        (tmp_path / f"{number}.png").write_bytes(encode_png(picture))
    own = work.photographs_of(Namespace(**{**vars(DEFAULT), "data": str(tmp_path)}), min_side=16, channels=1)
    assert {image.shape for part in own.values() for image in part.values()} == {(20, 24, 1)}
    assert work.pairs_of(DEFAULT, own["owner"], "owner", 16, 3).inputs.shape == (3, 16, 16, 1)


def test_a_key_asked_otherwise_keeps_its_secret(key: OwnerKey) -> None:
    scheme, changed = work.asked_otherwise(key, ["alpha=0.01", "initial.epochs=3"])
    assert (scheme.alpha, scheme.initial.epochs, changed.settings["alpha"]) == (0.01, 3, 0.01)
    assert (changed.secret, changed.arrays, key.settings["alpha"]) == (key.secret, key.arrays, 1e-3)
    assert work.asked_otherwise(key, [])[1] is key
    for text, message in (("alhpa=1", "Did you mean `alpha`"), ("alpha=x", "must be of type float, got 'x'"),
                          ("scheme=other", "no field `scheme`"), ("preset=tiny", "no field `preset`")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            work.asked_otherwise(key, [text])


@pytest.mark.parametrize("given, expected", [(None, 1e-3), (1e-4, 1e-4)])
def test_a_silent_policy_takes_the_schemes_level(given, expected, made: Path, key: OwnerKey) -> None:
    files = {"model": str(made / "host.keras"), "host": str(made / "host.keras"), "key": str(made / "key")}
    subjects = evaluate._subjects(Namespace(**vars(DEFAULT), **files), Policy(alpha=given), key)
    assert key.settings["alpha"] == 1e-3
    assert subjects.alpha == expected


def test_an_authority_needs_an_endpoint_with_tls(made: Path, tmp_path: Path, capsys) -> None:
    smoothing_host().save(tmp_path / "host.keras")
    words = ["verify", "--key", str(made / "key"), "--tls-ca", str(tmp_path / "gone.pem"), "--suspect"]
    assert main([*words, str(tmp_path / "host.keras")]) == 2
    assert "`tls_ca` is for grpcs://host:port/model" in capsys.readouterr().err
    assert main([*words, "grpcs://127.0.0.1:1/m"]) == 2
    assert "`tls_ca` must be a PEM file with a certificate" in capsys.readouterr().err
