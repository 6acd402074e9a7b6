"""The vocabulary of tfwm: read these two files first.

    data -> scheme.train(host) -> MarkedModel -> attack(suspect) -> scheme.verify(suspect, key) -> Verdict

| file | holds |
|---|---|
| values.py | what is passed around: data, access, verdicts, marked models |
| protocols.py | what suspects, schemes and attacks promise |

Nothing here loads TensorFlow. Images are float32 `[batch, height, width, channels]` in [0, 1].
"""

from tfwm.types.protocols import Attack, KeySampleScheme, PassesOver, Scheme, Suspect
from tfwm.types.values import (
    CLASSIFICATION,
    LEEWAY,
    RESTORATION,
    Access,
    ImagePairs,
    LabelledImages,
    MarkedModel,
    Verdict,
)

__all__ = [
    "CLASSIFICATION", "LEEWAY", "RESTORATION", "Access", "Attack", "ImagePairs", "KeySampleScheme", "LabelledImages",
    "MarkedModel", "PassesOver", "Scheme", "Suspect", "Verdict",
]  # fmt: skip
