"""What a key finds in a marked model and in one without a mark, laid out by hand."""

from __future__ import annotations

from typing import Any

MARKED: dict[str, Any] = {
    "nc": 0.995, "centred": 0.97, "blank": 0.93, "sr_nc": 100.0, "sr_c": 100.0, "bits": 64, "n": 64, "p_value": 5e-20,
}  # fmt: skip
CLEAN: dict[str, Any] = {
    "nc": 0.94, "centred": 0.01, "blank": 0.93, "sr_nc": 0.0, "sr_c": 0.0, "bits": 33, "n": 64, "p_value": 0.45,
}  # fmt: skip
QUALITY: dict[str, Any] = {"psnr": 42.5, "ssim": 0.98, "task_psnr": 30.0}
