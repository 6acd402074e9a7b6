"""What the matrix tries: attacks in strengths that a thief may choose, on hosts that two cores can train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfwm.attacks import ATTACKS, attack_from_dict
from tfwm.config import choose, from_dict, to_dict
from tfwm.kinds import PerKind, kind_called
from tfwm.kinds.wrappers import PICTURE_WRAPPERS, SCORE_WRAPPERS
from tfwm.schemes import scheme_to_dict
from tfwm.types import Attack, Scheme

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Suite:
    """How much is done, by a preset of the schemes.

    Args:
      preset: of every scheme.
      hosts: fields of a host's settings that differ from the preset's, by kind.
      attacks: fields of attacks that differ from `STRENGTHS`, by kind and attack: how long the thief trains.
      wrong_keys: how many decoy keys are asked about each marked model.
    """

    preset: str
    hosts: PerKind[Fields]
    attacks: PerKind[Mapping[str, Fields]]
    wrong_keys: int = 2


def suite_called(preset: str) -> Suite:
    """The suite of a preset.

    Raises:
      ValueError: there is none.
    """
    return choose("preset of the suite", preset, SUITES)


EXTRACTOR = "extractor"
"""Stands for the file of the key's extractor, as if it had been published or stolen."""

# Every attack of the library for each kind, most in a gentle and in a strong form. An overwriting without a scheme is
# one by the owner's own; an oracle without an extractor is the control of those with one.
STRENGTHS: PerKind[tuple[Fields, ...]] = PerKind(
    "attacks of the suite",
    restoration=(
        {"attack": "surrogate", "network": "unet", "loss": "l2", "filters": 10, "downs": 3},
        {"attack": "distill", "loss": "l2"},
        {"attack": "fine_tune", "layers": "all", "loss": "l2"},
        {"attack": "fine_tune", "layers": "last", "loss": "l2"},
        {"attack": "reinitialize_last", "layers": 1, "loss": "l2"},
        {"attack": "overwrite", "scheme": {}},
        {"attack": "oracle_remove"},
        {"attack": "oracle_replace"},
        {"attack": "oracle_remove", "oracle": EXTRACTOR},
        {"attack": "oracle_replace", "oracle": EXTRACTOR},
        {"attack": "evade"},
        {"attack": "prune", "share": 0.1},
        {"attack": "prune", "share": 0.3},
        {"attack": "quantize", "bits": 8},
        {"attack": "quantize", "bits": 4},
        {"attack": "weight_noise", "sigma": 0.05},
        {"attack": "weight_noise", "sigma": 0.2},
        {"attack": "jpeg", "quality": 90},
        {"attack": "jpeg", "quality": 50},
        {"attack": "gaussian_noise", "sigma": 0.02},
        {"attack": "gaussian_noise", "sigma": 0.05},
        {"attack": "blur", "sigma": 1.0},
        {"attack": "resize", "factor": 0.5},
        {"attack": "crop", "keep": 0.9},
        {"attack": "rotate", "degrees": 5.0},
        {"attack": "request_jpeg", "quality": 90},
        {"attack": "request_resize", "factor": 0.5},
        *PICTURE_WRAPPERS,
        {"attack": "shifted"},
        {"attack": "averaged_shifts"},
        {"attack": "rescaled", "factor": 1.5},
        {"attack": "components_subtracted"},
        {"attack": "demarked"},
        {"attack": "compose", "attacks": [{"attack": "prune", "share": 0.1}, {"attack": "jpeg", "quality": 90},
                                          {"attack": "gaussian_noise", "sigma": 0.02}]},
        {"attack": "compose", "attacks": [{"attack": "mirrored"}, {"attack": "tiled"},
                                          {"attack": "jpeg", "quality": 90}]},
    ),
    classification=(
        {"attack": "extract_classifier"},
        {"attack": "tune_classifier", "layers": "all"},
        {"attack": "tune_classifier", "layers": "last"},
        {"attack": "fine_prune", "share": 0.3},
        {"attack": "neural_cleanse"},
        {"attack": "overwrite", "scheme": {}},
        {"attack": "evade_detected"},
        {"attack": "prune", "share": 0.2},
        {"attack": "prune", "share": 0.4},
        {"attack": "quantize", "bits": 8},
        {"attack": "quantize", "bits": 4},
        {"attack": "weight_noise", "sigma": 0.05},
        {"attack": "weight_noise", "sigma": 0.2},
        {"attack": "request_jpeg", "quality": 90},
        {"attack": "request_resize", "factor": 0.5},
        *SCORE_WRAPPERS,
        {"attack": "compose", "attacks": [{"attack": "prune", "share": 0.2}, {"attack": "quantize", "bits": 8},
                                          {"attack": "request_jpeg", "quality": 90}]},
    ),
)  # fmt: skip

