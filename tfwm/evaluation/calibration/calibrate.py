"""Asks suspects without a mark, with wrong keys and with the owner's; what was answered is kept for each model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfwm.config import from_dict, to_dict
from tfwm.digests import training_digest, weights_digest
from tfwm.evaluation.calibration.document import Calibration, Sample
from tfwm.evaluation.calibration.wrong_keys import WrongKeys
from tfwm.evaluation.report import versions
from tfwm.files import read_json, write_json
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_to_dict
from tfwm.training import Run
from tfwm.types import Access, Scheme, Suspect

Say = Callable[[str], None]
FEW = 2
"""So many independent models are asked with wrong keys where every wrong key has images of its own."""


@dataclass(frozen=True)
class Asked:
    """What keys say of one suspect.

    Args:
      own: log10 of the p-value that the owner's key gives it.
      null: the hypothesis of that verdict, in a sentence.
      looks: of that verdict.
      wrong: log10 of the p-values of wrong keys, `[keys]`; empty where none were asked.
      seconds: of asking.
    """

    own: float
    null: str
    looks: int
    wrong: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Models:
    """The suspects of a calibration, each made when its turn comes.

    Args:
      marked: makers by name of models that the owner's own key may find, and wrong keys must not; may be empty.
      independent: makers by name of models that no key may find.
    """

    marked: Mapping[str, Callable[[], Suspect]]
    independent: Mapping[str, Callable[[], Suspect]]


def calibrate(scheme: Scheme, key: OwnerKey, models: Models, keys: int, run: Run, say: Say) -> Calibration:
    """p-values of wrong keys and of independent models, and whether they are honest.

    Args:
      scheme: of the key, with its settings.
      key: the owner's, with its master secret.
      models: whom to ask.
      keys: how many wrong keys.
      run: finished answers lie in `run.directory/asked`; a killed call goes on behind them.
      say: is called with a line for each model.

    Where p is a rank among control models of the key, wrong keys would say nothing: its controls answered the owner's
    labels. Independent models are compared with the controls then.

    Raises:
      ValueError: there is nobody to ask, or a revealed key, from which no wrong ones can be drawn.
    """
    controls = _controls(scheme, key)
    if not models.independent and (controls or not models.marked):
        which = (
            "an independent model, since p is a rank among models" if controls else "a marked or an independent model"
        )
        raise ValueError(f"`models` must hold {which}, got none. Ask for at least one.")
    if key.revealed is not None:
        raise ValueError("`key` must hold its master secret, got a revealed one. Give the owner's key folder.")
    wrong = WrongKeys(scheme, key, keys)
    everyone = {**models.marked, **models.independent}
    chosen = set() if controls else _asked_with_wrong_keys(wrong, models)
    say(_plan_of_ranks(controls, len(models.independent)) if controls else _plan(wrong, len(chosen)))
    asked = {}
    for index, (name, make) in enumerate(everyone.items()):
        asked[name] = _asked(make(), wrong, name in chosen, run, say)
        say(f"{index + 1} of {len(everyone)}: {name}: {_told(asked[name])}")
    first = next(iter(asked.values()))
    return Calibration(
        scheme.name, key.fingerprint, first.null, scheme.exact, scheme.alpha, first.looks,
        0 if controls else keys, 0 if controls else wrong.asked, tuple(models.independent), run.seed,
        tuple(_samples(asked, models, scheme.alpha / first.looks, controls)),
        sum(one.seconds for one in asked.values()), versions(), {name: asked[name].own for name in models.marked},
        controls,
    )  # fmt: skip


def _controls(scheme: Scheme, key: OwnerKey) -> int:
    """How many models the p-value of the key is a rank among; 0 where it is no such rank."""
    count = getattr(scheme, "control_count", None)
    return 0 if scheme.exact or count is None else count(key)


def _asked_with_wrong_keys(wrong: WrongKeys, models: Models) -> set[str]:
    few = len(models.independent) if wrong.alike else FEW
    return {*models.marked, *list(models.independent)[:few]}


def _samples(asked: Mapping[str, Asked], models: Models, claim: float, controls: int) -> Iterator[Sample]:
    for name, one in asked.items():
        if one.wrong:
            what = f"{len(one.wrong):,} wrong keys on {'the ' if name in models.marked else ''}{name}"
            yield Sample.of(what, np.array(one.wrong), claim, independent=True)
    own = np.array([asked[name].own for name in models.independent])
    among = f", ranked among {controls} controls" if controls else ""
    if own.size:
        name = f"the owner's key on {own.size} independent models{among}"
        yield Sample.of(name, own, claim, independent=False, controls=controls)


def _plan(wrong: WrongKeys, models: int) -> str:
    """What wrong keys cost, before anybody is asked."""
    each = f"{wrong.images_each} image{'s' if wrong.images_each > 1 else ''}"
    if wrong.alike:
        return f"{wrong.count:,} wrong keys send the same {each}: each model is asked once for all of them"
    return f"each of {wrong.count:,} wrong keys has {each} of its own: {wrong.asked:,} for each model asked, {models}"


def _plan_of_ranks(controls: int, models: int) -> str:
    return f"p is a rank among {controls} controls of the key: {models} independent models are compared with them"


def _told(asked: Asked) -> str:
    wrong = f"; smallest of {len(asked.wrong):,} wrong keys {min(asked.wrong):.2f}" if asked.wrong else ""
    return f"log10 p {asked.own:.2f} with the owner's key{wrong}  ({asked.seconds:.1f} s)"


def _asked(suspect: Suspect, wrong: WrongKeys, with_wrong: bool, run: Run, say: Say) -> Asked:
    path = Path(run.directory) / "asked" / f"{_digest(suspect, wrong, with_wrong, run)}.json"
    if path.is_file():
        return from_dict(Asked, read_json(path))
    start = time.perf_counter()
    verdict = wrong.scheme.verify(suspect, wrong.key)
    found = tuple(map(float, wrong.log10_p(suspect, say))) if with_wrong else ()
    assert verdict.log10_p is not None
    asked = Asked(verdict.log10_p, verdict.null, verdict.looks, found, time.perf_counter() - start)
    write_json(path, to_dict(asked))
    return asked


def _digest(suspect: Suspect, wrong: WrongKeys, with_wrong: bool, run: Run) -> str:
    """Of all that the answers depend on, 16 hex digits; a model without weights at hand is known by its name."""
    has_weights = suspect.access == Access.WEIGHTS
    known = weights_digest(suspect.model).hex() if has_weights else suspect.name  # type: ignore[attr-defined]
    networks = {name: weights_digest(network).hex() for name, network in wrong.key.networks.items()}
    document = {
        "scheme": scheme_to_dict(wrong.scheme), "key": wrong.key.fingerprint, "networks": networks,
        "keys": wrong.count if with_wrong else 0, "suspect": [suspect.name, known],
    }  # fmt: skip
    arrays = [np.asarray(array) for _, array in sorted(wrong.key.arrays.items())]
    return training_digest(document, run, *arrays)[:16]
