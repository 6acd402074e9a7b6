"""Photographs in three parts that share none, cut into patches and rained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipelines.demo.part import DemoData
from tfwm.components.artifact_files import private
from tfwm.data import folder_parts, make_pairs, photographs, read_images, sample_patches, write_folder
from tfwm.digests import code_digest

COUNTS = {"owner": 2560, "attacker": 2000, "test": 256}
PATCH = 64
LONGEST_SIDE = 1024
SHOWN = 3


def prepare(source: str | None, root: Path, *, seed: int) -> DemoData:
    """Writes the patches; a folder that holds them already is left as it is.

    Args:
      source: a folder, archive or npz of the user's photographs; None takes those of scikit-image.
      root: of the demo.
      seed: of every draw.

    Returns:
      Up to three whole photographs of the test part are shown, with rain, as uint8 `[1, h, w, 3]` pairs.

    Raises:
      ValueError: too few photographs, or none that is large enough.
    """
    parts = _user_parts(source, seed) if source else {part: photographs(part) for part in COUNTS}
    # The key's probe images come from here, so nobody else has any business in it.
    folder = private(root / f"data-{_digest(parts, seed)}")
    for number, (part, count) in enumerate(COUNTS.items()):
        draw = seed * len(COUNTS) + number
        if not (folder / part / ".complete").exists():
            patches = sample_patches(list(parts[part].values()), count, PATCH, seed=draw)
            write_folder(make_pairs("derain", patches, seed=draw), folder / part)
            (folder / part / ".complete").touch()
    whole = {
        name: make_pairs("derain", picture[None], seed=seed) for name, picture in list(parts["test"].items())[:SHOWN]
    }
    sources = {part: len(pictures) for part, pictures in parts.items()}
    return DemoData(folder, whole, sources, {"scheme": {"scheme": "deep_watermarking", "preset": "fast"}})


def _user_parts(source: str, seed: int) -> dict[str, dict[str, np.ndarray]]:
    found = read_images(source, longest_side=LONGEST_SIDE, min_side=PATCH)
    for name, reason in found.problems:
        print(f"  left out {name}: {reason}")
    return folder_parts(found.by_name(), seed=seed)


def _digest(parts: Mapping[str, Mapping[str, np.ndarray]], seed: int) -> str:
    digest = hashlib.sha256(f"{seed} {COUNTS} {PATCH} {code_digest()}".encode())
    for part in parts.values():
        for name, picture in part.items():
            digest.update(name.encode() + picture.tobytes())
    return digest.hexdigest()[:12]
