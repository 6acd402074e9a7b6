"""Does to a model what a thief would do, on photographs that the owner never used.

Attacks that give a model write OUT/model.keras; those that change answers or requests write some answers to
OUT/answers.npz. Take the --task that the suspect was trained for; a classifier is attacked on labelled images: --data
as for `tfwm protect`. Of overwrite, name the scheme: --set 'scheme={"scheme": "trigger_image", "preset": "fast"}'.
With --key the mark is looked for afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.attacks.registry import ATTACKS
from tfwm.commands import options
from tfwm.commands.result import Result, add_output, say

if TYPE_CHECKING:
    import numpy as np
    from tensorflow import keras

    from tfwm.keys import OwnerKey
    from tfwm.kinds import Kind
    from tfwm.types import Attack, Suspect

PATCHES = 1500
SHOWN = 16
SIZE = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("name", metavar="ATTACK", help=f"one of {options.listed(ATTACKS)}")
    option("--suspect", required=True, metavar="WHAT", help="grpc://host:port/model, .keras, SavedModel folder or .npz")
    option("--out", required=True, metavar="FOLDER", help="where the stolen copy is written")
    option("--key", metavar="KEYDIR", help="look for this key's mark in the stolen copy; the attack never sees it")
    option(
        "--size",
        type=options.positive,
        help=f"side of the patches in pixels (default {SIZE}; of an endpoint the key's)",
    )
    options.add_set(parser, "attack")
    options.add_data(parser, str(PATCHES))
    options.add_channels(parser, "as the suspect's network, where it is at hand; else 3")
    options.add_code(parser)
    options.add_machine(parser)
    add_output(parser)


@options.knowing_code
def run(arguments: argparse.Namespace) -> Result:
    """Attacks the suspect, writes the stolen copy, and says where it is; with a key, whether the mark is still there.

    Raises:
      ValueError: an unknown attack or setting, or a suspect that gives the thief too little.
    """
    from tfwm.commands import opening
    from tfwm.kinds import Wanted

    attack = make_attack(arguments.name, arguments.assignments)
    suspect, key = opening.open_suspect(arguments.suspect), opening.load_key(arguments.key) if arguments.key else None
    network, settings = _network(suspect), {} if key is None else key.settings
    kind = _kind(attack, network, key)
    size = arguments.size or (settings.get("image_size", SIZE) if network is None else SIZE)
    wanted = Wanted(
        {"attacker": arguments.patches or PATCHES}, size,
        settings.get("channels", 3), arguments.channels, network, arguments.task, arguments.patches,
        arguments.seed,
    )  # fmt: skip
    data = kind.read(arguments.data, wanted, say)["attacker"]
    if network is not None:
        kind.check(network, data, "--suspect")
    out = Path(arguments.out)
    say(f"{attack!r} on {arguments.suspect}")
    stolen = attack(suspect, data, opening.run_of(arguments, out))
    document: dict[str, Any] = {
        "attack": repr(attack), "suspect": arguments.suspect, "out": str(_kept(out, stolen, kind.images(data)))
    }  # fmt: skip
    text = f"{attack!r} on {arguments.suspect}: wrote {document['out']}."
    if key is not None:
        from tfwm.commands.verdict_text import verdict_text
        from tfwm.evidence.claims import OWNER
        from tfwm.schemes import scheme_of
        from tfwm.suspects import judged

        with judged(suspect):  # which `stolen` may ask
            verdict = scheme_of(key).verify(stolen, key)
        document["verdict"] = opening.plain({"key_fingerprint": key.fingerprint, **verdict.as_dict()})
        text += "\n" + verdict_text(stolen.name, key.fingerprint, verdict, OWNER)
    return Result(text, document)


def _network(suspect: Suspect) -> keras.Model | None:
    """The suspect's network where it is at hand."""
    from tfwm.types import Access

    return suspect.model if suspect.access == Access.WEIGHTS else None  # type: ignore[attr-defined]


def _kind(attack: Attack, network: keras.Model | None, key: OwnerKey | None) -> Kind:
    """By the network where it is at hand; else by the key's scheme; else by what the attack is for.

    Raises:
      ValueError: the attack is for hosts of another kind.
    """
    from tfwm.kinds import kind_called, kind_of_network
    from tfwm.schemes import scheme_of

    if network is not None:
        kind = kind_of_network(network, "--suspect")
    else:
        kind = kind_called(attack.kinds[0] if key is None else scheme_of(key).kind)
    if kind.name not in attack.kinds:
        models = " and ".join(kind_called(name).models for name in attack.kinds)
        raise ValueError(f"`{attack.name}` is an attack on {models}, and the suspect is one of the {kind.models}.")
    return kind


def make_attack(name: str, assignments: list[str]) -> Attack:
    """An attack with its default settings, changed by `field=value` texts.

    Args:
      name: in `ATTACKS`.
      assignments: the texts.

    Raises:
      ValueError: an unknown attack or setting; the message names the closest one.
    """
    from tfwm.attacks import attack_from_dict
    from tfwm.config import choose, to_dict

    cls: Any = choose("attack", name, ATTACKS)
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    values = {
        field: to_dict(value) if dataclasses.is_dataclass(value) else value
        for field, value in defaults.items()
        if value is not dataclasses.MISSING
    }
    return attack_from_dict({**options.changed(values, assignments), "attack": name})


def _kept(out: Path, stolen: Suspect, images: np.ndarray) -> Path:
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

    inputs = images[:SHOWN]
    outputs = np.asarray(stolen(inputs), np.float32)
    with replacing(out / "answers.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, inputs=inputs, outputs=outputs)
    return out / "answers.npz"
