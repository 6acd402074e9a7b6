"""The schemes by name: a new one is a folder and one line here."""

from __future__ import annotations

from typing import Any

from tfwm.config import choose, from_dict, to_dict
from tfwm.keys import OwnerKey
from tfwm.schemes.baselines import KEY_METHODS, LabelImage, ProjectedLabel
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.types import Scheme

SCHEMES: dict[str, type] = {
    DeepWatermarking.name: DeepWatermarking,
    TriggerImage.name: TriggerImage,
    LabelImage.name: LabelImage,
    ProjectedLabel.name: ProjectedLabel,
    BlindWatermark.name: BlindWatermark,
    DeepStego.name: DeepStego,
    **{method.name: method for method in KEY_METHODS},
}
PRESETS = ("paper", "reference", "fast", "tiny")


def marks_classifiers(scheme: Any) -> bool:
    """Whether a scheme marks a classifier; the others mark networks whose answers are images.

    Args:
      scheme: one, its class, or a name in `SCHEMES`.

    Raises:
      ValueError: an unknown name.
    """
    if isinstance(scheme, str):
        scheme = choose("scheme", scheme, SCHEMES)
    return getattr(scheme, "marks", "images") == "classifier"


def make_scheme(name: str, preset: str = "fast") -> Scheme:
    """A scheme with one of its presets: `paper`, `reference`, `fast` or `tiny`."""
    scheme = choose("scheme", name, SCHEMES)
    return choose("preset", preset, {known: getattr(scheme, known) for known in PRESETS if hasattr(scheme, known)})()


def scheme_to_dict(scheme: Scheme) -> dict[str, Any]:
    """JSON values with the scheme's name under `scheme`."""
    return {"scheme": scheme.name, **to_dict(scheme)}


def scheme_from_dict(values: dict[str, Any]) -> Scheme:
    """The inverse of `scheme_to_dict`; `{"scheme": ..., "preset": ..., field: ...}` works too.

    Raises:
      ValueError: an unknown scheme, preset or field; the message names the closest one.
    """
    rest = dict(values)
    name, preset = rest.pop("scheme", ""), rest.pop("preset", None)
    cls = choose("scheme", name, SCHEMES)
    base = to_dict(make_scheme(name, preset)) if preset else {}
    return from_dict(cls, {**base, **rest})


def scheme_of(key: OwnerKey) -> Scheme:
    """The scheme that made a key, with the key's settings."""
    return from_dict(choose("scheme", key.scheme, SCHEMES), dict(key.settings))
