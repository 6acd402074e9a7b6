"""The two kinds of hosts: restoration networks and classifiers.

| file | holds |
|---|---|
| protocol.py | `Kind`: all that differs between the two |
| restoration.py | networks from images to images |
| classification.py | networks from images to class scores |
| skill.py | whether a host of the owner's works on pictures as tfwm gives them |
| wrappers.py | the wrappers that cost a thief nothing, which every evaluation tries |
| fidelity.py | how far two sets of pictures are apart |

Nothing else in tfwm asks which kind a host is: it takes the kind of a scheme, of a network or of data from here, and
calls its methods. A room above this one that has a part for each kind keeps it in a `PerKind` table of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tfwm.config import choose
from tfwm.kinds.protocol import Kind, Quality, Wanted, remedy, shapes_of
from tfwm.registry import Table

if TYPE_CHECKING:
    from tensorflow import keras

T = TypeVar("T")

__all__ = [
    "KINDS",
    "Kind",
    "PerKind",
    "Quality",
    "Wanted",
    "kind_called",
    "kind_of_data",
    "kind_of_network",
    "shapes_of",
]

KINDS: Table[Kind] = Table(
    "kind of host",
    {
        "restoration": "tfwm.kinds.restoration:KIND",
        "classification": "tfwm.kinds.classification:KIND",
    },
)


def kind_called(name: str) -> Kind:
    """The kind of a name, for instance of `scheme.kind`.

    Raises:
      ValueError: there is none of that name.
    """
    return choose("kind of host", name, KINDS)


def kind_of_network(network: keras.Model, named: str) -> Kind:
    """The kind of a network, by what it takes and what it answers.

    Args:
      network: of anybody.
      named: what gave it, for the message: `--suspect`.

    Raises:
      ValueError: it is of no kind.
    """
    for kind in KINDS.values():
        if kind.fits(network):
            return kind
    taken, given = shapes_of(network)
    raise ValueError(
        f"`{named}` must map images [n, h, w, 1 or 3] to images, or to the scores [n, classes] of at least 2 classes, "
        f"got {taken} to {given}. {remedy(network, 'Give a restoration network or a classifier.')}"
    )


def kind_of_data(data: Any) -> Kind:
    """The kind whose hosts learn from such data.

    Raises:
      ValueError: data of no kind.
    """
    for kind in KINDS.values():
        if isinstance(data, kind.data):
            return kind
    wanted = " or ".join(kind.data.__name__ for kind in KINDS.values())
    raise ValueError(f"`data` must be {wanted}, got {type(data).__name__}. Wrap the arrays in one.")


class PerKind(Mapping[str, T]):
    """A part of every kind that belongs to a room above this one, by the kind's name.

    Args:
      what: the part in a word or two, for the message.
      parts: one for each kind.

    Raises:
      ValueError: a kind has no part, or a part no kind.
    """

    def __init__(self, what: str, **parts: T) -> None:
        if set(parts) != set(KINDS):
            raise ValueError(f"`{what}` must have a part for each of {', '.join(KINDS)}, got {', '.join(parts)}.")
        self._parts = parts

    def __getitem__(self, name: str) -> T:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
