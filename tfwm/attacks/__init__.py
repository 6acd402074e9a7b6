"""What a thief does with a stolen model: surrogates, changed weights, filtered answers; and trivial suspects.

Every attack is a frozen dataclass of the protocol `tfwm.types.Attack`; `ATTACKS` lists them by name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfwm.attacks.registry import ATTACKS, PLACES, attack_from_dict, attack_to_dict
from tfwm.attacks.trivial import constant, echo, mean_image, noise, trivial_suspects

if TYPE_CHECKING:
    from tfwm.attacks.classifiers.accuser import accusation
    from tfwm.attacks.classifiers.detection import EvadeDetected
    from tfwm.attacks.classifiers.extraction import ExtractClassifier
    from tfwm.attacks.classifiers.fine_pruning import FinePrune
    from tfwm.attacks.classifiers.forgery import pasted
    from tfwm.attacks.classifiers.neural_cleanse import NeuralCleanse
    from tfwm.attacks.classifiers.requests import RequestJpeg, RequestResize
    from tfwm.attacks.classifiers.reverse import anomaly_indices, reverse_engineered
    from tfwm.attacks.classifiers.tuning import TuneClassifier, tuned_classifiers_at
    from tfwm.attacks.compose import Compose
    from tfwm.attacks.distill import Distill
    from tfwm.attacks.evasion import Evade
    from tfwm.attacks.images import Blur, Crop, GaussianNoise, Jpeg, Resize, Rotate
    from tfwm.attacks.overwrite import Overwrite
    from tfwm.attacks.reinitialize import ReinitializeLast
    from tfwm.attacks.surrogate import Surrogate
    from tfwm.attacks.tuning import fine_tuned_at
    from tfwm.attacks.weights import FineTune, Prune, Quantize, WeightNoise

_MODULES = {
    **{title: module for module, title in PLACES.values()}, "fine_tuned_at": "tuning",
    "tuned_classifiers_at": "classifiers.tuning", "reverse_engineered": "classifiers.reverse",
    "anomaly_indices": "classifiers.reverse", "pasted": "classifiers.forgery", "accusation": "classifiers.accuser",
}  # fmt: skip

__all__ = [
    "ATTACKS", "Blur", "Compose", "Crop", "Distill", "Evade", "EvadeDetected", "ExtractClassifier", "FinePrune",
    "FineTune", "GaussianNoise", "Jpeg", "NeuralCleanse", "Overwrite", "Prune", "Quantize", "ReinitializeLast",
    "RequestJpeg", "RequestResize", "Resize", "Rotate", "Surrogate", "TuneClassifier", "WeightNoise", "accusation",
    "anomaly_indices", "attack_from_dict", "attack_to_dict", "constant", "echo", "fine_tuned_at", "mean_image",
    "noise", "pasted", "reverse_engineered", "trivial_suspects", "tuned_classifiers_at",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Late, because the attacks that train load TensorFlow.
    if name in _MODULES:
        return getattr(importlib.import_module(f"tfwm.attacks.{_MODULES[name]}"), name)
    raise AttributeError(f"module `tfwm.attacks` has no attribute `{name}`")
