"""Does to a model what a thief would do, on photographs that the owner never used.

The attacks: surrogate, distill, fine_tune, reinitialize_last, overwrite, prune, quantize, weight_noise (they give a
model: OUT/model.keras), jpeg, gaussian_noise, crop, resize, rotate, blur, evade (they change answers: OUT/answers.npz
shows some), and compose. Take the --task that the suspect was trained for. Of overwrite, name the scheme:
--set 'scheme={"scheme": "trigger_image", "preset": "fast"}'. With --key the mark is looked for afterwards.

A classifier is attacked on labelled images: --data as for `tfwm protect`. For it there are prune, quantize and
weight_noise, and those whose names speak of classifiers or of requests.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.result import Result, add_output, say

if TYPE_CHECKING:
    from tfwm.keys import OwnerKey
    from tfwm.types import Attack, ImagePairs, LabelledImages, Suspect

PATCHES = 1500
SHOWN = 16
SIZE = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("name", metavar="ATTACK", help="one of those above")
    option("--suspect", required=True, metavar="WHAT", help="grpc://host:port/model, .keras, SavedModel folder or .npz")
    option("--out", required=True, metavar="FOLDER", help="where the stolen copy is written")
    option("--key", metavar="KEYDIR", help="look for this key's mark in the stolen copy; the attack never sees it")
    option("--size", type=options.positive, default=SIZE, help=f"side of the patches in pixels (default {SIZE})")
    options.add_set(parser, "attack")
    options.add_data(parser, str(PATCHES))
    options.add_channels(parser, "as the suspect's network, where it is at hand; else 3")
    options.add_machine(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Does it.

    Raises:
      ValueError: an unknown attack or setting, or a suspect that gives the thief too little.
    """
    from tfwm.commands import opening as work

    attack = make_attack(arguments.name, arguments.assignments)
    suspect, key = work.open_suspect(arguments.suspect), work.load_key(arguments.key) if arguments.key else None
    data = (_labelled if _is_classifier(attack, suspect, key) else _pairs)(arguments, suspect, key)
    out = Path(arguments.out)
    say(f"{attack!r} on {arguments.suspect}")
    stolen = attack(suspect, data, work.run_of(arguments, out))
    document: dict[str, Any] = {
        "attack": repr(attack),
        "suspect": arguments.suspect,
        "out": str(_kept(out, stolen, data)),
    }
    text = f"{attack!r} on {arguments.suspect}: wrote {document['out']}."
    if key is not None:
        from tfwm.commands.verdict_text import verdict_text
        from tfwm.schemes import scheme_of

        verdict = scheme_of(key).verify(stolen, key)
        document["verdict"] = work.plain({"key_fingerprint": key.fingerprint, **verdict.as_dict()})
        text += "\n" + verdict_text(stolen.name, key.fingerprint, verdict)
    return Result(text, document)


def _network(suspect: Suspect) -> Any:
    """The suspect's network where it is at hand."""
    from tfwm.types import Access

    return suspect.model if suspect.access == Access.WEIGHTS else None  # type: ignore[attr-defined]


def _is_classifier(attack: Attack, suspect: Suspect, key: OwnerKey | None) -> bool:
    """By the network where it is at hand; else by the key's scheme, or by an attack that takes nothing else."""
    from tfwm.schemes import marks_classifiers

    network = _network(suspect)
    if network is not None:
        return isinstance(network.output_shape, tuple) and len(network.output_shape) == 2
    return getattr(attack, "on", "") == "classifier" if key is None else marks_classifiers(key.scheme)


def _pairs(arguments: argparse.Namespace, suspect: Suspect, key: OwnerKey | None) -> ImagePairs:
    from tfwm.commands import opening as work

    network = _network(suspect)
    channels = arguments.channels or (3 if network is None else network.input_shape[-1])
    photographs = work.photographs_of(arguments, min_side=arguments.size, channels=channels)["attacker"]
    return work.pairs_of(arguments, photographs, "attacker", arguments.size, arguments.patches or PATCHES)


def _labelled(arguments: argparse.Namespace, suspect: Suspect, key: OwnerKey | None) -> LabelledImages:
    """The thief's labelled images; the key says no more than what size of picture the suspect takes."""
    from tfwm.commands import labelled

    network = _network(suspect)
    taken = (None, None) if network is None else (network.input_shape[1], network.input_shape[-1])
    settings = {} if key is None else key.settings
    side = taken[0] or settings.get("image_size", arguments.size)
    channels = arguments.channels or taken[1] or settings.get("channels")
    counts = {"attacker": arguments.patches or PATCHES}
    data = labelled.parts_of(arguments, counts, size=side, channels=channels if channels in (1, 3) else None)
    if network is not None:
        labelled.check_fit(network, data["attacker"], "--suspect")
    return data["attacker"]


def make_attack(name: str, assignments: list[str]) -> Attack:
    """An attack with its default settings, changed by `field=value` texts.

    Raises:
      ValueError: an unknown attack or setting; the message names the closest one.
    """
    from tfwm.attacks import ATTACKS, attack_from_dict
    from tfwm.config import choose

    cls: type = choose("attack", name, ATTACKS)  # type: ignore[arg-type]
    return attack_from_dict({**options.changed(_defaults(cls), assignments), "attack": name})


def _defaults(cls: type) -> dict[str, Any]:
    fields = [field for field in dataclasses.fields(cls) if field.default is not dataclasses.MISSING]
    return {field.name: _json(field.default) for field in fields}


def _json(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def _kept(out: Path, stolen: Suspect, data: ImagePairs | LabelledImages) -> Path:
    """The stolen network, or some answers of a suspect that is none."""
    from tfwm.types import Access

    if stolen.access == Access.WEIGHTS:
        saved = out / "model.keras"
        # Attacks that train have saved it; the others only changed weights.
        if not saved.is_file():
            stolen.model.save(saved)  # type: ignore[attr-defined]
        return saved
    import numpy as np

    from tfwm.files import replacing
    from tfwm.types import LabelledImages

    inputs = (data.images if isinstance(data, LabelledImages) else data.inputs)[:SHOWN]
    outputs = np.asarray(stolen(inputs), np.float32)
    with replacing(out / "answers.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, inputs=inputs, outputs=outputs)
    return out / "answers.npz"
