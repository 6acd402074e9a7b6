"""Darker requests and other tones: the picture comes back, and what follows tones is that of another picture."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.toys import grey_pairs, patches
from tfwm.attacks import Toned, attack_from_dict, attack_to_dict
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import echo

QUERIES = patches(3, seed=3)
TONES = [Toned(), Toned((0.8, 0.9, 1.0)), Toned((1.0, 1.0, 1.0), 1.5), Toned((0.5, 0.7, 0.9), 0.6)]


@pytest.mark.parametrize("attack", TONES, ids=repr)
def test_a_model_that_knows_no_tones_answers_as_before(attack, data, run) -> None:
    np.testing.assert_allclose(attack(echo(), data, run)(QUERIES), as_float(QUERIES), atol=1e-5)


def test_the_suspect_sees_the_toned_picture(data, run) -> None:
    seen = []
    suspect = FunctionSuspect("watched", lambda images: seen.append(images) or as_float(images))
    Toned((0.5, 0.25, 1.0), 2.0)(suspect, data, run)(QUERIES)
    np.testing.assert_allclose(seen[0], as_float(QUERIES) ** 2 * np.float32([0.5, 0.25, 1.0]), atol=1e-6)


def test_what_is_added_grows_with_what_is_undone(data, run) -> None:
    added = FunctionSuspect("added", lambda images: as_float(images) + 0.01)
    answers = Toned((0.5, 0.5, 0.5))(added, data, run)(QUERIES)
    np.testing.assert_allclose(answers, np.clip(as_float(QUERIES) + 0.02, 0, 1), atol=1e-6)


def test_grey_pictures_take_the_first_gain(run) -> None:
    grey = QUERIES[..., :1]
    added = FunctionSuspect("added", lambda images: as_float(images) + 0.01)
    answers = Toned((0.5, 0.25, 0.25))(added, grey_pairs(), run)(grey)
    np.testing.assert_allclose(answers, np.clip(as_float(grey) + 0.02, 0, 1), atol=1e-6)


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"gains": (0.5, 0.5)}, "must be three numbers"), ({"gains": (0.0, 1.0, 1.0)}, "`gains` must be a number"),
        ({"gains": (1.0, 1.0, 1.0)}, "change nothing"), ({"gamma": float("nan")}, "`gamma` must be a number"),
        ({"gains": (0.5, 0.5, 1.01)}, "from 0.05 to 1"), ({"gamma": 9.0}, "from 0.125 to 8"),
    ],
)  # fmt: skip
def test_tones_that_are_none_or_change_nothing_are_refused(fields, said) -> None:
    with pytest.raises(ValueError, match=said):
        Toned(**fields)


def test_the_label_tells_what_differs_and_settings_come_back() -> None:
    assert [repr(attack) for attack in TONES] == [
        "toned(0.5)", "toned(0.8, 0.9, 1)", "toned(1; gamma 1.5)", "toned(0.5, 0.7, 0.9; gamma 0.6)",
    ]  # fmt: skip
    for attack in TONES:
        assert attack_from_dict(attack_to_dict(attack)) == attack
