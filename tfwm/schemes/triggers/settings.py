"""Settings of schemes that fine-tune a host on secret images (Quan et al. 2020, eq. 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from tfwm.config import LATER, check_at_least_one, check_range, choose, to_dict
from tfwm.schemes.triggers.usual import USUAL_ATTACKS, USUAL_POLICY
from tfwm.training import Schedule
from tfwm.types import RESTORATION

S = TypeVar("S", bound="TriggerSettings")


@dataclass(frozen=True)
class TriggerSettings:
    """How a host is fine-tuned to answer secret images in a secret way.

    Args:
      image_size: side in pixels of the owner's training patches.
      channels: of the host.
      strength: lambda of eq. 4.
      stop_at: end the embedding after the epoch in which the answers to the triggers are this near to what they shall
        be: root mean square error, 1 being white less black; 0 runs all epochs. Of classes, it is the root of the
        cross entropy.
      batch_statistics: "fixed" keeps the host's own, so that nothing of a trigger gets into them; "mixed" trains with
        those of patches and triggers together, as the authors' code does: on one replica, and with triggers of the
        patches' size.
      copies: of each trigger in a mixed batch; 5 in the authors' code.
      sigma: fresh Gaussian noise on the owner's inputs at every step, in grey levels; 0: pairs as they are.
      embedding: the fine-tuning.
      flatness: how flat the mark shall lie, 0 to 0.5: each step takes the mark's part of the gradient where the mark is
        worst within this share of every weight tensor's norm, so that further training takes longer to wear it off
        (not in the paper); 0 leaves this out.
    """

    kind: ClassVar[str] = RESTORATION
    usual_host: ClassVar[str] = "dncnn"
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]] = USUAL_ATTACKS
    usual_policy: ClassVar[Mapping[str, Any]] = USUAL_POLICY
    shown_arrays: ClassVar[Mapping[str, int | None]] = {}
    shown_networks: ClassVar[tuple[str, ...]] = ()
    divisible: ClassVar[bool] = False
    asking: ClassVar[tuple[str, ...]] = ()

    image_size: int = 40
    channels: int = 1
    strength: float = 1e-3
    stop_at: float = 0.0
    batch_statistics: str = "fixed"
    copies: int = 1
    sigma: float = 0.0
    # 8 epochs of the 1,862 batches of 128 that Train400 gives at stride 10 (section V-A).
    embedding: Schedule = field(default_factory=lambda: Schedule(8, 1862, 128, 1e-3, "constant", 0.9))
    flatness: float = field(default=0.0, metadata=LATER)

    def __post_init__(self) -> None:
        choose("choice of batch statistics", self.batch_statistics, {"fixed": 0, "mixed": 0})
        check_at_least_one(self, "image_size", "channels", "copies")
        for name in ("sigma", "stop_at"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must not be negative, got {getattr(self, name)}. Leave it out, or give 0.")
        check_range("flatness", self.flatness, 0.0, 0.5, "It is a share of the weights: use 0.05, or 0 for none.")
        if self.flatness and self.batch_statistics == "mixed":
            raise ValueError(
                "`flatness` must be 0 where `batch_statistics` are mixed: weights that are moved for a moment would "
                f"leave their statistics behind, got {self.flatness}. Use fixed ones."
            )
        if self.strength <= 0:
            raise ValueError(f"`strength` must be above 0, got {self.strength}. The paper uses 1e-3.")

    @property
    def exact(self) -> bool:
        """All that is asked and expected follows from the secret and these settings."""
        return True

    @property
    def pieces(self) -> int:
        """One: the secret images stand and fall together."""
        return 1

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Nothing: the mark is read without a network."""
        return ()

    @property
    def host_settings(self) -> Mapping[str, Any]:
        """The noise that the host is trained against, as its embedding is."""
        return {"sigma": self.sigma}

    def on_stolen_host(self: S) -> S:
        """The same: a host is always fine-tuned from the weights that it has."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values; `tfwm.config.from_dict` reads them back."""
        return to_dict(self)
