"""The table of attacks, and attacks as plain JSON values."""

from __future__ import annotations

from typing import Any

from tfwm.config import choose, from_dict, to_dict
from tfwm.registry import Table
from tfwm.types import Attack

ATTACKS: Table[type[Attack]] = Table(
    "attack",
    {
        "surrogate": "tfwm.attacks.copies.surrogate:Surrogate",
        "fine_tune": "tfwm.attacks.weights:FineTune",
        "prune": "tfwm.attacks.weights:Prune",
        "quantize": "tfwm.attacks.weights:Quantize",
        "weight_noise": "tfwm.attacks.weights:WeightNoise",
        "reinitialize_last": "tfwm.attacks.tuning.reinitialize:ReinitializeLast",
        "distill": "tfwm.attacks.copies.distill:Distill",
        "overwrite": "tfwm.attacks.overwriting:Overwrite",
        "evade": "tfwm.attacks.endpoints.evasion:Evade",
        "jpeg": "tfwm.attacks.answers:Jpeg",
        "gaussian_noise": "tfwm.attacks.answers:GaussianNoise",
        "crop": "tfwm.attacks.answers:Crop",
        "resize": "tfwm.attacks.answers:Resize",
        "rotate": "tfwm.attacks.answers:Rotate",
        "blur": "tfwm.attacks.answers:Blur",
        "tune_classifier": "tfwm.attacks.tuning.classifiers:TuneClassifier",
        "extract_classifier": "tfwm.attacks.copies.extraction:ExtractClassifier",
        "fine_prune": "tfwm.attacks.tuning.fine_pruning:FinePrune",
        "neural_cleanse": "tfwm.attacks.backdoors.neural_cleanse:NeuralCleanse",
        "request_jpeg": "tfwm.attacks.requests:RequestJpeg",
        "request_resize": "tfwm.attacks.requests:RequestResize",
        "evade_detected": "tfwm.attacks.endpoints.detection:EvadeDetected",
        "compose": "tfwm.attacks.compose:Compose",
    },
    group="tfwm.attacks",
)


def attack_to_dict(attack: Attack) -> dict[str, Any]:
    """Plain JSON values, the attack's name under "attack".

    Raises:
      TypeError: not one of the attacks in `ATTACKS`.
    """
    name = next((name for name in ATTACKS if ATTACKS[name] is type(attack)), "")
    if not name:
        raise TypeError(f"`attack` must be one of {', '.join(ATTACKS)}, got {attack!r}. Pass an attack object.")
    if name == "compose":
        return {"attack": "compose", "attacks": [attack_to_dict(part) for part in attack.attacks]}  # type: ignore[attr-defined]
    return {"attack": name, **to_dict(attack)}


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
