"""Figures 8 and 9: what the visualizer draws of answers that it should, and should not, recognise.

The figures are drawn twice: with the visualizer as the paper trains it, on S alone, and with one that was shown noise
on S and answers to strangers' triggers. The attacks are those of tables VI to VIII on the same marked host: the
visualizer is trained after the embedding, which does not see its settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.attacks import Prune
from tfwm.data.reading.readers import cover
from tfwm.evidence import statistics
from tfwm.keys import OwnerKey
from tfwm.kinds import fidelity
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.quan2020.models import host_of, marked_of
from tfwm.papers.quan2020.overwriting import overwritten
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, trigger_scheme
from tfwm.papers.quan2020.tuned import tuned_copy
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule
from tfwm.types import MarkedModel

VARIANTS: dict[str, dict[str, float]] = {
    "as published": {},
    "with noise and strangers in training": {"visualizer_noise": 0.1, "visualizer_clean_weight": 1.0},
}
RECOGNISABLE, UNRECOGNISABLE = 0.5, 0.3  # centred NC
OWNERS = {"dncnn": 0, "red": 1, "sr_dncnn": 2, "vdsr": 3}  # one owner each: otherwise exchanged keys would be one key
EXCHANGED = (("dncnn", "red"), ("red", "dncnn"), ("sr_dncnn", "vdsr"), ("vdsr", "sr_dncnn"))
STRANGER = 8
UNITS = "PSNR dB / centred NC"


def drawing(context: Context, variant: str) -> dict[str, Any]:
    """The visualizer's settings, as fields of `TriggerImage`."""
    schedule = context.at(
        smoke=Schedule(1, 4, 2, 2e-3, "cosine", 0.9), desk=Schedule(4, 50, 2, 2e-3, "cosine", 0.9),
        paper=Schedule(8, 250, 2, 1e-3, "constant", 0.9),
    )  # fmt: skip
    filters = context.at(smoke=2, desk=8, paper=64)
    return {"visualizer": True, "visualizer_filters": filters, "drawing": schedule, **VARIANTS[variant]}


@dataclass
class Sheet:
    """Collects one row of pictures, with their figures against the copyright image.

    Args:
      heading: names the row of pictures and the rows of the table.
      original: the copyright image, float `[P, P, 1]`.
      pictures: label -> picture, as `Findings.pictures` wants them.
      rows: one for each drawn picture.
      likeness: letter -> centred NC.
    """

    heading: str
    original: np.ndarray
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    likeness: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pictures["(a) original"] = self.original

    def add(self, letter: str, what: str, picture: np.ndarray) -> None:
        """One picture; its PSNR stands in its label."""
        psnr = fidelity.psnr(picture[None], self.original[None])
        likeness = statistics.centred_nc(picture, self.original)
        words = "\n".join(part for part in what.rpartition(", ") if part not in ("", ", "))
        self.pictures[f"({letter}) {words}\n{psnr:.2f} dB, NC {likeness:.2f}"] = picture
        self.rows.append(Row(f"{self.heading}, ({letter}) {what}", None, f"{psnr:.2f} / {likeness:.3f}", UNITS))
        self.likeness[letter] = likeness


def drawn(model: keras.Model, key: OwnerKey) -> np.ndarray:
    """What the key's visualizer draws of a network's answer to the key's trigger, `[P, P, 1]`."""
    scheme: Any = scheme_of(key)
    return scheme.reading(KerasSuspect("suspect", model), key)["logo"]


def irrelevant(key: OwnerKey) -> OwnerKey:
    """Another trigger, with the owner's visualizer."""
    scheme: Any = scheme_of(key)
    return scheme.decoy(key, seed=STRANGER)


def _sheet(heading: str, key: OwnerKey) -> Sheet:
    side = key.networks["extractor"].output_shape[1:3]
    return Sheet(heading, cover(key.arrays["logo"], side).astype(np.float32) / 255.0)


def figure8(context: Context) -> Findings:
    """Other triggers on unmarked hosts, and other owners' on marked ones."""
    sheets, claims = [], []
    for variant in VARIANTS:
        owners = {name: _visualized(context, name, variant) for name in OWNERS}
        sheet = _sheet(f"Visualizer {variant}", owners["dncnn"].key)
        sheet.add("own", "DnCNN, marked, its own trigger", drawn(owners["dncnn"].model, owners["dncnn"].key))
        for letter, name in zip("bcde", OWNERS, strict=True):
            picture = drawn(host_of(context, name), irrelevant(owners[name].key))
            sheet.add(letter, f"{HOSTS[name].title}, unmarked, a random trigger", picture)
        for letter, (owner, other) in zip("fghi", EXCHANGED, strict=True):
            picture = drawn(owners[other].model, owners[owner].key)
            sheet.add(letter, f"{HOSTS[other].title}, marked, {HOSTS[owner].title}'s trigger", picture)
        # Not in the paper: does the picture show the mark, or only whose trigger was sent?
        sheet.add("j", "DnCNN, unmarked, the owner's trigger", drawn(host_of(context, "dncnn"), owners["dncnn"].key))
        sheets.append(sheet)
        claims += [_recognised(sheet, ("own",)), _unrecognised(sheet, tuple("bcdefghi")), _unrecognised(sheet, ("j",))]
    return _findings(sheets, claims)


