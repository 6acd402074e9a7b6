"""Settings to JSON and back: nothing unknown is ever ignored."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tfwm.config import LATER, choose, from_dict, to_dict


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    count: int
    name: str = "x"
    on: bool = False
    sizes: tuple[int, ...] = (1, 2)
    inner: Inner = field(default_factory=Inner)
    parts: tuple[Inner, ...] = ()


def test_round_trip() -> None:
    settings = Outer(3, "y", True, (4,), Inner(0.25), (Inner(1.0), Inner(2.0)))
    values = to_dict(settings)
    assert values == {
        "count": 3, "name": "y", "on": True, "sizes": [4], "inner": {"rate": 0.25},
        "parts": [{"rate": 1.0}, {"rate": 2.0}],
    }  # fmt: skip
    assert from_dict(Outer, values) == settings
    assert from_dict(Outer, {"count": 3}) == Outer(3)


def test_whole_numbers_serve_as_floats() -> None:
    rate = from_dict(Inner, {"rate": 2}).rate
    assert rate == 2.0
    assert isinstance(rate, float)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"cuont": 3}, r"Outer has no field `cuont`. Did you mean `count`\? Known: count, inner, name"),
        ({"count": 3, "inner": {"rat": 1.0}}, r"Inner has no field `rat`. Did you mean `rate`\?"),
        ({"count": 3, "zzzzzz": 1}, r"Outer has no field `zzzzzz`. Known:"),
        ({"name": "x"}, r"Outer needs `count`, which is missing. Given: \['name'\]"),
        ({"count": 3.0}, r"`Outer.count` must be of type int, got 3.0"),
        ({"count": True}, r"`Outer.count` must be of type int, got True"),
        ({"count": "3"}, r"`Outer.count` must be of type int, got '3'"),
        ({"count": 3, "on": 1}, r"`Outer.on` must be of type bool, got 1"),
        ({"count": 3, "name": None}, r"`Outer.name` must be of type str, got None"),
        ({"count": 3, "sizes": 5}, r"`Outer.sizes` must be a list, got 5"),
        ({"count": 3, "sizes": [1, "2"]}, r"`Outer.sizes` must be of type int, got '2'"),
        ({"count": 3, "inner": 0.5}, r"`Outer.inner` must be an object with the fields of Inner, got 0.5"),
        ({"count": 3, "inner": {"rate": True}}, r"`Inner.rate` must be of type float, got True"),
        ({"count": 3, "parts": [[]]}, r"`Outer.parts` must be an object with the fields of Inner, got \[\]"),
    ],
)
def test_what_does_not_fit_is_refused(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_dict(Outer, values)


@pytest.mark.parametrize("wrong", [{"a": 1}, Outer, 5])
def test_only_dataclass_instances_become_json(wrong: object) -> None:
    with pytest.raises(TypeError, match="`settings` must be a dataclass instance"):
        to_dict(wrong)


def test_choose() -> None:
    assert choose("colour", "red", {"red": 1}) == 1
    with pytest.raises(ValueError, match=r"There is no colour `rde`. Did you mean `red`\? Known: blue, red."):
        choose("colour", "rde", {"red": 1, "blue": 2})


@dataclass(frozen=True)
class Place:
    row: int = 0


@dataclass(frozen=True)
class Plan:
    steps: int = 1
    judged: str = field(default="here", metadata=LATER)


@dataclass(frozen=True)
class Grown:
    count: int = 1
    views: str = field(default="none", metadata=LATER)
    place: Place = field(default_factory=Place, metadata=LATER)


def test_a_later_field_is_written_only_where_it_says_something() -> None:
    """What an earlier release wrote, a key's settings for instance, is still what is written today."""
    assert to_dict(Grown()) == {"count": 1}
    assert to_dict(Grown(2, "turns")) == {"count": 2, "views": "turns"}
    assert to_dict(Grown(place=Place(3))) == {"count": 1, "place": {"row": 3}}
    for settings in (Grown(), Grown(2, "turns"), Grown(place=Place(3))):
        assert from_dict(Grown, to_dict(settings)) == settings


@dataclass(frozen=True)
class Planned:
    early: Plan = field(default_factory=Plan)
    late: Plan = field(default_factory=lambda: Plan(2), metadata=LATER)


def test_a_later_field_of_a_field_is_left_out_too() -> None:
    assert to_dict(Planned()) == {"early": {"steps": 1}}
    changed = Planned(Plan(judged="there"), Plan(2, "there"))
    assert to_dict(changed) == {"early": {"steps": 1, "judged": "there"}, "late": {"steps": 2, "judged": "there"}}
    # Only what is wholly at its default is left out, even where a part of it is.
    assert to_dict(Planned(late=Plan(3))) == {"early": {"steps": 1}, "late": {"steps": 3}}
    for settings in (Planned(), changed, Planned(late=Plan())):
        assert from_dict(Planned, to_dict(settings)) == settings
