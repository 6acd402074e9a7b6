"""What smoke, desk and paper mean: widths, steps and how much is measured."""

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

SIGMA = 25.0
BASELINES = ("base1", "base2")


@dataclass(frozen=True)
class Host:
    """One of the paper's four hosts.

    Args:
      title: as the tables print it.
      network: of `HostSettings`.
      depth: layers with weights, at every scale but smoke.
      upsampling: of the trigger: 1 where the host denoises, 2 where it super-resolves.
    """

    title: str
    network: str
    depth: int
    upsampling: int = 1

    @property
    def denoises(self) -> bool:
        return self.upsampling == 1

    @property
    def home(self) -> str:
        """What its quality is measured on after an attack; the paper has Img12 and Img14."""
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
      filters: of every host.
      depth: the most layers of a host.
      patches: in training.
      batch: of patches.
      host_epochs, host_steps, host_rate: of the hosts' training, steps in an epoch (of every training), learning rate.
      epochs: of an embedding (8 in the paper), of the same number of steps.
      strength: lambda where the paper has 1e-3.
      pictures, real_pictures: the most test pictures of a set, and of PolyU.
      keys: wrong keys of tables IV and V.
      tuning_batch: of the thief's fine-tuning, whose epochs have `host_steps` too.
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
    "smoke": Scale(4, 5, 64, 8, 2, 3, 2e-3, 1, 1e-1, 1, 1, 20, 8, False),
    "desk": Scale(16, 20, 8000, 16, 90, 40, 2e-3, 12, 1e-2, 68, 20, 1000, 8, False),
    "paper": Scale(64, 20, 238_336, 128, 50, 1862, 1e-3, 8, 1e-3, 68, 100, 1000, 128, True),
}


def scale_of(context: Context) -> Scale:
    """The sizes of the context's scale."""
    return choose("scale", context.scale, SCALES)


def hosts_of(context: Context, names: Iterable[T]) -> tuple[T, ...]:
    """All of `names`; at scale smoke the first one."""
    return tuple(names)[: context.at(smoke=1, desk=None, paper=None)]


def host_settings(context: Context, name: str) -> HostSettings:
    """How a host is trained."""
    scale, host = scale_of(context), choose("host", name, HOSTS)
    schedule = Schedule(scale.host_epochs, scale.host_steps, scale.batch, scale.host_rate, "cosine", 0.9)
    return HostSettings(
        host.network, filters=scale.filters, depth=min(host.depth, scale.depth), loss="l2",
        sigma=SIGMA if host.denoises else 0.0, schedule=schedule,
    )  # fmt: skip


def trigger_scheme(context: Context, name: str, **changes: Any) -> TriggerImage:
    """The paper's scheme for a host; `changes` are fields of `TriggerImage`."""
    scale, host = scale_of(context), choose("host", name, HOSTS)
    base = TriggerImage(
        **_embedding(scale, host), gradient="central", upsampling=host.upsampling,
        trigger_size=40 // host.upsampling, visualizer=False,
    )  # fmt: skip
    return replace(base, **changes)


def coded_scheme(context: Context, name: str) -> TriggerImage:
    """The variant with exact evidence, which tables VI to IX attack."""
    return trigger_scheme(context, name, coded=True, gradient="gentle", alpha=1e-6)


def large_scheme(context: Context, name: str) -> TriggerImage:
    """The coded variant with four times the evidence, as `TriggerImage.fast()` has it."""
    return replace(coded_scheme(context, name), trigger_size=80 // HOSTS[name].upsampling, cells=16)


def baseline(context: Context, kind: str, name: str, **changes: Any) -> LabelImage | ProjectedLabel:
    """Base-1 or Base-2 for a host."""
    scale, host = scale_of(context), choose("host", name, HOSTS)
    cls = choose("baseline", kind, {"base1": LabelImage, "base2": ProjectedLabel})
    return replace(cls(**_embedding(scale, host)), **changes)


def fine_tuning(context: Context, name: str) -> FineTune:
    """The thief's 100 epochs; the rate is what DnCNN's authors end with."""
    scale, host = scale_of(context), choose("host", name, HOSTS)
    schedule = Schedule(
        50 if context.scale == "smoke" else 100, scale.host_steps, scale.tuning_batch, 1e-4, "constant", 0.9
    )
    return FineTune(schedule=schedule, sigma=SIGMA if host.denoises else 0.0, freeze_statistics=True)


def _embedding(scale: Scale, host: Host) -> dict[str, Any]:
    return {
        "strength": scale.strength, "sigma": SIGMA if host.denoises else 0.0,
        "embedding": Schedule(scale.epochs, scale.host_steps, scale.batch, 1e-3, "constant", 0.9),
    }  # fmt: skip
