"""Data: reading pictures, making pairs for a task, and carrying them to a trainer or a pipeline.

| room | holds |
|---|---|
| reading/ | pictures from files, folders, archives and TFRecords, and back to files |
| tasks/ | what restoration hosts learn: patches of photographs, and pairs of them |
| key_images/ | secret images with which classifiers are marked |
| stream/ | batches for training, and random numbers in them; needs TensorFlow |
| logos.py | the owner's logo |
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tfwm.data.logos import sample_logo
from tfwm.data.reading.decode import InvalidImageError, decode_image, encode_png, to_float, to_uint8
from tfwm.data.reading.folders import read_folder_pairs, write_folder
from tfwm.data.reading.readers import ImageSet, read_images, with_channels
from tfwm.data.reading.samples import folder_parts, photographs
from tfwm.data.tasks.pairs import TASKS, make_pairs
from tfwm.data.tasks.patches import sample_patches

if TYPE_CHECKING:
    from tfwm.data.reading.records import make_example, parse_example, read_pairs, write_pairs

_NEED_TENSORFLOW = ("make_example", "parse_example", "read_pairs", "write_pairs")

__all__ = [
    "TASKS", "ImageSet", "InvalidImageError", "decode_image", "encode_png", "folder_parts", "make_example",
    "make_pairs", "parse_example", "photographs", "read_folder_pairs", "read_images", "read_pairs", "sample_logo",
    "sample_patches", "to_float", "to_uint8", "with_channels", "write_folder", "write_pairs",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _NEED_TENSORFLOW:
        return getattr(importlib.import_module("tfwm.data.reading.records"), name)
    raise AttributeError(f"module `tfwm.data` has no attribute `{name}`")
