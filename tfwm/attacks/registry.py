"""The attacks by name, and attacks as plain JSON values: a new attack is a file, and a line here."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tfwm.config import choose, from_dict, to_dict
from tfwm.registry import Table
from tfwm.types import Attack

ATTACKS: Table[type[Attack]] = Table(
    "attack",
    {
        "surrogate": "tfwm.attacks.copies.surrogate:Surrogate",
        "fine_tune": "tfwm.attacks.tuning.fine_tuning:FineTune",
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
        "tune_classifier": "tfwm.attacks.tuning.fine_tuning:TuneClassifier",
        "extract_classifier": "tfwm.attacks.copies.extraction:ExtractClassifier",
        "fine_prune": "tfwm.attacks.tuning.fine_pruning:FinePrune",
        "neural_cleanse": "tfwm.attacks.backdoors.neural_cleanse:NeuralCleanse",
        "request_jpeg": "tfwm.attacks.requests:RequestJpeg",
        "request_resize": "tfwm.attacks.requests:RequestResize",
        "mirrored": "tfwm.attacks.wrappers.orientations:Mirrored",
        "turned": "tfwm.attacks.wrappers.orientations:Turned",
        "self_ensemble": "tfwm.attacks.wrappers.orientations:SelfEnsemble",
        "tiled": "tfwm.attacks.wrappers.cutting:Tiled",
        "padded": "tfwm.attacks.wrappers.cutting:Padded",
        "shifted": "tfwm.attacks.wrappers.moving:Shifted",
        "averaged_shifts": "tfwm.attacks.wrappers.moving:AveragedShifts",
        "rescaled": "tfwm.attacks.wrappers.moving:Rescaled",
        "channels_reordered": "tfwm.attacks.wrappers.recolouring:ChannelsReordered",
        "averaged_channels": "tfwm.attacks.wrappers.recolouring:AveragedChannels",
        "negative": "tfwm.attacks.wrappers.recolouring:Negative",
        "toned": "tfwm.attacks.wrappers.toning:Toned",
        "grey_correction": "tfwm.attacks.wrappers.correcting:GreyCorrection",
        "colours_fitted": "tfwm.attacks.wrappers.correcting:ColoursFitted",
        "mean_subtracted": "tfwm.attacks.wrappers.residuals:MeanSubtracted",
        "components_subtracted": "tfwm.attacks.wrappers.residuals:ComponentsSubtracted",
        "demarked": "tfwm.attacks.copies.demarking:Demarked",
        "request_shift": "tfwm.attacks.wrappers.scores:RequestShift",
        "ensemble_scores": "tfwm.attacks.wrappers.scores:EnsembleScores",
        "class_alone": "tfwm.attacks.wrappers.scores:ClassAlone",
        "oracle_remove": "tfwm.attacks.oracles.attacks:OracleRemove",
        "oracle_replace": "tfwm.attacks.oracles.attacks:OracleReplace",
        "evade_detected": "tfwm.attacks.endpoints.detection:EvadeDetected",
        "compose": "tfwm.attacks.compose:Compose",
    },
    group="tfwm.attacks",
)


def attack_to_dict(attack: Attack) -> dict[str, Any]:
    """Plain JSON values: the attack's name under `attack`, and its fields.

    Raises:
      TypeError: not one of the attacks in `ATTACKS`.
    """
    if not isinstance(attack, Attack) or attack.name not in ATTACKS or ATTACKS[attack.name] is not type(attack):
        raise TypeError(f"`attack` must be one of {', '.join(ATTACKS)}, got {attack!r}. Pass an attack object.")
    names = [field.name for field in dataclasses.fields(type(attack))]  # type: ignore[arg-type]
    return {"attack": attack.name, **{name: _written(getattr(attack, name)) for name in names}}


def attack_from_dict(values: dict[str, Any]) -> Attack:
    """The inverse of `attack_to_dict`; fields that are left out take their defaults.

    Raises:
      ValueError: no name, an unknown name or field (the message names the closest), a value out of range.
    """
    if "attack" not in values:
        raise ValueError(f'`values` must name its attack, as in {{"attack": "jpeg"}}, got {sorted(values)}. Add it.')
    cls: type = choose("attack", values["attack"], ATTACKS)
    return from_dict(cls, {name: _read(value) for name, value in values.items() if name != "attack"})


def _written(value: Any) -> Any:
    """A field as JSON values; attacks that it holds keep their names."""
    if isinstance(value, tuple):
        return [_written(part) for part in value]
    if isinstance(value, Attack):
        return attack_to_dict(value)
    return to_dict(value) if dataclasses.is_dataclass(value) else json.loads(json.dumps(value))


def _read(value: Any) -> Any:
    """The inverse of `_written`, but for dataclasses, which `from_dict` makes."""
    if isinstance(value, (list, tuple)):
        return [_read(part) for part in value]
    return attack_from_dict(value) if isinstance(value, dict) and "attack" in value else value
