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
from functools import cached_property
from typing import Any, Generic, TypeVar

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
        if name in self.places:
            return _loaded(self.places[name])
        place = self.foreign[name]
        try:
            return _loaded(place)
        except Exception as error:  # a stranger's module may raise anything
            raise ImportError(
                f"the {self._what} `{name}` of another package cannot be loaded from `{place}`: {error}. Mend that "
                f"package's entry point in the group `{self._group}`, or uninstall it."
            ) from error

    def __iter__(self) -> Iterator[str]:
        return iter({**self.places, **self.foreign})

    def __len__(self) -> int:
        return len({**self.places, **self.foreign})

    def __contains__(self, name: object) -> bool:
        # Mapping's own would load the member to answer.
        return name in self.places or name in self.foreign

    @cached_property
    def foreign(self) -> Mapping[str, str]:
        """Places of the members that installed packages add, by name; a name that is taken already stays as it is."""
        found: dict[str, str] = {}
        for point in importlib.metadata.entry_points(group=self._group) if self._group else ():
            taken = self.places.get(point.name) or found.setdefault(point.name, point.value)
            if taken != point.value:
                warnings.warn(
                    f"the {self._what} `{point.name}` of another package, `{point.value}`, is left out: the name "
                    f"stands for `{taken}` already. Rename its entry point in the group `{self._group}`.", stacklevel=2,
                )  # fmt: skip
        return found

    def homes(self) -> Mapping[str, str]:
        """Module by attribute of the table's own members, for a package that hands them on."""
        places = (place.partition(":") for place in self.places.values())
        return {attribute: module for module, _, attribute in places}


def _loaded(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
