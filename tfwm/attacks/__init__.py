"""What a thief does with a stolen model: copies, changed weights, filtered answers, endpoints that lie.

Every attack is a frozen dataclass of the protocol `tfwm.types.Attack`; `ATTACKS` in `registry.py` lists them by name,
and each can be imported from here: `from tfwm.attacks import Surrogate`.

| room or file | holds |
|---|---|
| answers.py, requests.py | what an endpoint does to its answers, or to the requests, with filters.py |
| wrappers/ | other requests around an untouched model, their answers put back; what its answers have in common |
| weights.py | changed weights, with kernels.py |
| copies/ | networks of the thief's own, trained on answers |
| tuning/ | the stolen network, trained further |
| endpoints/ | endpoints that avoid answering what looks like a key |
| backdoors/ | hidden triggers, searched for and unlearnt |
| oracles/ | marks taken out, or replaced, with the help of the extractor that reads them |
| overwriting.py | marks of the thief's own over the owner's |
| forgery/ | what forgers and accusers do without a stolen model |
| compose.py | several of these in a row |
| checks.py | what every attack asks of the suspect before it starts |
| thief.py, labelled.py | the thief's draws and files; how he trains a classifier |
"""

from __future__ import annotations

import importlib
from typing import Any

from tfwm.attacks.registry import ATTACKS, attack_from_dict, attack_to_dict

_FUNCTIONS = {
    "accusation": "tfwm.attacks.forgery.accusation",
    "anomaly_indices": "tfwm.attacks.backdoors.reverse",
    "cnets": "tfwm.attacks.copies.zhang2021",
    "paper_surrogates": "tfwm.attacks.copies.zhang2021",
    "pasted": "tfwm.attacks.forgery.pasting",
    "reverse_engineered": "tfwm.attacks.backdoors.reverse",
    "thiefs_mark": "tfwm.attacks.oracles.attacks",
    "tuned_at": "tfwm.attacks.tuning.epochs",
}
_HOMES = {**ATTACKS.homes(), **_FUNCTIONS}

__all__ = ["ATTACKS", "attack_from_dict", "attack_to_dict", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    # Late, because the attacks that train load TensorFlow.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module `tfwm.attacks` has no attribute `{name}`")
