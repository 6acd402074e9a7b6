"""What a kind of host is: the protocol, the data that callers ask it for, and what its quality means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfwm.suspects.answers import Answer
from tfwm.types import ImagePairs, LabelledImages, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

Figures = dict[str, "float | None"]
"""Figures by name; None where a figure has no finite value."""


class Quality(Protocol):
    """How answers on one part of the data are measured."""

    def answers(self, suspect: Suspect) -> np.ndarray:
        """What the suspect answers on the part, in the form that the other methods take."""
        ...

    def row(self, answers: np.ndarray, marked: np.ndarray) -> Figures:
        """Fields of a report's row, from the suspect's answers and the marked model's."""
        ...

    def fidelity(self, marked: np.ndarray, host: np.ndarray) -> Figures:
        """What the mark does to the answers, and to the host's own task."""
        ...


def shapes_of(network: keras.Model) -> tuple[Any, Any]:
    """What a network takes and gives, as Keras says it; None for one that has never been called on anything."""
    try:
        return network.input_shape, network.output_shape
    except (AttributeError, RuntimeError):
        return None, None


def remedy(network: keras.Model, usual: str) -> str:
    """What to do about a network that is no host: a sentence for the end of a message.

    Args:
      network: of anybody.
      usual: the sentence where nothing better is known.
    """
    taken, given = shapes_of(network)
    if taken is None:
        return "Call it once on pictures before you save it: a network that was never called has no shapes."
    if isinstance(given, tuple) and len(given) == 2 and given[1] == 1:
        return (
            "A classifier of two classes must give a score for each. Where its one score is a sigmoid's, save this "
            "instead: `p = model.output; keras.Model(model.input, keras.layers.Concatenate()([1 - p, p]))`."
        )
    return usual


def check_number(network: keras.Model, named: str) -> None:
    """Refuses a network for batches of one size: no part of tfwm asks in such batches, and no export has them.

    Args:
      network: one that has shapes.
      named: what gave it, for the message.

    Raises:
      ValueError: it is one.
    """
    number = network.input_shape[0]
    if number is not None:
        raise ValueError(
            f"`{named}` must take any number of pictures, got one that takes {number} at a time. Build it with "
            "`keras.Input(shape)` without a batch size, give it the same weights, and save that."
        )


@dataclass(frozen=True)
class Wanted:
    """Which data a caller needs; see `Kind.read`.

    Args:
      counts: how many images of each part that is wanted: some of `owner`, `attacker` and `test`.
      image_size: side in pixels of pictures that are cut from photographs.
      channels: of the pictures, 1 or 3, where neither the user nor a network says another number.
      chosen_channels: the user's own choice, 1 or 3, or None.
      network: the host or suspect that the data are for, where it is at hand: its pictures are wanted.
      task: of restoration: one of `tfwm.data.TASKS`.
      limit: of a labelled data set: train on no more than so many images; None takes all.
      seed: of every draw.
      host_settings: what the scheme decides of the host's training, see `Scheme.host_settings`.
    """

    counts: Mapping[str, int]
    image_size: int
    channels: int = 3
    chosen_channels: int | None = None
    network: keras.Model | None = None
    task: str = "derain"
    limit: int | None = None
    seed: int = 0
    host_settings: Mapping[str, Any] = field(default_factory=dict)


