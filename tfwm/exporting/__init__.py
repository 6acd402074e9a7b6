"""A marked model as a SavedModel that TensorFlow Serving and the embedded server run as it is.

A model from images to images:

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
"""

from __future__ import annotations

from tfwm.exporting.images import EXTRACTOR, LOGO
from tfwm.exporting.saving import Deployed, export
from tfwm.exporting.scanning import ExportError, scan, signatures_of
from tfwm.exporting.warmup import WARMUP_FILE

__all__ = [
    "EXTRACTOR", "Deployed", "ExportError", "LOGO", "WARMUP_FILE", "export", "scan", "signatures_of",
]  # fmt: skip
