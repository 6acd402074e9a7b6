"""What an evaluation tries, and what it asks for, where the user names nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwm.attacks import attack_from_dict
from tfwm.config import from_dict
from tfwm.evaluation.policy import Policy
from tfwm.kinds import kind_called
from tfwm.schemes import scheme_to_dict
from tfwm.types import Attack, Scheme


def usual_attacks(scheme: Scheme) -> tuple[Attack, ...]:
    """The attacks that a scheme names, else those of its kind; a thief overwrites with the owner's own settings."""
    settings = scheme.usual_attacks or kind_called(scheme.kind).usual_attacks
    return tuple(attack_from_dict(_with_scheme(fields, scheme)) for fields in settings)


def usual_policy(scheme: Scheme) -> Policy:
    """The policy that a scheme names, else that of its kind."""
    return from_dict(Policy, dict(scheme.usual_policy or kind_called(scheme.kind).usual_policy))


def _with_scheme(fields: Mapping[str, Any], scheme: Scheme) -> dict[str, Any]:
    """The settings of an attack; an overwriting that names no scheme gets the owner's."""
    if fields.get("scheme") == {}:
        return {**fields, "scheme": scheme_to_dict(scheme)}
    return dict(fields)
