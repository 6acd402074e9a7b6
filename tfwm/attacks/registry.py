"""The table of attacks, and attacks as plain JSON values."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from tfwm.config import choose, from_dict, to_dict
from tfwm.types import Attack

PLACES = {
    "surrogate": ("surrogate", "Surrogate"),
    "fine_tune": ("weights", "FineTune"),
    "prune": ("weights", "Prune"),
    "quantize": ("weights", "Quantize"),
    "weight_noise": ("weights", "WeightNoise"),
    "reinitialize_last": ("reinitialize", "ReinitializeLast"),
    "distill": ("distill", "Distill"),
    "overwrite": ("overwrite", "Overwrite"),
    "evade": ("evasion", "Evade"),
    "jpeg": ("images", "Jpeg"),
    "gaussian_noise": ("images", "GaussianNoise"),
    "crop": ("images", "Crop"),
    "resize": ("images", "Resize"),
    "rotate": ("images", "Rotate"),
    "blur": ("images", "Blur"),
    "tune_classifier": ("classifiers.tuning", "TuneClassifier"),
    "extract_classifier": ("classifiers.extraction", "ExtractClassifier"),
    "fine_prune": ("classifiers.fine_pruning", "FinePrune"),
    "neural_cleanse": ("classifiers.neural_cleanse", "NeuralCleanse"),
    "request_jpeg": ("classifiers.requests", "RequestJpeg"),
    "request_resize": ("classifiers.requests", "RequestResize"),
    "evade_detected": ("classifiers.detection", "EvadeDetected"),
    "compose": ("compose", "Compose"),
}
"""Name -> module and class; classes whose `on` is "classifier" take nothing else."""


class _LateTable(Mapping[str, type]):
    """Names at once, classes on demand: the classes that train need TensorFlow, a list of names does not."""

    def __getitem__(self, name: str) -> type:
        module, title = PLACES[name]
        return getattr(importlib.import_module(f"tfwm.attacks.{module}"), title)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)

    def __contains__(self, name: object) -> bool:
        # Mapping's own would load the class to answer.
        return name in PLACES


ATTACKS: Mapping[str, type] = _LateTable()


def attack_to_dict(attack: Attack) -> dict[str, Any]:
    """Plain JSON values, the attack's name under "attack".

    Raises:
      TypeError: not one of the attacks in `ATTACKS`.
    """
    names = [name for name, (_, title) in PLACES.items() if title == type(attack).__name__]
    if not names or type(attack) is not ATTACKS[names[0]]:
        raise TypeError(f"`attack` must be one of {', '.join(ATTACKS)}, got {attack!r}. Pass an attack object.")
    if names[0] == "compose":
        return {"attack": "compose", "attacks": [attack_to_dict(part) for part in attack.attacks]}  # type: ignore[attr-defined]
    return {"attack": names[0], **to_dict(attack)}


def attack_from_dict(values: dict[str, Any]) -> Attack:
    """The inverse of `attack_to_dict`; fields that are left out take their defaults.

    Raises:
      ValueError: no name, an unknown name or field (the message names the closest), a value out of range.
    """
    if "attack" not in values:
        raise ValueError(f'`values` must name its attack, as in {{"attack": "jpeg"}}, got {sorted(values)}. Add it.')
    fields = {name: value for name, value in values.items() if name != "attack"}
    cls: type = choose("attack", values["attack"], ATTACKS)  # type: ignore[arg-type]
    if values["attack"] == "compose" and isinstance(fields.get("attacks"), (list, tuple)):
        fields["attacks"] = [attack_from_dict(part) for part in fields["attacks"]]
    return from_dict(cls, fields)
