"""Anything that may be a stolen model.

| file | holds |
|---|---|
| local.py | a Keras model, a function, a SavedModel, recorded outputs: what lies on this machine |
| remote.py | a model behind a gRPC endpoint |
| answers.py | what suspects answer with: images or class scores |
| forms.py | which pictures a suspect takes, and how many at a time |
| opening.py | `open_suspect`: from what a user writes to one of these |
| trivial.py | suspects that know nothing and must never verify: controls of every report |
| content.py | random draws that follow a picture's content |
"""

from tfwm.suspects.answers import UnfitAnswersError
from tfwm.suspects.forms import UnfitPicturesError
from tfwm.suspects.local import (
    BATCH,
    PIXELS,
    FunctionSuspect,
    KerasSuspect,
    RecordedSuspect,
    SavedModelSuspect,
    SwitchedVersionError,
    UnreachableError,
    as_float,
    in_batches,
    judged,
)
from tfwm.suspects.opening import open_suspect

__all__ = [
    "BATCH", "PIXELS", "FunctionSuspect", "KerasSuspect", "RecordedSuspect", "SavedModelSuspect",
    "SwitchedVersionError", "UnfitAnswersError", "UnfitPicturesError", "UnreachableError", "as_float", "in_batches",
    "judged", "open_suspect",
]  # fmt: skip