class Kind(Protocol):
    """A kind of host: the one place where restoration networks and classifiers differ.

    What belongs to a room above this one (signatures of an export, examples of a pipeline) is a table of that room
    with an entry for each kind: `tfwm.kinds.PerKind`.

    Attributes:
      name: in `tfwm.kinds.KINDS`.
      models: hosts of this kind in the plural, for messages: `classifiers`.
      answer: what they answer with.
      data: the type that they learn from.
      networks: hosts that `train_host` can train, by name.
      default_network: the one of them that is trained where none is named.
      counts: how many of the owner's images a preset of a scheme is trained on, where they are cut from photographs.
      test_count: how many the test part then has.
      settings: the type of a host's settings.
      columns: of a report's table: heading, and field of the row.
      task_figures: names of the fidelity figures of the host's own task, without and with the mark.
      thresholds: fields of a policy without which nothing of this kind is blessed.
      usual_attacks, usual_policy: as a scheme's, for schemes that name none.
      trivial: row labels of suspects that know nothing, and the name that each gives itself.
      origins: what each of these is, by the same labels, for a reader of the report.
    """

    @property
    def name(self) -> str: ...

    @property
    def models(self) -> str: ...

    @property
    def answer(self) -> Answer: ...

    @property
    def data(self) -> type[ImagePairs] | type[LabelledImages]: ...

    @property
    def networks(self) -> Mapping[str, Any]: ...

    @property
    def default_network(self) -> str: ...

    @property
    def counts(self) -> Mapping[str, int]: ...

    @property
    def test_count(self) -> int: ...

    @property
    def settings(self) -> Any: ...

    @property
    def columns(self) -> Mapping[str, str]: ...

    @property
    def task_figures(self) -> tuple[str, str]: ...

    @property
    def thresholds(self) -> tuple[str, ...]: ...

    @property
    def usual_attacks(self) -> tuple[Mapping[str, Any], ...]: ...

    @property
    def usual_policy(self) -> Mapping[str, Any]: ...

    @property
    def trivial(self) -> Mapping[str, str]: ...

    @property
    def origins(self) -> Mapping[str, str]: ...

    def fits(self, network: keras.Model) -> bool:
        """Whether a network takes images and answers as hosts of this kind do."""
        ...

    def check(self, network: keras.Model, data: Any, named: str) -> None:
        """Refuses a network that is no host of this kind, or not for these data.

        Args:
          network: of anybody.
          data: of this kind; None checks the network alone.
          named: the option that gave the network, for the message.
        """
        ...

    def measured(self, network: keras.Model, data: Any, named: str) -> str:
        """How well a host of the owner's does on pictures in [0, 1], in a sentence; refuses one that does not work."""
        ...

    def read(self, source: str | None, wanted: Wanted, say: Callable[[str], None]) -> dict[str, Any]:
        """The parts of the user's data; without a source, of photographs that scikit-image carries.

        Args:
          source: a file or folder, or None.
          wanted: how many of which.
          say: is called with a sentence on whatever is left out or assumed.

        Returns:
          The parts of `wanted.counts`, each of the type `data`.
        """
        ...

    def described(self, data: Any, network: keras.Model | None) -> dict[str, Any]:
        """Fields of a scheme that the data, and a host where there is one, decide."""
        ...

    def preset(self, name: str, **changes: Any) -> Any:
        """Settings of a host for a preset of a scheme, with the fields that are not None changed."""
        ...

    def train_host(self, data: Any, settings: Any, run: Any) -> keras.Model:
        """Trains an unmarked host; resumes after a kill."""
        ...

    def quality(self, test: Any) -> Quality:
        """How answers on the test part are measured."""
        ...

    def guessers(self, thief: Any, *, seed: int) -> Mapping[str, Suspect]:
        """The suspects that know nothing, by the names in `trivial`; `thief` is the thief's part."""
        ...

    def images(self, data: Any) -> np.ndarray:
        """What a host is asked, uint8 `[n, height, width, channels]`."""
        ...

    def shortfalls(self, fidelity: Mapping[str, float | None], policy: Any) -> list[str]:
        """Sentences on what the mark costs beyond what the policy allows; a threshold that is None is passed over."""
        ...

    def cost(self, fidelity: Mapping[str, float | None], images: int) -> str:
        """What the mark costs, in a sentence, as measured on so many test images."""
        ...

    def claim(self, verdict: Verdict) -> tuple[str, dict[str, Any]]:
        """What the key finds in the marked model itself, in a sentence and as figures."""
        ...
