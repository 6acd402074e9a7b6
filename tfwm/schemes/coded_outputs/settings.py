"""What every scheme sets that adds a message to outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from tfwm.config import check_whole, to_dict
from tfwm.evidence import statistics, verdicts
from tfwm.schemes.coded_outputs.usual import USUAL_ATTACKS, USUAL_POLICY
from tfwm.types import RESTORATION

S = TypeVar("S", bound="CodedOutputsSettings")

MOST_BITS = 1024


@dataclass(frozen=True)
class CodedOutputsSettings:
    """The size of pictures and message, and how a suspect is read.

    Args:
      image_size: side in pixels at which the message is added and read; other pictures are resampled to it.
      channels: of the host's output.
      bits: of the message.
      probes: how many of the owner's images the key keeps for verification.
      blind: read the answers alone, as the methods do with single pictures. Otherwise what the reader says of the
        unmarked host's answers to the same probes is taken away first, which the key keeps for it: what the pictures
        themselves say to the reader is gone then, and far weaker marks are found.
      alpha: false-claim probability of `verify`, unless given there.

    Raises:
      ValueError: a value is out of its range, or `alpha` is below the smallest p-value that such a key can give.
    """

    name: ClassVar[str] = ""
    kind: ClassVar[str] = RESTORATION
    presets: ClassVar[tuple[str, ...]] = ("paper", "fast", "tiny")
    usual_host: ClassVar[str] = "residual_unet"
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]] = USUAL_ATTACKS
    usual_policy: ClassVar[Mapping[str, Any]] = USUAL_POLICY
    extractor_outputs: ClassVar[tuple[str, ...]] = ()
    host_settings: ClassVar[Mapping[str, Any]] = {}
    exact: ClassVar[bool] = True
    pieces: ClassVar[int] = 1
    divisible: ClassVar[bool] = False
    barrier: ClassVar[bool] = True
    asking: ClassVar[tuple[str, ...]] = ()
    decoys_ask_alike: ClassVar[bool] = True
    shown_arrays: ClassVar[Mapping[str, int | None]] = {"probes": None, "unmarked": None}
    shown_networks: ClassVar[tuple[str, ...]] = ()

    image_size: int = 256
    channels: int = 3
    bits: int = 64
    probes: int = 100
    blind: bool = False
    alpha: float = 1e-6

    def __post_init__(self) -> None:
        check_whole("bits", self.bits, 1, MOST_BITS, "Zhang 2021 has 64.")
        check_whole("probes", self.probes, 2, 2**16, "Use 100.")
        check_whole("image_size", self.image_size, 8, 4096, "Zhang 2021 has 256.")
        if self.channels not in (1, 3):
            raise ValueError(f"`channels` must be 1 or 3, got {self.channels}.")
        verdicts.check_alpha(self.alpha, statistics.smallest_p_value(self.bits))

    @property
    def rows(self) -> int:
        """Of the message drawn as a map of bits as near to a square as can be."""
        return max(row for row in range(1, math.isqrt(self.bits) + 1) if self.bits % row == 0)

    @property
    def batch_size(self) -> int:
        """The fewest pairs that there must be beside the probes."""
        return 1

    def on_stolen_host(self: S) -> S:
        """The same: the host's weights stay as they are."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values; `tfwm.config.from_dict` reads them back."""
        return to_dict(self)
