"""What the presets take for a scheme: the network of a host, attacks, and the file with the demo's policy."""

from __future__ import annotations

from tfwm.attacks.answers import Crop, GaussianNoise, Jpeg, Resize
from tfwm.attacks.copies.distill import Distill
from tfwm.attacks.copies.extraction import ExtractClassifier
from tfwm.attacks.copies.surrogate import Surrogate
from tfwm.attacks.endpoints.evasion import Evade
from tfwm.attacks.overwriting import Overwrite
from tfwm.attacks.requests import RequestJpeg, RequestResize
from tfwm.attacks.tuning.fine_pruning import FinePrune
from tfwm.attacks.tuning.fine_tuning import FineTune, TuneClassifier
from tfwm.attacks.tuning.reinitialize import ReinitializeLast
from tfwm.attacks.weights import Prune, Quantize, WeightNoise
from tfwm.schemes import DeepWatermarking, marks_classifiers, scheme_to_dict
from tfwm.training import Schedule
from tfwm.types import Attack, Scheme

THIEF = Schedule(14, 50, 16, 2e-3, "cosine", 0.9)
TUNING = Schedule(4, 50, 16, 2e-4, "cosine", 0.9)
DEMO_ATTACKS: tuple[Attack, ...] = (
    Surrogate("unet", "l1", filters=10, downs=4, schedule=THIEF),
    Surrogate("residual_unet", "l2", filters=8, downs=4, schedule=Schedule(20, 50, 16, 2e-3, "cosine", 0.9)),
    Surrogate("plain_cnn", "l2", filters=16, schedule=Schedule(8, 50, 16, 2e-3, "cosine", 0.9)),
    Jpeg(50),
    GaussianNoise(0.02),
    Crop(0.9),
    Resize(0.5),
    Prune(0.2),
    FineTune("all", "l2", schedule=TUNING),
)
TINY_ATTACKS: tuple[Attack, ...] = (
    Surrogate("unet", "l2", filters=8, downs=3, schedule=Schedule(1, 8, 8, 2e-3, "constant")),
    Jpeg(90),
    Prune(0.05),
)
# A mark in the answers to secret pictures is not in a copy that learnt from other answers: that is recorded.
TRIGGER_ATTACKS: tuple[Attack, ...] = (
    Surrogate("unet", "l2", filters=10, downs=3, schedule=THIEF),
    Distill("l2", schedule=THIEF),
    Evade(),
    Jpeg(90),
    GaussianNoise(0.02),
    Prune(0.1),
    Prune(0.25),
    Quantize(8),
    WeightNoise(0.05),
    FineTune("all", "l2", schedule=TUNING),
    FineTune("last", "l2", schedule=TUNING),
    ReinitializeLast(1, "l2", schedule=TUNING),
)
# Secret labels of secret samples are not in a copy that learnt from other answers: that is recorded.
CLASSIFIER_ATTACKS: tuple[Attack, ...] = (
    Prune(0.2),
    Prune(0.4),
    Quantize(8),
    WeightNoise(0.05),
    TuneClassifier("all"),
    FinePrune(0.3),
    ExtractClassifier(),
    RequestJpeg(90),
    RequestResize(0.5),
)
DEFAULT_SCHEME = DeepWatermarking.name


def attacks_for(scheme: Scheme) -> tuple[Attack, ...]:
    """What an evaluation tries where no attacks are named; a thief overwrites with the owner's own settings."""
    if marks_classifiers(scheme):
        return CLASSIFIER_ATTACKS
    if scheme.name == DeepWatermarking.name:
        return DEMO_ATTACKS
    return (*TRIGGER_ATTACKS, Overwrite(scheme_to_dict(scheme)))


def network_for(scheme: Scheme) -> str:
    """The network of a host that is trained here."""
    if marks_classifiers(scheme):
        return "resnet18"
    return "residual_unet" if scheme.name == DeepWatermarking.name else "dncnn"


def policy_for(scheme: Scheme) -> str:
    """Name of the file beside this one with the demo's thresholds."""
    if marks_classifiers(scheme):
        return "classifier_policy.json"
    return "demo_policy.json" if scheme.name == DeepWatermarking.name else "trigger_image_policy.json"
