"""The paper's tasks, marks and cases, and what smoke, desk and paper mean: sizes, widths and steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tfwm.attacks.copies.surrogate import Surrogate
from tfwm.attacks.copies.zhang2021 import SCHEDULE, WIDTHS, cnets, paper_surrogates
from tfwm.config import choose
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.papers.engine.experiment import Context
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.training import Schedule

T = TypeVar("T")

CANVAS = 256  # the side of the paper's images and of its marks


@dataclass(frozen=True)
class Task:
    """What a host does.

    Args:
      title: as the tables print it.
      channels: of its images.
    """

    title: str
    channels: int


TASKS = {"debone": Task("Debone", 1), "derain": Task("Derain", 3)}
PROTECTED = {"polyu": Task("PolyU (for DPED)", 3), "rtv": Task("RTV", 3)}
"""What has no model: a data set, and a traditional algorithm."""
_SOURCES = {**TASKS, **PROTECTED}
MARKS = {"ieee": ("IEEE", 1), "flower": ("Flower", 3), "qr": ("QR", 1), "peppers": ("Peppers", 3), "lena": ("Lena", 3)}
"""Of each mark what the tables call it, and its channels; a grey mark stays grey on images in colour."""


@dataclass(frozen=True)
class Case:
    """A task and the mark in its outputs, `x-y` in table 1.

    Args:
      task: in `TASKS` or `PROTECTED`.
      mark: in `MARKS`, or `drawing:` and a number.
    """

    task: str
    mark: str

    @property
    def channels(self) -> int:
        """Of the mark; drawings are in colour."""
        return MARKS.get(self.mark, (self.mark, 3))[1]

    @property
    def name(self) -> str:
        """As `printed` calls it: `debone_ieee`."""
        return f"{self.task}_{self.mark}"

    @property
    def title(self) -> str:
        """As the tables print it: `Debone-IEEE`."""
        return f"{_SOURCES[self.task].title}-{MARKS.get(self.mark, (self.mark, 3))[0]}"


CASES = tuple(Case(*pair) for pair in (
    ("debone", "ieee"), ("debone", "flower"), ("debone", "qr"), ("derain", "flower"), ("derain", "peppers"),
    ("derain", "lena"), ("derain", "ieee"), ("derain", "qr"),
))  # fmt: skip
"""Those of table 1, in its order."""
DEBONE, DERAIN = Case("debone", "ieee"), Case("derain", "flower")
"""The two that the paper attacks."""


@dataclass(frozen=True)
class Scale:
    """Sizes of one scale.

    Args:
      side: of all images, in pixels.
      images: how many of the owner's, the thief's and the test part, by part.
      surrogate_filters: width of a surrogate's outermost layer.
      surrogate_downs: halvings of a surrogate that is a U-Net.
      surrogate_schedule: how long each is trained.
      columns: how many of table 2's surrogates are tried; None for all.
      widths: of CNet in figure 10.
      sizes: of the marks in table 6, in pixels of a canvas of 256.
      releases: of one network in table 7.
      overwriting: drawings of the network that overwrites in training, in table 4.
    """

    side: int
    images: Mapping[str, int]
    surrogate_filters: int
    surrogate_downs: int
    surrogate_schedule: Schedule
    columns: tuple[str, ...] | None
    widths: tuple[int, ...]
    sizes: tuple[int, ...]
    releases: int
    overwriting: int


SCALES = {
    "smoke": Scale(
        32, {"owner": 64, "attacker": 32, "test": 8}, 4, 3, Schedule(1, 2, 8, 2e-3, "cosine", 0.9), ("CNet", "UNet"),
        (2, 4), (64, 256), 2, 2,
    ),
    "desk": Scale(
        64, {"owner": 2560, "attacker": 2000, "test": 100}, 16, 4, Schedule(14, 50, 16, 2e-3, "cosine", 0.9), None,
        (4, 8, 16, 32, 64), (32, 64, 96, 128, 256), 10, 90,
    ),
    "paper": Scale(
        256, {"owner": 6100, "attacker": 6000, "test": 100}, 64, 7, SCHEDULE, None, WIDTHS, (32, 64, 96, 128, 256),
        10, 90,
    ),
}  # fmt: skip

# Beside the logo hides a code of 64 cells, whose p-value is exact. None of the carriers that the paper has not.
_CODED: dict[str, Any] = {"coded": True, "structure": 0, "correction_psnr": 0.0, "registration": "none"}


def channels_of(name: str) -> int:
    """How many channels the pictures of a task have, or of what has no model.

    Args:
      name: in `TASKS` or `PROTECTED`.

    Raises:
      ValueError: there is neither; the message names the closest one.
    """
    return choose("task", name, _SOURCES).channels


def first_at_smoke(context: Context, names: Iterable[T]) -> tuple[T, ...]:
    """All of `names`; at scale smoke the first one alone.

    Args:
      context: of the experiment.
      names: of cases, or other things.
    """
    return tuple(names)[: context.at(smoke=1, desk=None, paper=None)]


def host_settings(context: Context, task: str) -> HostSettings:
    """How a host is trained at the context's scale; the paper does not say what its hosts are.

    Args:
      context: of the experiment.
      task: in `TASKS`.

    Raises:
      ValueError: there is no such task; the message names the closest one.
    """
    choose("task", task, TASKS)
    large = HostSettings(filters=64, downs=5, schedule=Schedule(50, 375, 16, 1e-3, "cosine", 0.9))
    return context.at(smoke=HostSettings.tiny(), desk=HostSettings(), paper=large)


def scheme_for(
    context: Context, case: Case, kind: type[DeepWatermarking] = DeepWatermarking, **changes: Any
) -> DeepWatermarking:  # fmt: skip
    """The scheme for a case, with a logo and a code; its `logo` is filled in where it is trained.

    Args:
      context: of the experiment.
      case: its task and mark.
      kind: with H behind the host, or a self-watermarked host.
      changes: fields that are to be other than at this scale.
    """
    preset = context.at(
        smoke=kind.tiny(), desk=kind.fast(),
        paper=replace(kind.paper(), code_weight=1.0, proxy_form="conditioned", coded=True),
    )  # fmt: skip
    tuned: dict[str, Any] = context.at(smoke={"alpha": 1e-3}, desk=DESK, paper={"alpha": 1e-6})
    marked = {"channels": channels_of(case.task), "mark_channels": case.channels}
    return replace(preset, **{**_CODED, **tuned, **marked, **changes})


# On derained photographs with the flower: with the preset's weights of the logo and of clean images (3 and 1.5, at a
# `pixel_weight` of 1500) the code is whole at 42.1 dB, but R prints the logo on unmarked outputs too (centred NC 0.77
# there, 0.86 in marked ones); with 30 and 30 the logo is read in copies and the code is lost. With these, which take
# two thirds more steps, both are read at 39.2 dB, and the unmarked host has a centred NC of 0.41.
DESK: dict[str, Any] = {
    "pixel_weight": 1000.0, "reconstruction_weight": 10.0, "clean_weight": 20.0, "consistency_weight": 0.3,
    "code_weight": 2.0, "initial": Schedule(40, 25, 16, 2e-3, "cosine"),
    "adversarial": Schedule(12, 25, 16, 1e-3, "cosine"),
}  # fmt: skip


def surrogates(context: Context) -> dict[str, Surrogate]:
    """Those of table 2 by column, as many as the scale tries.

    Args:
      context: of the experiment.
    """
    scale = SCALES[context.scale]
    weights = "" if context.scale == "smoke" else str(context.data / "weights" / "vgg19_conv1_conv2.npz")
    all_of_them = paper_surrogates(
        filters=scale.surrogate_filters, unet_downs=scale.surrogate_downs, schedule=scale.surrogate_schedule,
        vgg_weights=weights,
    )  # fmt: skip
    return {column: all_of_them[column] for column in scale.columns or all_of_them}


def residual_thief(context: Context) -> Surrogate:
    """Table 10's surrogate: Res9 with the losses L1 and adversarial.

    Args:
      context: of the experiment.
    """
    scale = SCALES[context.scale]
    return Surrogate(
        "resnet", "l1+adversarial", scale.surrogate_filters, blocks=9, schedule=scale.surrogate_schedule
    )  # fmt: skip


def widening_cnets(context: Context) -> dict[str, Surrogate]:
    """Those of figure 10 by name, from the narrowest.

    Args:
      context: of the experiment.
    """
    scale = SCALES[context.scale]
    return cnets(scale.widths, schedule=scale.surrogate_schedule)
