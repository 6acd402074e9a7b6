"""The schemes by name: a new one is a folder and one line here, or an entry point of another package.

| room | holds |
|---|---|
| deep_watermarking/, self_watermarked/, trigger_image/ | for restoration networks |
| blind_watermark/, deep_stego/ | for classifiers |
| spread_spectrum/, hidden/, baselines/ | what the papers compare with |
| coded_outputs/ | what schemes share that add a message to a model's outputs |
| triggers/ | what schemes share that fine-tune a host on secret images |
| key_samples/ | what schemes share that teach a classifier secret labels |
| secrets.py | the secret that a marking begins with |
| control_models.py | models that an owner trains without his mark, and what a key keeps of them |
| tracing.py | which of several releases a copy came from |
| wrong_keys.py | whose key it is, and wrong keys that are drawn like it |
| showing.py | what a judge is shown of a key: some of its pieces, and of its networks the weights |

A scheme's room has `settings.py` at the bottom and `scheme.py` on top; `docs/architecture.md` lists the files between.
"""

from __future__ import annotations

import importlib
from typing import Any

from tfwm.config import choose, from_dict, to_dict
from tfwm.keys import OwnerKey
from tfwm.registry import Table
from tfwm.schemes.wrong_keys import read_settings
from tfwm.types import Scheme

SCHEMES: Table[type[Scheme]] = Table(
    "scheme",
    {
        "deep_watermarking": "tfwm.schemes.deep_watermarking:DeepWatermarking",
        "self_watermarked": "tfwm.schemes.self_watermarked:SelfWatermarked",
        "spread_spectrum": "tfwm.schemes.spread_spectrum:SpreadSpectrum",
        "dct_mark": "tfwm.schemes.spread_spectrum:DctMark",
        "dft_mark": "tfwm.schemes.spread_spectrum:DftMark",
        "dwt_mark": "tfwm.schemes.spread_spectrum:DwtMark",
        "hidden": "tfwm.schemes.hidden:Hidden",
        "trigger_image": "tfwm.schemes.trigger_image:TriggerImage",
        "label_image": "tfwm.schemes.baselines.label_image:LabelImage",
        "projected_label": "tfwm.schemes.baselines.projected_label:ProjectedLabel",
        "blind_watermark": "tfwm.schemes.blind_watermark:BlindWatermark",
        "deep_stego": "tfwm.schemes.deep_stego:DeepStego",
        "abstract_images": "tfwm.schemes.baselines.key_methods:AbstractImages",
        "content_mark": "tfwm.schemes.baselines.key_methods:ContentMark",
        "noise_mark": "tfwm.schemes.baselines.key_methods:NoiseMark",
        "unrelated_images": "tfwm.schemes.baselines.key_methods:UnrelatedImages",
        "signature_mask": "tfwm.schemes.baselines.key_methods:SignatureMask",
        "random_images": "tfwm.schemes.baselines.key_methods:RandomImages",
        "lsb_stego": "tfwm.schemes.baselines.key_methods:LsbStego",
        "wow_stego": "tfwm.schemes.baselines.key_methods:WowStego",
        "hugo_stego": "tfwm.schemes.baselines.key_methods:HugoStego",
        "suniward_stego": "tfwm.schemes.baselines.key_methods:SuniwardStego",
    },
    group="tfwm.schemes",
)


def __getattr__(name: str) -> Any:
    """The classes of the library's own schemes; asking for one loads TensorFlow."""
    homes = SCHEMES.homes()
    if name not in homes:
        raise AttributeError(f"module `tfwm.schemes` has no attribute `{name}`")
    return getattr(importlib.import_module(homes[name]), name)


def make_scheme(name: str, preset: str = "fast") -> Scheme:
    """A scheme with the settings of one of its presets.

    Args:
      name: in `SCHEMES`.
      preset: one of the scheme's `presets`.

    Raises:
      ValueError: an unknown scheme or preset; the message names the closest one.
    """
    scheme = choose("scheme", name, SCHEMES)
    return choose("preset", preset, {known: getattr(scheme, known) for known in scheme.presets})()


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
    given = to_dict(make_scheme(name, preset)) if preset else {}
    return from_dict(choose("scheme", name, SCHEMES), {**given, **rest})


def scheme_of(key: OwnerKey) -> Scheme:
    """The scheme that made a key, with the key's settings.

    Raises:
      InvalidKeyError: it has no such settings.
      ValueError: there is no scheme of that name here.
    """
    return read_settings(choose("scheme", key.scheme, SCHEMES), key.settings)