# As many steps as the owner's own, or more: a thief in a hurry would flatter the mark.
_COPYING = {"epochs": 6, "steps_per_epoch": 50, "batch_size": 16, "learning_rate": 2e-3, "decay": "cosine"}
_TUNING = {"epochs": 2, "steps_per_epoch": 50, "batch_size": 16, "learning_rate": 2e-4, "decay": "cosine"}
_LABELS = {"epochs": 3, "steps_per_epoch": 50, "batch_size": 20, "learning_rate": 1e-2, "decay": "cosine"}
_EXTRACTION = {"epochs": 6, "steps_per_epoch": 50, "batch_size": 20, "learning_rate": 0.05, "decay": "cosine"}

SUITES: Mapping[str, Suite] = {
    "tiny": Suite(
        "tiny",
        hosts=PerKind(
            "tiny host of the suite",
            # Those of the tests have too few weights for answers to triggers.
            restoration={"filters": 16, "depth": 5, "downs": 2, "schedule": {
                "epochs": 4, "steps_per_epoch": 25, "batch_size": 16, "learning_rate": 2e-3, "decay": "cosine",
                "beta_1": 0.9}},
            classification={"schedule": {
                "epochs": 6, "steps_per_epoch": 40, "batch_size": 20, "learning_rate": 0.05, "decay": "cosine"}},
        ),
        attacks=PerKind(
            "tiny attacks of the suite",
            restoration={
                "surrogate": {"filters": 8, "downs": 2, "schedule": _COPYING}, "distill": {"schedule": _COPYING},
                "fine_tune": {"schedule": _TUNING}, "reinitialize_last": {"schedule": _TUNING},
                "oracle_remove": {"schedule": _COPYING}, "oracle_replace": {"schedule": _COPYING},
                "demarked": {"schedule": _COPYING},
            },
            classification={
                "extract_classifier": {"network": "lenet5", "width": 1.0, "augment": "none", "schedule": _EXTRACTION},
                "tune_classifier": {"schedule": _LABELS}, "fine_prune": {"schedule": _LABELS},
                "neural_cleanse": {"steps": 60, "batch": 8, "schedule": _LABELS},
            },
        ),
    ),
    "fast": Suite(
        "fast",
        hosts=PerKind("fast host of the suite", restoration={"filters": 16, "depth": 8}, classification={}),
        attacks=PerKind("fast attacks of the suite", restoration={}, classification={}),
        wrong_keys=5,
    ),
}  # fmt: skip


def suite_attacks(scheme: Scheme, extractor: str, suite: Suite) -> list[Attack]:
    """Every attack for the hosts that the scheme marks; of other packages the example that each declares.

    Args:
      scheme: whose marks are attacked; whoever overwrites them does so with its settings.
      extractor: the file of the key's extractor; empty where it has none, and the attacks that need one are left out.
      suite: says how long the thief trains.
    """
    changes = suite.attacks[scheme.kind]
    listed = [
        _completed({**fields, **changes.get(fields["attack"], {})}, scheme, extractor)
        for fields in STRENGTHS[scheme.kind]
        if extractor or fields.get("oracle") != EXTRACTOR
    ]
    known = {fields["attack"] for kind in STRENGTHS.values() for fields in kind}
    others = [attack.example() for name, attack in ATTACKS.items() if name not in known and scheme.kind in attack.kinds]
    return [*listed, *others]


def _completed(fields: Fields, scheme: Scheme, extractor: str) -> Attack:
    """The attack, with what only the marked model can say."""
    own = {"scheme": scheme_to_dict(scheme)} if fields.get("scheme") == {} else {}
    stolen = {"oracle": extractor} if fields.get("oracle") == EXTRACTOR else {}
    return attack_from_dict({**fields, **own, **stolen})


def shown_label(label: str, scheme: str) -> str:
    """The label of an attack as it heads a row of the matrix: the same for all schemes.

    Args:
      label: `repr` of the attack.
      scheme: name of the scheme that it was tried on.
    """
    return label.replace(f"overwrite({scheme},", "overwrite(own scheme,")


def suite_host(scheme: Scheme, suite: Suite) -> Any:
    """Settings of the host that is trained for a scheme, of the kind's own type.

    Args:
      scheme: that will mark the host.
      suite: says how small it is.
    """
    kind = kind_called(scheme.kind)
    settings = kind.preset(suite.preset, **scheme.host_settings)
    return from_dict(type(settings), {**to_dict(settings), **suite.hosts[scheme.kind]})
