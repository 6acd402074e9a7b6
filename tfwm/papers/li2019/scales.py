"""The paper's hosts, and what smoke, desk and paper mean for them: widths, steps, samples.

DeepStego is by the same authors, and its tables are made with the same hosts at the same scales.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tfwm.config import choose
from tfwm.kinds.classification_hosts import ClassifierSettings
from tfwm.papers.engine.experiment import Context
from tfwm.training import Descent, Schedule


@dataclass(frozen=True)
class Host:
    """One of the papers' hosts.

    Args:
      title: as the papers print it.
      network: of `CLASSIFIERS`.
      data: `mnist` or `cifar10`.
      desk_width: share of the published channels at scale desk; 0 where desk does not train it.
      accuracy: of the unmarked host in table 1, in percent; None for the host that only DeepStego has.
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
      width: share of the published channels of every host; 0 takes the host's own `desk_width`.
      host: the training of a host.
      marking: the training of a host that is marked and goes on from its weights; None trains it from scratch as
        `host` says, as the papers do.
      key_batch: how many key samples stand in every batch beside the ordinary images.
      encoder: the training of the encoder, where it is a stage of its own.
      encoder_filters: how many channels the encoder's layers have.
      samples: how many a key has; 0 stands for 1 % of the training images.
      images: the most training images, and the most test images.
      tuned_epochs: after which epochs of the thief's fine-tuning table 2 looks at the host.
      tuning: the thief's fine-tuning.
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
        width=0.0625, host=Descent(1, 4, 20, 0.05, "cosine"), marking=Descent(1, 4, 20, 0.05, "cosine"), key_batch=10,
        encoder=Schedule(1, 4, 20, 2e-3, "constant", 0.5), encoder_filters=2, samples=20, images=(200, 100),
        tuned_epochs=(10, 20), tuning=Descent(20, 1, 20, 1e-3, "constant"),
    ),
    "desk": Scale(
        width=0.0, host=Descent(16, 120, 100, 0.1, "cosine"), marking=Descent(8, 120, 100, 0.05, "cosine"),
        key_batch=10, encoder=Schedule(8, 100, 20, 2e-3, "cosine", 0.5), encoder_filters=16, samples=120,
        images=(12_000, 3_000), tuned_epochs=_DECADES, tuning=Descent(100, 24, 100, 1e-3, "constant"),
    ),
    "paper": Scale(
        width=1.0, host=Descent(100, 500), marking=None, key_batch=20,
        encoder=Schedule(100, 500, 20, 1e-3, "constant", 0.5), encoder_filters=64, samples=0, images=(60_000, 10_000),
        tuned_epochs=_DECADES, tuning=Descent(100, 80, 100, 1e-3, "constant"),
    ),
}  # fmt: skip


def hosts_at(context: Context, names: tuple[str, ...], *, smoke: int = 2) -> tuple[str, ...]:
    """Which of some hosts the scale trains: all at paper, those with a `desk_width` at desk, the first ones at smoke.

    Args:
      context: of the experiment.
      names: of the hosts.
      smoke: how many at scale smoke.
    """
    if context.scale == "desk":
        return tuple(name for name in names if HOSTS[name].desk_width)
    return names[:smoke] if context.scale == "smoke" else names


def classifier_settings(context: Context, name: str) -> ClassifierSettings:
    """How an unmarked host is trained at the context's scale.

    Args:
      context: of the experiment.
      name: of the host, in `HOSTS`.

    Raises:
      ValueError: there is no such host; the message names the closest one.
    """
    scale, host = SCALES[context.scale], choose("host", name, HOSTS)
    # Digits are not the same mirrored or moved.
    augment = "none" if host.data == "mnist" or context.scale == "smoke" else "crop_flip"
    schedule = _at_rate(context, name, scale.host)
    return ClassifierSettings(host.network, scale.width or host.desk_width, augment, schedule)


def marking_schedule(context: Context, name: str) -> Descent:
    """The training of a host that is marked; a LeNet learns random labels slowly, but its steps are short.

    Args:
      context: of the experiment.
      name: of the host.
    """
    scale = SCALES[context.scale]
    schedule = _at_rate(context, name, scale.marking or scale.host)
    if not name.startswith("lenet") or context.scale != "desk":
        return schedule
    return replace(schedule, epochs=4 * schedule.epochs, learning_rate=2 * schedule.learning_rate)


def _at_rate(context: Context, name: str, schedule: Descent) -> Descent:
    """At a fifth of the rate where it is too much: a LeNet has no normalisation, and a narrow VGG no shortcuts."""
    slow = name.startswith("lenet") or (name.startswith("vgg") and SCALES[context.scale].width < 1)
    return replace(schedule, learning_rate=0.2 * schedule.learning_rate) if slow else schedule
