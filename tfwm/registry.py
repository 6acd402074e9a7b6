"""Tables of members by name: names at once, classes on demand, and a user's own package may add to them.

A line of a table says where a member lies, as in the entry points of a package: `"jpeg": "tfwm.attacks.answers:Jpeg"`.
Listing names imports nothing. Another package adds members through an entry point of the table's group:

    [options.entry_points]
    tfwm.attacks =
        mirror = mypackage.mirror:Mirror
"""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")


class Table(Mapping[str, T], Generic[T]):
    """Members of one sort by name.

    Args:
      what: a member in one word, for messages: `attack`.
      places: `module:attribute` by name; kept as the attribute `places`.
      group: of entry points through which other packages add members, or empty.
    """

    def __init__(self, what: str, places: Mapping[str, str], group: str = "") -> None:
        self.places, self._what, self._group = dict(places), what, group

    def __getitem__(self, name: str) -> T:
        place = self.places.get(name) or self.foreign()[name]
        module, _, attribute = place.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if name in self.places:
                raise
            raise ImportError(
                f"the {self._what} `{name}` of another package cannot be loaded from `{place}`: {error}. Mend that "
                f"package's entry point in the group `{self._group}`, or uninstall it."
            ) from error

    def __iter__(self) -> Iterator[str]:
        return iter({**self.places, **self.foreign()})

    def __len__(self) -> int:
        return len({**self.places, **self.foreign()})

    def __contains__(self, name: object) -> bool:
        # Mapping's own would load the member to answer.
        return name in self.places or name in self.foreign()

    def foreign(self) -> Mapping[str, str]:
        """Places of the members that installed packages add; a name that is taken already stays as it is."""
        found = _entry_points(self._group) if self._group else {}
        return {name: place for name, place in found.items() if name not in self.places}

    def homes(self) -> Mapping[str, str]:
        """Module by attribute of the table's own members, for a package that hands them on."""
        places = (place.partition(":") for place in self.places.values())
        return {attribute: module for module, _, attribute in places}


@cache
def _entry_points(group: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for point in importlib.metadata.entry_points(group=group):
        if found.setdefault(point.name, point.value) != point.value:
            warnings.warn(f"two packages add `{point.name}` to {group}; {found[point.name]} is taken", stacklevel=2)
    return found
