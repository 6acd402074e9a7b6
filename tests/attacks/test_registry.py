"""Attacks as JSON values, and the table of their names."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from tfwm.attacks import Compose, Jpeg, Prune, Resize, Surrogate, attack_from_dict, attack_to_dict


def test_some_fields_may_be_left_out() -> None:
    assert attack_from_dict({"attack": "jpeg"}) == Jpeg()
    assert attack_from_dict({"attack": "surrogate", "loss": "l2"}) == Surrogate(loss="l2")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attack": "jpeg", "qualitty": 50}, "Jpeg has no field `qualitty`. Did you mean `quality`?"),
        ({"attack": "surrogat"}, "no attack `surrogat`. Did you mean `surrogate`?"),
        ({"quality": 50}, "must name its attack"),
        ({"attack": "jpeg", "quality": "50"}, "`Jpeg.quality` must be of type int"),
        ({"attack": "surrogate", "schedule": {"epoch": 1}}, "Schedule has no field `epoch`. Did you mean `epochs`?"),
        ({"attack": "compose", "attacks": [{"attack": "jepg"}, {"attack": "crop"}]}, "Did you mean `jpeg`?"),
        ({"attack": "overwrite"}, "Overwrite needs `scheme`, which is missing"),
        ({"attack": "overwrite", "scheme": "tiny"}, "`Overwrite.scheme` must be of type dict"),
        ({"attack": "compose", "attacks": "jpeg"}, "`Compose.attacks` must be a list"),
        ({"attack": "compose", "atacks": []}, "Did you mean `attacks`?"),
        ({"attack": "compose", "attacks": [{"quality": 50}]}, "must be of type Attack, got {'quality': 50}"),
    ],
)
def test_mistakes_in_json_name_the_closest(values, message) -> None:
    with pytest.raises(ValueError) as caught:
        attack_from_dict(values)
    assert message in str(caught.value)


def test_attacks_within_attacks_keep_their_names() -> None:
    attack = Compose((Compose((Jpeg(30), Resize(0.5))), Jpeg(10)))
    assert attack_to_dict(attack) == {
        "attack": "compose",
        "attacks": [
            {"attack": "compose", "attacks": [{"attack": "jpeg", "quality": 30}, {"attack": "resize", "factor": 0.5}]},
            {"attack": "jpeg", "quality": 10},
        ],
    }
    assert attack_from_dict(attack_to_dict(attack)) == attack


@dataclass(frozen=True, repr=False)
class Harsher(Prune):
    """Has the name of an attack that it is not."""


def test_only_attacks_of_the_table_can_be_written() -> None:
    for other in ("prune", Prune, Harsher()):
        with pytest.raises(TypeError, match="`attack` must be one of surrogate, fine_tune"):
            attack_to_dict(other)  # type: ignore[arg-type]


def test_listing_attacks_loads_no_tensorflow() -> None:
    code = (
        "import sys, tfwm.attacks as a; assert 'jpeg' in a.ATTACKS and len(list(a.ATTACKS)) == len(a.ATTACKS);"
        "a.attack_to_dict(a.attack_from_dict({'attack': 'jpeg'})); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
