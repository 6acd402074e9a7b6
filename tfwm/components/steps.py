"""What the pipeline's steps do, without tfx: from data and settings to files in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfwm.components.artifact_files import KERAS_FILE, SERVING, reading
from tfwm.components.examples import read_split
from tfwm.components.imported_host import import_host
from tfwm.components.settings import parsed
from tfwm.config import from_dict, to_dict
from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.cells import Cell
from tfwm.evaluation.policy import Decision, Policy
from tfwm.evaluation.report import Report, Row
from tfwm.exporting import export
from tfwm.files import write_json
from tfwm.keys import OwnerKey
from tfwm.kinds import Kind, kind_called
from tfwm.networks import load_network
from tfwm.schemes import scheme_from_dict, scheme_of, scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, save_history
from tfwm.types import Attack, MarkedModel, Scheme

if TYPE_CHECKING:
    from tensorflow import keras


@contextmanager
def host_file(blessed_from: str, host_path: str) -> Iterator[str]:
    """Yields the file of the host that is to be taken, or nothing to train one.

    Args:
      blessed_from: uri of the host of a model that was blessed before, or empty.
      host_path: the user's own host, or empty.

    Raises:
      FileNotFoundError: the host of the blessed model is gone.
    """
    if not blessed_from:
        yield host_path
        return
    if not tf.io.gfile.exists(tf.io.gfile.join(blessed_from, KERAS_FILE)):
        raise FileNotFoundError(
            f"The host of the blessed model is no longer at `{blessed_from}`. Restore it, or leave `reuse_host` out to "
            "train one."
        )
    with reading(blessed_from) as folder:
        yield str(folder / KERAS_FILE)


def make_host(kind: Kind, data: Any, settings: str, host_path: str, directory: Path, run: Run) -> None:
    """Trains a host, or takes the user's, and writes it as a TFX Model.

    Args:
      kind: of the host.
      data: the owner's, of the kind's type `data`.
      settings: of the kind's type `settings`, as JSON; not looked at where `host_path` is given.
      host_path: a `.keras` file or the folder of a SavedModel; empty to train.
      directory: of the artifact.
      run: where and how to train.

    Raises:
      FileNotFoundError: `host_path` is not there.
      ValueError: settings that do not fit, or a network that is no host of this kind or not for these data.
    """
    if host_path:
        host = import_host(host_path, kind, data)
    else:
        host = kind.train_host(data, from_dict(kind.settings, parsed("settings", settings, dict)), run)
    host.save(directory / KERAS_FILE)
    export(host, directory / SERVING, public=True)


def scheme_for(scheme: Scheme, data: Any, host: keras.Model) -> Scheme:
    """The scheme with those fields that only a host can decide, for instance whether it answers with probabilities.

    Fields that the data decide too are left as they are: settings that do not fit the data are refused by the scheme.

    Args:
      scheme: from the settings.
      data: the owner's, of the kind's type `data`.
      host: what will be marked.
    """
    kind = kind_called(scheme.kind)
    told = {*kind.described(data, None)}
    fields = {name: value for name, value in kind.described(data, host).items() if name not in told}
    return scheme_from_dict({**scheme_to_dict(scheme), **fields}) if fields else scheme


def write_model(marked: MarkedModel, scheme: Scheme, directory: Path, *, public: bool) -> None:
    """Writes the marked model as a TFX Model; only `Format-Serving` is pushed, where all of the key is sealed.

    Args:
      marked: the model and its key.
      scheme: that marked it.
      directory: of the artifact.
      public: leave the sealed `extract` signature out.
    """
    marked.model.save(directory / KERAS_FILE)
    save_history(directory / "history.json", [dict(line) for line in marked.history])
    export(marked.model, directory / SERVING, scheme=scheme, key=marked.key, public=public)


@dataclass(frozen=True)
class Sources:
    """Where an evaluation finds its subjects.

    Args:
      examples, host, model, key: uris of the artifacts.
      alpha: the level of a claim; None takes the scheme's.
      channels: of the pictures, 1 or 3.
    """

    examples: str
    host: str
    model: str
    key: str
    alpha: float | None
    channels: int = 3


def load_subjects(sources: Sources) -> Subjects:
    """Loads key, both models, and the thief's and the test part of the data.

    Raises:
      InvalidKeyError: the key was changed.
    """
    with reading(sources.key) as folder:
        key = OwnerKey.load(folder)
    scheme = scheme_of(key)
    return Subjects(
        scheme=scheme,
        key=key,
        marked=_suspect("marked model", sources.model),
        host=_suspect("unmarked host", sources.host),
        attacker=read_split(sources.examples, "attacker", scheme.kind, channels=sources.channels),
        test=read_split(sources.examples, "test", scheme.kind, channels=sources.channels),
        # A policy without a level blesses nothing, but the report should say what was found.
        alpha=scheme.alpha if sources.alpha is None else sources.alpha,
    )


def _suspect(name: str, uri: str) -> KerasSuspect:
    with reading(uri) as folder:
        return KerasSuspect(name, load_network(folder / KERAS_FILE))


def attacks_of(text: str) -> list[Attack]:
    """The attacks of the parameter `attacks`, a JSON list."""
    from tfwm.attacks import attack_from_dict

    return [attack_from_dict(fields) for fields in parsed("attacks", text, list)]


def policy_of(text: str) -> Policy:
    """The policy of the parameter `policy`, a JSON object."""
    return from_dict(Policy, parsed("policy", text, dict))


def read_rows(prefix: str, cells: Iterable[Cell]) -> list[Row]:
    """The rows that Beam wrote, in the order of the plan.

    Args:
      prefix: of the files that they were written to.
      cells: of the plan.

    Raises:
      RuntimeError: a cell has no row.
    """
    rows: dict[str, Row] = {}
    for file in tf.io.gfile.glob(prefix + "*"):
        with tf.io.gfile.GFile(file) as lines:
            for line in lines:
                row = from_dict(Row, json.loads(line))
                rows[row.label] = row
    missing = [cell.label for cell in cells if cell.label not in rows]
    if missing:
        raise RuntimeError(f"Beam returned no row for {', '.join(missing)}. Look at its workers' logs.")
    return [rows[cell.label] for cell in cells]


def write_report(report: Report, policy: Policy, decision: Decision, directory: Path) -> None:
    """Writes what a reader of the artifact needs.

    Args:
      report: goes to `report.json`.
      policy: what it was held against, to `policy.json`.
      decision: with its reasons, to `decision.json`.
      directory: of the artifact.
    """
    report.save(directory / "report.json")
    write_json(directory / "policy.json", to_dict(policy))
    write_json(directory / "decision.json", to_dict(decision))
