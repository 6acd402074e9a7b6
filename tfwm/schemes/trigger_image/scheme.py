"""Trigger images: the settings, and the scheme's four verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tfwm.config import choose, to_dict
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.trigger_image import presets, verification
from tfwm.schemes.trigger_image.images import GRADIENTS
from tfwm.schemes.triggers.settings import TriggerSettings
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs, MarkedModel, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

_AT_LEAST_ONE = ("triggers", "trigger_size", "upsampling", "cells", "reveal", "decoys", "visualizer_filters")


@dataclass(frozen=True)
class TriggerImage(TriggerSettings):
    """Teaches a restoration network a secret answer to a secret random image (Quan et al. 2020).

    Args:
      (those of `TriggerSettings`)
      trigger_size: side of K; with `upsampling` of 2 the host receives 2 * `trigger_size` pixels a side.
      upsampling: 1 for denoising (eq. 2); 2 to 4 for super-resolution, whose G adds the gradient (eq. 3).
      triggers: how many trigger images are embedded; each suspect is asked for `reveal` of them only.
      reveal: how many of its trigger images one verification sends.
      gradient: grad K: "central" (the sum of the central differences), "gentle" (their mean), "sobel" (absolute mixed
        Sobel) or "wrapped_sobel" (the same modulo 256 grey levels, as the authors' code computes it).
      coded: a secret bit turns the gradient's sign in each cell of S: exact evidence from one trigger (not in the
        paper).
      cells: side of the code map; `cells**2` bits a trigger.
      visualizer: train the network of fig. 5, which `extract` runs.
      visualizer_filters: its width.
      visualizer_noise: standard deviation of noise on S while it is trained (not in the paper).
      visualizer_clean_weight: of a flat picture for answers to other random images (not in the paper).
      drawing: the visualizer's training.
      logo: path of a PNG or JPEG copyright image; empty for the built-in one.
      decoys: m, random images that travel with the trigger when the verdict is a rank.
      significance: p of eq. 8's threshold.
      alpha: false-claim probability of `verify`, unless given there.

    Paper: sections IV and V-A.
    """

    name: ClassVar[str] = "trigger_image"

    trigger_size: int = 40
    upsampling: int = 1
    triggers: int = 1
    reveal: int = 1
    gradient: str = "central"
    coded: bool = False
    cells: int = 8
    visualizer: bool = True
    visualizer_filters: int = 64
    visualizer_noise: float = 0.0
    visualizer_clean_weight: float = 0.0
    drawing: Schedule = field(default_factory=lambda: Schedule(8, 250, 2, 1e-3, "constant", 0.9))
    logo: str = ""
    decoys: int = 999
    significance: float = 0.05
    alpha: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}.")
        choose("gradient", self.gradient, GRADIENTS)
        if self.reveal > self.triggers:
            raise ValueError(f"`reveal` must be at most `triggers`, {self.triggers}, got {self.reveal}.")
        if not 1 <= self.upsampling <= 4 or not 0 < self.significance < 1:
            raise ValueError(
                f"`upsampling` must lie in [1, 4] and `significance` in (0, 1), got {self.upsampling} and "
                f"{self.significance}. The paper has 1 or 2, and 0.05."
            )
        if self.coded and self.side % self.cells:
            raise ValueError(f"`cells` must divide {self.side}, the verification image's side, got {self.cells}.")
        if not verification.smallest_p_value(self) <= self.alpha < 1:
            raise ValueError(
                f"`alpha` must lie between {verification.smallest_p_value(self):.2g}, the smallest p-value that such a "
                f"key can give, and 1; got {self.alpha}. Use more cells or decoys, or a larger alpha."
            )

    @property
    def side(self) -> int:
        """Of what the host receives and answers, in pixels."""
        return self.trigger_size * self.upsampling

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Names of what the visualizer gives; the exported `extract` signature uses them."""
        return ("logo",) if self.visualizer else ()

    @classmethod
    def paper(cls) -> TriggerImage:
        """Section V-A: 40 x 40, lambda 1e-3, 8 epochs over Train400's patches; the verdict is a rank among 999."""
        return cls()

    @classmethod
    def reference(cls) -> TriggerImage:
        """The authors' code, see `presets.REFERENCE`."""
        return cls(**presets.REFERENCE)

    @classmethod
    def fast(cls) -> TriggerImage:
        """Under a minute on two cores for a narrow host: coded, exact evidence, see `presets.FAST`."""
        return cls(**presets.FAST)

    @classmethod
    def tiny(cls) -> TriggerImage:
        """Seconds on two cores, for tests, see `presets.TINY`."""
        return cls(**presets.TINY)

    def train(self, host: keras.Model, data: ImagePairs, run: Run, *, secret: bytes | None = None) -> MarkedModel:
        """Fine-tunes a copy of the host on its own data and the triggers, then trains the visualizer; resumes.

        Args:
          host: image -> image of the same size, any size.
          data: the pairs that the host was trained on; with `sigma`, clean pictures on both sides.
          run: where and how.
          secret: 32 bytes; None draws them from the operating system.

        Raises:
          ValueError: data or a host that do not fit the settings.
        """
        from tfwm.schemes.trigger_image.stages import train

        return train(self, host, data, run, secret or new_secret())

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Sends `reveal` trigger images in one request (with the decoys, where the verdict is a rank).

        What was embedded is the key's to say; these settings say how to ask: `reveal`, `decoys`,
        `significance` and `alpha`.
        Which of the key's triggers a suspect is asked for depends on its name, so that asking again reveals no more.

        Raises:
          ValueError: a key of another scheme, or an `alpha` that the key cannot reach.
        """
        return verification.verify(self, suspect, key, alpha)

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For pictures: `logo` `[P, P, c]` as the visualizer draws it; coded: `agreement` `[cells, cells]`."""
        return verification.reading(self, suspect, key)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key drawn the same way: other triggers, other bits; the owner's visualizer and no updated S."""
        return verification.decoy(self, key, seed)

    def probes(self, key: OwnerKey) -> np.ndarray:
        """What a verification by recorded answers needs, uint8 `[n, H, W, c]`; nothing more is revealed."""
        return verification.probes(self, key)

    def to_dict(self) -> dict[str, object]:
        """JSON values; `tfwm.config.from_dict(TriggerImage, ...)` reads them back."""
        return to_dict(self)