def _visualized(context: Context, name: str, variant: str) -> MarkedModel:
    return marked_of(context, name, trigger_scheme(context, name, **drawing(context, variant)), key=OWNERS[name])


def figure9(context: Context) -> Findings:
    """DnCNN's mark after pruning, fine-tuning and overwriting."""
    scheme = coded_scheme(context, "dncnn")
    models = attacked(context, scheme)
    sheets, claims = [], []
    for variant in VARIANTS:
        key = marked_of(context, "dncnn", ours_drawn(context, variant)).key
        sheet = _sheet(f"Visualizer {variant}", key)
        marked = marked_of(context, "dncnn", scheme).model
        sheet.add("own", "not attacked", drawn(marked, key))
        for letter, (what, model) in zip("bcdefgh", models.items(), strict=True):
            sheet.add(letter, what, drawn(model(), key))
        sheet.add("i", "an irrelevant trigger", drawn(marked, irrelevant(key)))
        sheets.append(sheet)
        claims += [_recognised(sheet, ("own", *"bcdefgh")), _unrecognised(sheet, ("i",))]
    return _findings(sheets, claims)


def ours_drawn(context: Context, variant: str) -> TriggerImage:
    """The scheme of tables VI to IX, with a visualizer."""
    return replace(coded_scheme(context, "dncnn"), **drawing(context, variant))


def attacked(context: Context, scheme: TriggerImage) -> dict[str, Callable[[], keras.Model]]:
    """The columns (b) to (h): label -> a function that gives the attacked network."""

    def pruned(share: float) -> keras.Model:
        suspect = KerasSuspect("marked", marked_of(context, "dncnn", scheme).model)
        return Prune(share)(suspect, training_pairs(context, "dncnn"), context.run).model

    return {
        "pruned 10%": lambda: pruned(0.1),
        "pruned 40%": lambda: pruned(0.4),
        "10 epochs, original data": tuned_copy(context, "dncnn", scheme, "original", 10).model,
        "50 epochs, original data": tuned_copy(context, "dncnn", scheme, "original", 50).model,
        "10 epochs, textures": tuned_copy(context, "dncnn", scheme, "new", 10).model,
        "50 epochs, textures": tuned_copy(context, "dncnn", scheme, "new", 50).model,
        "overwritten": overwritten(context, "dncnn", scheme, 1).model,
    }


def _recognised(sheet: Sheet, letters: tuple[str, ...]) -> Claim:
    """The paper's claim about the owner's trigger."""
    values = [sheet.likeness[letter] for letter in letters]
    return Claim(
        f"{sheet.heading}: the copyright image is recognised in {', '.join(letters)}.", min(values) >= RECOGNISABLE,
        f"Centred NC with the original at least {RECOGNISABLE} wanted: {_listed(sheet, letters)}.",
    )  # fmt: skip


def _unrecognised(sheet: Sheet, letters: tuple[str, ...]) -> Claim:
    """The paper's claim about other triggers and other networks."""
    values = [sheet.likeness[letter] for letter in letters]
    fooled = [letter for letter, value in zip(letters, values, strict=True) if value >= UNRECOGNISABLE]
    own = f" It draws its image on {', '.join(fooled)} too: then the picture proves nothing." if fooled else ""
    return Claim(
        f"{sheet.heading}: nothing is recognised in {', '.join(letters)}.", not fooled,
        f"Centred NC with the original below {UNRECOGNISABLE} wanted: {_listed(sheet, letters)}.{own}",
    )  # fmt: skip


def _listed(sheet: Sheet, letters: tuple[str, ...]) -> str:
    return ", ".join(f"{letter} {sheet.likeness[letter]:.2f}" for letter in letters)


def _findings(sheets: list[Sheet], claims: list[Claim]) -> Findings:
    return Findings(
        tuple(row for sheet in sheets for row in sheet.rows), tuple(claims),
        {sheet.heading: sheet.pictures for sheet in sheets},
    )  # fmt: skip
