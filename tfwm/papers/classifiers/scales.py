"""What smoke, desk and paper mean for classifiers: widths, steps, samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tfwm.config import choose
from tfwm.kinds.classification_hosts import ClassifierSettings
from tfwm.papers.engine.experiment import Context
from tfwm.schemes import make_scheme
from tfwm.training import Descent, Schedule


@dataclass(frozen=True)
class Host:
    """One of the papers' hosts.

    Args:
      title: as the papers print it.
      network: of `CLASSIFIERS`.
      data: `mnist` or `cifar10`.
      desk_width: share of the published channels at scale desk; 0 where desk does not train it.
      accuracy: of the unmarked host in table 1 of Li et al., in percent; None for ResNet-50.
    """

    title: str
    network: str
    data: str
    desk_width: float = 0.0
    accuracy: float | None = None


HOSTS = {
    "lenet1": Host("LeNet-1", "lenet1", "mnist", 0.0, 98.73),
    "lenet3": Host("LeNet-3", "lenet3", "mnist", 0.0, 98.86),
    "lenet5": Host("LeNet-5", "lenet5", "mnist", 1.0, 98.92),
    "vgg11": Host("VGG-11", "vgg11", "cifar10", 0.0, 91.40),
    "vgg13": Host("VGG-13", "vgg13", "cifar10", 0.25, 93.47),
    "vgg16": Host("VGG-16", "vgg16", "cifar10", 0.25, 93.08),
    "vgg19": Host("VGG-19", "vgg19", "cifar10", 0.0, 92.86),
    "resnet18": Host("ResNet-18", "resnet18", "cifar10", 0.125, 94.62),
    "resnet34": Host("ResNet-34", "resnet34", "cifar10", 0.0, 94.80),
    "resnet50": Host("ResNet-50", "resnet50", "cifar10"),
    "resnet101": Host("ResNet-101", "resnet101", "cifar10", 0.0, 93.97),
    "preact_resnet18": Host("PreActResNet-18", "preact_resnet18", "cifar10", 0.0, 94.43),
    "preact_resnet34": Host("PreActResNet-34", "preact_resnet34", "cifar10", 0.0, 94.95),
    "googlenet": Host("GoogLeNet", "googlenet", "cifar10", 0.0, 94.38),
    "dpn26": Host("DPN-26", "dpn26", "cifar10", 0.0, 94.53),
    "mobilenet_v2": Host("MobileNetV2", "mobilenet_v2", "cifar10", 0.25, 91.35),
}


@dataclass(frozen=True)
class Scale:
    """Sizes of one scale.

    Args:
      width: of every host; 0 takes the host's own `desk_width`.
      host: the hosts' training.
      marking: of a host that goes on from its weights, with `key_batch` samples in every batch; None trains it from
        scratch in `host`'s steps, as the papers do.
      key_batch: samples in every batch of 100.
      encoder: the encoder's, where it is a stage of its own.
      encoder_filters: its width.
      samples: of a key; 0 stands for 1 % of the training images.
      images: the most training images, and the most test images.
      tuned_epochs: of the thief's fine-tuning, as in table 2.
      tuning: its training.
    """

    width: float
    host: Descent
    marking: Descent | None
    key_batch: int
    encoder: Schedule
    encoder_filters: int
    samples: int
    images: tuple[int, int]
    tuned_epochs: tuple[int, ...]
    tuning: Descent


_DECADES = tuple(range(10, 101, 10))
SCALES = {
    "smoke": Scale(
        0.0625, Descent(1, 4, 20, 0.05, "cosine"), Descent(1, 4, 20, 0.05, "cosine"), 10,
        Schedule(1, 4, 20, 2e-3, "constant", 0.5), 2, 20, (200, 100),
        (10, 20), Descent(20, 1, 20, 1e-3, "constant"),
    ),
    "desk": Scale(
        0.0, Descent(16, 120, 100, 0.1, "cosine"), Descent(8, 120, 100, 0.05, "cosine"), 10,
        Schedule(8, 100, 20, 2e-3, "cosine", 0.5), 16, 120, (12_000, 3_000),
        _DECADES, Descent(100, 24, 100, 1e-3, "constant"),
    ),
    "paper": Scale(
        1.0, Descent(100, 500), None, 20, Schedule(100, 500, 20, 1e-3, "constant", 0.5), 64, 0, (60_000, 10_000),
        _DECADES, Descent(100, 80, 100, 1e-3, "constant"),
    ),
}  # fmt: skip


def scale_of(context: Context) -> Scale:
    """The sizes of the context's scale."""
    return choose("scale", context.scale, SCALES)


def hosts_at(context: Context, names: tuple[str, ...], *, smoke: int = 2) -> tuple[str, ...]:
    """Those of `names` that the scale trains: all on paper, the desk's at desk, the first ones at smoke."""
    if context.scale == "desk":
        return tuple(name for name in names if HOSTS[name].desk_width)
    return names[:smoke] if context.scale == "smoke" else names


def host_settings(context: Context, name: str) -> ClassifierSettings:
    """How an unmarked host is trained."""
    scale, host = scale_of(context), choose("host", name, HOSTS)
    # Digits are not the same mirrored or moved.
    augment = "none" if host.data == "mnist" or context.scale == "smoke" else "crop_flip"
    return ClassifierSettings(host.network, scale.width or host.desk_width, augment, host_schedule(context, name))


def host_schedule(context: Context, name: str) -> Descent:
    """Of an unmarked host."""
    return _at_rate(context, name, scale_of(context).host)


def marking_schedule(context: Context, name: str) -> Descent:
    """Of a host that is marked; a LeNet learns random labels slowly, but its steps are short."""
    scale = scale_of(context)
    schedule = _at_rate(context, name, scale.marking or scale.host)
    if not name.startswith("lenet") or context.scale != "desk":
        return schedule
    return replace(schedule, epochs=4 * schedule.epochs, learning_rate=2 * schedule.learning_rate)


def _at_rate(context: Context, name: str, schedule: Descent) -> Descent:
    """At a fifth of the rate where it is too much: a LeNet has no normalisation, and a narrow VGG no shortcuts."""
    slow = name.startswith("lenet") or (name.startswith("vgg") and scale_of(context).width < 1)
    return replace(schedule, learning_rate=0.2 * schedule.learning_rate) if slow else schedule


def scheme_for(context: Context, name: str, scheme: str, **changes: Any) -> Any:
    """A scheme's paper preset at the context's size for a host; blind_watermark with labels last.

    Args:
      name: of the host.
      scheme: a name in `SCHEMES`.
      changes: fields of the scheme.
    """
    from tfwm.papers.classifiers.data import parts_of

    scale, owner = scale_of(context), parts_of(context, HOSTS[name].data)["owner"]
    base: Any = make_scheme(scheme, "paper")
    fields: dict[str, Any] = {
        "image_size": owner.images.shape[1], "channels": owner.images.shape[3], "classes": owner.classes,
        "samples": scale.samples or round(0.01 * len(owner)), "host": marking_schedule(context, name),
        "augment": host_settings(context, name).augment, "from_scratch": scale.marking is None,
        "key_batch": scale.key_batch,
    }  # fmt: skip
    if hasattr(base, "encoder"):
        fields |= {"encoder": scale.encoder, "encoder_filters": scale.encoder_filters}
    if scheme == "blind_watermark":
        fields |= {"labels": "last", "host_weight": 0.0, "body": "plain" if HOSTS[name].data == "mnist" else "unet"}
    return replace(base, **{**fields, **changes})
