"""Settings of schemes that fine-tune a host on secret images (Quan et al. 2020, eq. 4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tfwm.config import choose
from tfwm.training import Schedule


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
    """

    image_size: int = 40
    channels: int = 1
    strength: float = 1e-3
    stop_at: float = 0.0
    batch_statistics: str = "fixed"
    copies: int = 1
    sigma: float = 0.0
    # 8 epochs of the 1,862 batches of 128 that Train400 gives at stride 10 (section V-A).
    embedding: Schedule = field(default_factory=lambda: Schedule(8, 1862, 128, 1e-3, "constant", 0.9))

    def __post_init__(self) -> None:
        choose("choice of batch statistics", self.batch_statistics, {"fixed": 0, "mixed": 0})
        for name in ("image_size", "channels", "copies"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        for name in ("sigma", "stop_at"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must not be negative, got {getattr(self, name)}. Leave it out, or give 0.")
        if self.strength <= 0:
            raise ValueError(f"`strength` must be above 0, got {self.strength}. The paper uses 1e-3.")
