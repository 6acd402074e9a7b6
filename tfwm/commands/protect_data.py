"""`tfwm protect --no-host`: marks a data set of target images, or what a traditional algorithm outputs; no model.

OUT/targets/       every target image with the mark: release these in place of yours
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.result import say

if TYPE_CHECKING:
    import numpy as np

    from tfwm.types import ImagePairs, MarkedModel, Scheme

TARGETS = "targets"


def check(arguments: argparse.Namespace, scheme: Scheme) -> None:
    """Refuses what makes no sense without a host.

    Args:
      arguments: of the command.
      scheme: that shall mark.

    Raises:
      ValueError: an option for a host, or a scheme whose mark is in a host's weights.
    """
    for name in ("host", "network", "width"):
        if getattr(arguments, name) is not None:
            raise ValueError(f"`--{name}` is for a host, got it with --no-host. Leave one of them out.")
    if not getattr(scheme, "barrier", False):
        from tfwm.schemes import SCHEMES

        fit = ", ".join(name for name in SCHEMES if getattr(SCHEMES[name], "barrier", False))
        raise ValueError(
            f"`--no-host` takes a scheme that marks pictures, got --scheme {scheme.name}, which marks a host's "
            f"weights. Use one of {fit}."
        )


def measured(scheme: Scheme, marked: MarkedModel, owner: ImagePairs, test: ImagePairs) -> tuple[str, dict[str, Any]]:
    """What the mark costs the targets, and whether they are recognised, as a sentence and as figures.

    Args:
      scheme: that marked.
      marked: the barrier and the key.
      owner: the pairs that it was made from; the last of them are the key's probes.
      test: pairs that the marking never saw.
    """
    from tfwm.kinds import kind_called
    from tfwm.kinds.quality import Likeness
    from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float

    barrier, kind = KerasSuspect("barrier", marked.model), kind_called(scheme.kind)
    fidelity = Likeness(test).fidelity(barrier(test.targets), as_float(test.targets))
    targets = owner.targets[-len(scheme.probe_images(marked.key)) :]
    # Who learnt the marked data set perfectly would answer the probes so.
    perfect = FunctionSuspect("marked targets", lambda _: barrier(targets))
    verdict = scheme.verify(perfect, marked.key)
    found = "are" if verdict.marked else "are NOT"
    claim = f"With the key the marked targets themselves {found} recognised (p = {verdict.p_value:.1e})."
    likeness = "psnr_marked_vs_unmarked_db"
    return f"{kind.cost(fidelity, len(test))} {claim}", {likeness: fidelity[likeness], "verified": verdict.marked}


def write_targets(out: Path, arguments: argparse.Namespace, scheme: Scheme, marked: MarkedModel) -> int:
    """Writes every target image with the mark, in its own size; how many there are.

    Args:
      out: the folder of everything.
      arguments: of the command.
      scheme: that marked.
      marked: the barrier and the key.
    """
    from tfwm.data import encode_png, to_uint8
    from tfwm.files import replacing
    from tfwm.suspects import as_float

    folder = out / TARGETS
    folder.mkdir(exist_ok=True)
    photographs = _photographs(arguments.data, scheme.channels)
    for number, (name, image) in enumerate(photographs.items()):
        target = _target(image[None], arguments.task, arguments.seed)
        with replacing(folder / f"{number:05d}-{Path(name).stem}.png") as temporary:
            answer = marked.model(as_float(target), training=False).numpy()
            temporary.write_bytes(encode_png(to_uint8(answer[0])))
    return len(photographs)


def lines(document: Mapping[str, Any]) -> str:
    """What was written, for people.

    Args:
      document: of the command's result.
    """
    return (
        f"Marked targets {document['targets']} ({document['count']} pictures; release these in place of yours)\n"
        f"Barrier        {document['marked']} (marks further pictures, or an algorithm's outputs; keep it secret)\n"
    )


def _photographs(source: str | None, channels: int) -> dict[str, np.ndarray]:
    """All photographs, in their own sizes."""
    from tfwm.data import photographs, read_images, with_channels
    from tfwm.kinds.restoration import PARTS

    if source is not None:
        found = read_images(source, channels=channels)
        for name, reason in found.problems:
            say(f"left out `{name}`: {reason}")
        return dict(found.by_name())
    return {name: with_channels(image, channels) for part in PARTS for name, image in photographs(part).items()}


def _target(image: np.ndarray, task: str, seed: int) -> np.ndarray:
    """The target that a task has for one photograph, uint8 `[1, h, w, c]`."""
    from tfwm.data import TASKS

    return TASKS[task].change(image, seed=seed) if TASKS[task].changed_is_target else image
