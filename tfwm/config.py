"""Frozen dataclasses to JSON and back, strictly: an unknown field is an error, never ignored."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")

LATER: Mapping[str, bool] = MappingProxyType({"later": True})
"""Metadata of a field that a later release added: at its default it is not written, so that what earlier ones wrote is
still all that there is to write, to the byte."""


def to_dict(settings: Any) -> dict[str, Any]:
    """The fields of a (nested) dataclass as plain JSON values; of `LATER` ones those that are not at their default.

    Raises:
      TypeError: `settings` are no dataclass, or hold what JSON does not have.
    """
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        raise TypeError(f"`settings` must be a dataclass instance, got {settings!r}.")
    return _without_later(settings, json.loads(json.dumps(dataclasses.asdict(settings))))


def _without_later(settings: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The JSON values of a dataclass less the `LATER` fields at their default, in nested dataclasses too."""
    written = {}
    for f in dataclasses.fields(settings):
        given, value = getattr(settings, f.name), values[f.name]
        if dataclasses.is_dataclass(given):
            value = _without_later(given, value)
        if not f.metadata.get("later") or value != _default(f):
            written[f.name] = value
    return written


def _default(field: dataclasses.Field[Any]) -> Any:
    """A field's default as JSON values."""
    given = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return to_dict(given) if dataclasses.is_dataclass(given) else json.loads(json.dumps(given))


def from_dict(cls: type[T], values: dict[str, Any]) -> T:
    """Builds a dataclass from JSON values.

    Args:
      cls: the dataclass; its fields may be dataclasses and tuples themselves.
      values: by field; fields with a default may be left out.

    Raises:
      ValueError: unknown field (the message names the closest one), missing field, wrong type.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = _hints(cls)  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise ValueError(_unknown("field", name, list(fields), cls.__name__))
    built = {name: _convert(cls.__name__, name, hints[name], value) for name, value in values.items()}
    missing = [
        name for name, f in fields.items()
        if name not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]  # fmt: skip
    if missing:
        raise ValueError(f"{cls.__name__} needs `{missing[0]}`, which is missing. Given: {sorted(values)}.")
    return cls(**built)


@functools.lru_cache(maxsize=256)
def _hints(cls: type) -> Mapping[str, Any]:
    """The types of the fields; what is written in quotes is compiled once."""
    return typing.get_type_hints(cls)


def choose(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Looks up a name that a user gave.

    Args:
      kind: what the entries are, in a word or two, for the message.
      name: what is looked for.
      table: the entries by name.

    Raises:
      ValueError: there is no such entry; the message names the closest one and lists them all.
    """
    if name not in table:
        raise ValueError(_unknown(kind, name, list(table), ""))
    return table[name]


def _unknown(kind: str, name: str, known: list[str], owner: str) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    where = f"{owner} has no" if owner else "There is no"
    return f"{where} {kind} `{name}`.{hint} Known: {', '.join(sorted(known))}."


def _convert(owner: str, name: str, hint: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            kind = getattr(hint, "__name__", hint)
            raise ValueError(f"`{owner}.{name}` must be an object with the fields of {kind}, got {value!r}.")
        return from_dict(typing.cast(type, hint), value)
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"`{owner}.{name}` must be a list, got {value!r}.")
        return tuple(_convert(owner, name, typing.get_args(hint)[0], item) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
        raise ValueError(f"`{owner}.{name}` must be of type {hint.__name__}, got {value!r}.")
    return value


def check_range(name: str, value: float, low: float, high: float, remedy: str) -> None:
    """Refuses a number outside `[low, high]`, NaN included.

    Args:
      name: of the argument, for the message.
      value: what came.
      low: the smallest number that may come.
      high: the largest one.
      remedy: a sentence that says what to use, for the message.

    Raises:
      ValueError: with the argument, the range, what came and `remedy`.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and low <= value <= high):
        raise ValueError(f"`{name}` must be a number from {low:g} to {high:g}, got {value!r}. {remedy}")


def check_whole(name: str, value: int, low: int, high: int, remedy: str) -> None:
    """Refuses what is not a whole number in `[low, high]`.

    Args:
      name: of the argument, for the message.
      value: what came.
      low: the smallest number that may come.
      high: the largest one.
      remedy: a sentence that says what to use, for the message.

    Raises:
      ValueError: with the argument, the range, what came and `remedy`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"`{name}` must be a whole number from {low} to {high}, got {value!r}. {remedy}")


def check_at_least_one(settings: Any, *names: str) -> None:
    """Refuses settings of which a named field is below 1.

    Args:
      settings: a dataclass instance.
      names: of its fields that are numbers.

    Raises:
      ValueError: with the first such field and its value.
    """
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"`{name}` must be at least 1, got {getattr(settings, name)}.")
