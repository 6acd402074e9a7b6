"""`--set`, and a verdict in words."""

from __future__ import annotations

import math

import pytest

from tfwm.commands import options
from tfwm.commands import verdict_text as words
from tfwm.evidence.claims import OWNER
from tfwm.types import Verdict


def test_set_reaches_fields_and_nested_fields_with_their_types() -> None:
    before = {"size": 3, "rate": 0.5, "on": True, "path": "", "inner": {"epochs": 2}, "many": [1]}
    given = ["size=4", "rate=1e-3", "on=false", "path=64", "inner.epochs=7", "many=[2, 3]", "new=x=y"]
    after = options.changed(before, given)
    assert after == {
        "size": 4, "rate": 1e-3, "on": False, "path": "64", "inner": {"epochs": 7}, "many": [2, 3], "new": "x=y",
    }  # fmt: skip
    assert before["inner"] == {"epochs": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size", "`--set` must look like field=value, got 'size'"),
        ("=3", "must look like field=value"),
        ("inner.=3", "must look like field=value"),
        ("iner.epochs=3", "There is no field `iner`. Did you mean `inner`?"),
        ("size.epochs=3", "`size` is a single value. Write size=value"),
    ],
)
def test_set_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        options.changed({"size": 3, "inner": {"epochs": 2}}, [text])
    assert message in str(caught.value)


def test_set_gives_no_number_that_json_lacks() -> None:
    assert options.changed({"rate": 0.5}, ["rate=NaN"]) == {"rate": "NaN"}


def test_small_figures_of_a_verdict_are_not_rounded_away() -> None:
    details = {"distance_updated": 6.8e-6, "ncc": 0.987, "wrong": 0.0}
    text = words.verdict_text("it", "0a", Verdict(0.5, 0.9, 0.5, 16, "chance", details=details), OWNER)
    assert "  distance_updated 6.80e-06\n  ncc              0.987\n  wrong            0.000\n" in text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.5, "50%"),
        (0.03, "1 in 33"),
        (2.0**-16, "1 in 65,536"),
        (1 / 1.99e9, "1 in 1.9e+09"),
        (5.5e-20, "1 in 1.8e+19"),
    ],
)
def test_chance_never_claims_more_than_the_p_value(p_value: float, text: str) -> None:
    assert words.one_in(math.log10(p_value)) == text
