"""The paper's hosts and schemes, and what smoke, desk and paper mean: widths, steps and how much is measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tfwm.attacks import FineTune
from tfwm.config import choose
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.papers.engine.experiment import Context
from tfwm.schemes.baselines import LabelImage, ProjectedLabel
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.training import Schedule

T = TypeVar("T")
Mark = TriggerImage | LabelImage | ProjectedLabel
"""The paper's scheme, Base-1 and Base-2."""

SIGMA = 25.0  # of the noise that a denoiser removes, in grey levels
BASELINES = ("base1", "base2")


@dataclass(frozen=True)
class Host:
    """One of the paper's four hosts.

    Args:
      title: as the tables print it.
      network: its name in `HostSettings`.
      depth: how many layers have weights, at every scale but smoke.
      upsampling: how many times the trigger is enlarged: 1 where the host denoises, 2 where it super-resolves.
    """

    title: str
    network: str
    depth: int
    upsampling: int = 1

    @property
    def denoises(self) -> bool:
        """Whether it removes noise; the others super-resolve."""
        return self.upsampling == 1

    @property
    def sigma(self) -> float:
        """The noise on its inputs, in grey levels; 0 where it super-resolves."""
        return SIGMA if self.denoises else 0.0

    @property
    def home(self) -> str:
        """The test set that its quality is measured on after an attack; the paper has Img12 and Img14."""
        return "Set11" if self.denoises else "Set5"


HOSTS = {
    "dncnn": Host("DnCNN", "dncnn", 17),
    "red": Host("RED", "red", 13),
    "vdsr": Host("VDSR", "vdsr", 20, 2),
    "sr_dncnn": Host("SR-DnCNN", "dncnn", 17, 2),
}


@dataclass(frozen=True)
class Scale:
    """Sizes of one scale.

    Args:
      filters: how many channels the layers of a host have.
      depth: the most layers of a host.
      patches: how many patches a host is trained on.
      batch: how many of them a batch holds.
      host_epochs: epochs of a host's training.
      host_steps: batches in an epoch of every training.
      host_rate: learning rate of a host's training.
      epochs: of an embedding; 8 in the paper.
      strength: lambda where the paper has 1e-3.
      pictures: the most test pictures of a set.
      real_pictures: the most test pictures of PolyU.
      keys: how many wrong keys tables IV and V try.
      tuning_batch: how many patches a batch of the thief's fine-tuning holds.
      tuned_baselines: whether table VII tunes the baselines of all hosts, or RED's alone.
    """

    filters: int
    depth: int
    patches: int
    batch: int
    host_epochs: int
    host_steps: int
    host_rate: float
    epochs: int
    strength: float
    pictures: int
    real_pictures: int
    keys: int
    tuning_batch: int
    tuned_baselines: bool


SCALES = {
    "smoke": Scale(
        filters=4, depth=5, patches=64, batch=8, host_epochs=2, host_steps=3, host_rate=2e-3, epochs=1, strength=1e-1,
        pictures=1, real_pictures=1, keys=20, tuning_batch=8, tuned_baselines=False,
    ),
    "desk": Scale(
        filters=16, depth=20, patches=8000, batch=16, host_epochs=90, host_steps=40, host_rate=2e-3, epochs=12,
        strength=1e-2, pictures=68, real_pictures=20, keys=1000, tuning_batch=8, tuned_baselines=False,
    ),
    "paper": Scale(
        filters=64, depth=20, patches=238_336, batch=128, host_epochs=50, host_steps=1862, host_rate=1e-3, epochs=8,
        strength=1e-3, pictures=68, real_pictures=100, keys=1000, tuning_batch=128, tuned_baselines=True,
    ),
}  # fmt: skip


def first_at_smoke(context: Context, names: Iterable[T]) -> tuple[T, ...]:
    """All of `names`; at scale smoke the first one alone.

    Args:
      context: of the experiment.
      names: of hosts, or other things.
    """
    return tuple(names)[: context.at(smoke=1, desk=None, paper=None)]


def host_settings(context: Context, name: str) -> HostSettings:
    """How a host is trained at the context's scale.

    Args:
      context: of the experiment.
      name: of the host, in `HOSTS`.

    Raises:
      ValueError: there is no such host; the message names the closest one.
    """
    scale, host = SCALES[context.scale], choose("host", name, HOSTS)
    schedule = Schedule(scale.host_epochs, scale.host_steps, scale.batch, scale.host_rate, "cosine", 0.9)
    return HostSettings(
        host.network, filters=scale.filters, depth=min(host.depth, scale.depth), loss="l2",
        sigma=host.sigma, schedule=schedule,
    )  # fmt: skip


def trigger_scheme(context: Context, name: str, **changes: Any) -> TriggerImage:
    """The paper's scheme for a host, without the visualizer.

    Args:
      context: of the experiment.
      name: of the host.
      changes: fields of `TriggerImage` that are to be other than at this scale.
    """
    scale, host = SCALES[context.scale], choose("host", name, HOSTS)
    usual = TriggerImage(
        **_embedding(scale, host), gradient="central", upsampling=host.upsampling,
        trigger_size=40 // host.upsampling, visualizer=False,
    )  # fmt: skip
    return replace(usual, **changes)


def coded_scheme(context: Context, name: str) -> TriggerImage:
    """The scheme with a secret bit in each cell, whose evidence is exact; tables VI to IX attack it.

    Args:
      context: of the experiment.
      name: of the host.
    """
    return trigger_scheme(context, name, coded=True, gradient="gentle", alpha=1e-6)


def large_scheme(context: Context, name: str) -> TriggerImage:
    """`coded_scheme` with four times as many bits on a larger trigger, as `TriggerImage.fast()` has it.

    Args:
      context: of the experiment.
      name: of the host.
    """
    return replace(coded_scheme(context, name), trigger_size=80 // HOSTS[name].upsampling, cells=16)


def baseline(context: Context, method: str, name: str, **changes: Any) -> LabelImage | ProjectedLabel:
    """One of the paper's two baselines for a host.

    Args:
      context: of the experiment.
      method: `base1` or `base2`.
      name: of the host.
      changes: fields of the baseline's settings that are to be other than at this scale.
    """
    scale, host = SCALES[context.scale], choose("host", name, HOSTS)
    cls = choose("baseline", method, {"base1": LabelImage, "base2": ProjectedLabel})
    return replace(cls(**_embedding(scale, host)), **changes)


def fine_tuning(context: Context, name: str) -> FineTune:
    """A thief's fine-tuning over 100 epochs (50 at smoke), at the rate that DnCNN's authors end with.

    Args:
      context: of the experiment.
      name: of the host.
    """
    scale, host = SCALES[context.scale], choose("host", name, HOSTS)
    schedule = Schedule(
        50 if context.scale == "smoke" else 100, scale.host_steps, scale.tuning_batch, 1e-4, "constant", 0.9
    )
    return FineTune(schedule=schedule, sigma=host.sigma, freeze_statistics=True)


def _embedding(scale: Scale, host: Host) -> dict[str, Any]:
    """The fields of all three schemes' settings that the scale and the host decide."""
    return {
        "strength": scale.strength, "sigma": host.sigma,
        "embedding": Schedule(scale.epochs, scale.host_steps, scale.batch, 1e-3, "constant", 0.9),
    }  # fmt: skip
