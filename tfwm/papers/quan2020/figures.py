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
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.overwriting import overwritten
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.robustness import tuned_copy
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, trigger_scheme
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule

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
    """The visualizer's settings at the context's scale, as fields of `TriggerImage`.

    Args:
      context: of the experiment.
      variant: a name in `VARIANTS`.
    """
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
        """Adds a picture that was drawn; its PSNR and its likeness to the original stand in its label.

        Args:
          letter: of the picture in the paper's figure: `b`.
          what: was drawn; what follows its last comma comes on a second line of the label.
          picture: float `[P, P, 1]` in [0, 1].
        """
        psnr = fidelity.psnr(picture[None], self.original[None])
        likeness = statistics.centred_nc(picture, self.original)
        label = "\n".join(part for part in what.rpartition(", ") if part not in ("", ", "))
        self.pictures[f"({letter}) {label}\n{psnr:.2f} dB, NC {likeness:.2f}"] = picture
        self.rows.append(Row(f"{self.heading}, ({letter}) {what}", None, f"{psnr:.2f} / {likeness:.3f}", UNITS))
        self.likeness[letter] = likeness


def drawn(model: keras.Model, key: OwnerKey) -> np.ndarray:
    """What the key's visualizer draws of a network's answer to the key's trigger, float `[P, P, 1]`.

    Args:
      model: that is asked.
      key: of an owner; it holds the visualizer.
    """
    return scheme_of(key).reading(KerasSuspect("suspect", model), key)["logo"]


def irrelevant(key: OwnerKey) -> OwnerKey:
    """The key with another trigger and the owner's visualizer."""
    return scheme_of(key).decoy(key, seed=STRANGER)


def _sheet(heading: str, key: OwnerKey, what: str, own: np.ndarray) -> Sheet:
    """A sheet with the copyright image in the size that the visualizer draws, and a first picture."""
    height, width, _ = own.shape
    sheet = Sheet(heading, cover(key.arrays["logo"], (height, width)).astype(np.float32) / 255.0)
    sheet.add("own", what, own)
    return sheet


def figure8(context: Context) -> Findings:
    """What the visualizer draws of random triggers on unmarked hosts, and of other owners' triggers on marked ones."""
    sheets, claims = [], []
    hosts = {name: TRAINED.unmarked(context, name).model() for name in OWNERS}
    for variant in VARIANTS:
        owners = {name: visualized(context, name, variant) for name in OWNERS}
        keys = {name: owner.owner_key() for name, owner in owners.items()}
        models = {name: owner.model() for name, owner in owners.items()}
        own = drawn(models["dncnn"], keys["dncnn"])
        sheet = _sheet(f"Visualizer {variant}", keys["dncnn"], "DnCNN, marked, its own trigger", own)
        for letter, name in zip("bcde", OWNERS, strict=True):
            picture = drawn(hosts[name], irrelevant(keys[name]))
            sheet.add(letter, f"{HOSTS[name].title}, unmarked, a random trigger", picture)
        for letter, (first, other) in zip("fghi", EXCHANGED, strict=True):
            picture = drawn(models[other], keys[first])
            sheet.add(letter, f"{HOSTS[other].title}, marked, {HOSTS[first].title}'s trigger", picture)
        # Not in the paper: does the picture show the mark, or only whose trigger was sent?
        sheet.add("j", "DnCNN, unmarked, the owner's trigger", drawn(hosts["dncnn"], keys["dncnn"]))
        sheets.append(sheet)
        claims += [recognised(sheet, ("own",)), unrecognised(sheet, tuple("bcdefghi")), unrecognised(sheet, ("j",))]
    return _findings(sheets, claims)


def visualized(context: Context, name: str, variant: str) -> Subject:
    """A marked host of figure 8, whose key holds a visualizer.

    Args:
      context: of the experiment.
      name: of the host; its owner is the one in `OWNERS`.
      variant: of the visualizer, a name in `VARIANTS`.
    """
    return marked_host(context, name, trigger_scheme(context, name, **drawing(context, variant)), key=OWNERS[name])


def figure9(context: Context) -> Findings:
    """What the visualizer draws of DnCNN's mark after pruning, fine-tuning and overwriting."""
    scheme = coded_scheme(context, "dncnn")
    models, marked = attacked_models(context, scheme), marked_host(context, "dncnn", scheme).model()
    sheets, claims = [], []
    for variant in VARIANTS:
        key = marked_host(context, "dncnn", ours_drawn(context, variant)).owner_key()
        sheet = _sheet(f"Visualizer {variant}", key, "not attacked", drawn(marked, key))
        for letter, (what, model) in zip("bcdefgh", models.items(), strict=True):
            sheet.add(letter, what, drawn(model(), key))
        sheet.add("i", "an irrelevant trigger", drawn(marked, irrelevant(key)))
        sheets.append(sheet)
        claims += [recognised(sheet, ("own", *"bcdefgh")), unrecognised(sheet, ("i",))]
    return _findings(sheets, claims)


def ours_drawn(context: Context, variant: str) -> TriggerImage:
    """The scheme of tables VI to IX with a visualizer.

    Args:
      context: of the experiment.
      variant: of the visualizer, a name in `VARIANTS`.
    """
    return replace(coded_scheme(context, "dncnn"), **drawing(context, variant))


def attacked_models(context: Context, scheme: TriggerImage) -> dict[str, Callable[[], keras.Model]]:
    """Figure 9's columns (b) to (h): their labels, and functions that give the attacked networks.

    Args:
      context: of the experiment.
      scheme: that marked DnCNN.
    """

    def pruned(share: float) -> keras.Model:
        suspect = KerasSuspect("marked", marked_host(context, "dncnn", scheme).model())
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


def recognised(sheet: Sheet, letters: tuple[str, ...]) -> Claim:
    """The paper's claim about the owner's trigger: each of these pictures shows the copyright image.

    Args:
      sheet: with the pictures.
      letters: of the pictures that the claim is about.
    """
    values = [sheet.likeness[letter] for letter in letters]
    return Claim(
        f"{sheet.heading}: the copyright image is recognised in {', '.join(letters)}.", min(values) >= RECOGNISABLE,
        f"Centred NC with the original at least {RECOGNISABLE} wanted: {_listed(sheet, letters)}.",
    )  # fmt: skip


def unrecognised(sheet: Sheet, letters: tuple[str, ...]) -> Claim:
    """The paper's claim about other triggers and other networks: none of these pictures shows the copyright image.

    Args:
      sheet: with the pictures.
      letters: of the pictures that the claim is about.
    """
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
