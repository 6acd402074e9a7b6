"""A marked model as a SavedModel that TensorFlow Serving and the embedded server run as it is.

A restoration network, from images to images:

| signature         | takes                                                | gives                               |
|-------------------|------------------------------------------------------|-------------------------------------|
| `serving_default` | `image` float32 `[n, h, w, 1 or 3]` in [0, 1]        | `image` of the same size, in [0, 1] |
| `serving_bytes`   | `image_bytes` string `[n]`: PNG or JPEG, one size    | `image_bytes` string `[n]`: PNG     |
| `extract`         | `image` as the extractor's, `token` string: 16 bytes | the scheme's marks, or noise        |

A classifier:

| signature         | takes                                                | gives                               |
|-------------------|------------------------------------------------------|-------------------------------------|
| `serving_default` | `image` float32 `[n, h, w, 1 or 3]` in [0, 1]        | `scores` float32 `[n, classes]`     |
| `serving_bytes`   | `image_bytes` string `[n]`: PNG or JPEG, its size    | `scores` float32 `[n, classes]`     |
| `extract`         | `token` string: 16 bytes                             | `hits`, `n`, `log10_p`; or zeros    |

What `extract` needs lies encrypted in the graph, and only the owner's token opens it. `signatures.py` says what an
export needs of a kind of host; `restoration.py` and `classification.py` have it. `auditing.py` looks for secrets in an
export, with `leaks.py`, which finds a key's in any bytes.
"""

from __future__ import annotations

from tfwm.exporting.auditing import Finding, audit, looks_random
from tfwm.exporting.leaks import Leaks, leaks_of
from tfwm.exporting.restoration import EXTRACTOR, LOGO
from tfwm.exporting.saving import export
from tfwm.exporting.scanning import ExportError, scan, signatures_of

__all__ = [
    "EXTRACTOR", "ExportError", "Finding", "LOGO", "Leaks", "audit", "export", "leaks_of", "looks_random", "scan",
    "signatures_of",
]  # fmt: skip
