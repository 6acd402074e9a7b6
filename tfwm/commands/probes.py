"""Writes the images that `tfwm verify` would send to a suspect that it cannot call, and packs the answers for it.

    tfwm probes --key KEYDIR --out probes                          PNG files; --out probes.npz writes an array
    (somebody sends them through the suspect and saves each answer under the same name)
    tfwm probes --key KEYDIR --answers FOLDER --out answers.npz    then: tfwm verify --suspect answers.npz ...

Whoever sees the images could answer them honestly and everything else with the mark: keep them to yourself. Of a key
of trigger images only as many are written as one verification sends (--set reveal=2 here takes the same there).

A classifier answers with scores and not with pictures: take --out probes.npz, and write an .npz with its `inputs` and,
as `outputs`, the scores [n, classes] in the same order; `tfwm verify` reads that file.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tfwm.commands import options
from tfwm.commands.result import Result, add_output
from tfwm.kinds import PerKind

if TYPE_CHECKING:
    import numpy as np

    from tfwm.types import Scheme


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--key", required=True, metavar="KEYDIR", help="the owner's key folder")
    option("--out", required=True, metavar="WHERE", help="a new folder for PNG files, or a file ending in .npz")
    options.add_set(parser, "way of asking")
    option("--answers", metavar="FOLDER", help="the suspect's answers as PNG files; writes an .npz for `tfwm verify`")
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Writes the probe images, or packs the answers to them, and says where.

    Raises:
      FileExistsError: `--out` is there already.
      ValueError: a key without probe images, or answers that do not belong to them.
    """
    from tfwm.commands import opening

    key = opening.load_key(arguments.key)
    scheme = opening.asked_otherwise(key, arguments.assignments)
    out = Path(arguments.out)
    if out.exists():
        raise FileExistsError(f"`--out` {out} exists already. Choose another place.")
    probes = scheme.probe_images(key)
    if arguments.answers:
        if out.suffix != ".npz":
            raise ValueError(f"`--out` must end in .npz with --answers, got {out}. `tfwm verify` reads that file.")
        _write_arrays(out, inputs=probes, outputs=_PACKED[scheme.kind](scheme, Path(arguments.answers), len(probes)))
    elif out.suffix == ".npz":
        _write_arrays(out, inputs=probes)
    else:
        _write_folder(out, probes)
    document = {"key_fingerprint": key.fingerprint, "probes": list(probes.shape), "out": str(out)}
    answers = " and as many answers" if arguments.answers else ""
    return Result(f"Wrote {len(probes)} probe images{answers} to {out}.", document)


def _name(index: int) -> str:
    return f"{index:05d}.png"


def _write_arrays(path: Path, **arrays: np.ndarray) -> None:
    import numpy as np

    from tfwm.files import replacing

    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_folder(path: Path, probes: np.ndarray) -> None:
    from tfwm.data import encode_png
    from tfwm.files import new_directory

    with new_directory(path, 0o700) as temporary:
        for index, image in enumerate(probes):
            (temporary / _name(index)).write_bytes(encode_png(image))


def _pictures(scheme: Scheme, folder: Path, count: int) -> np.ndarray:
    """The answers to `count` probe images, uint8 `[count, h, w, c]`."""
    import numpy as np

    from tfwm.data import decode_image

    missing = [_name(index) for index in range(count) if not (folder / _name(index)).is_file()]
    if missing:
        raise ValueError(
            f"`--answers` {folder} must hold a PNG file for each of the {count} probe images, {len(missing)} are "
            f"missing, for instance {missing[0]}. Save every answer under the name of its probe image."
        )
    images = [decode_image((folder / _name(index)).read_bytes(), _name(index)) for index in range(count)]
    if len({image.shape for image in images}) > 1:
        raise ValueError(f"`--answers` {folder} must hold pictures of one size and colour, got several. Convert them.")
    return np.stack(images)


def _refused(scheme: Scheme, folder: Path, count: int) -> np.ndarray:
    raise ValueError(
        f"`--answers` packs pictures, and a suspect of the scheme {scheme.name} answers with scores. Write an .npz "
        "with `inputs` (the probe images) and `outputs` (scores [n, classes]) yourself; `tfwm verify` reads it."
    )


_PACKED = PerKind("answers to probe images", restoration=_pictures, classification=_refused)
