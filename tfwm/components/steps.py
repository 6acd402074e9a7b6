"""The work of the pipeline's steps, without tfx: from pairs and settings to files in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfwm.components.artifact_files import KERAS_FILE, SERVING, reading
from tfwm.components.examples import read_split
from tfwm.components.settings import parsed
from tfwm.config import from_dict, to_dict
from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.cells import Cell
from tfwm.evaluation.policy import Decision, Policy
from tfwm.evaluation.report import Report, Row
from tfwm.exporting import export
from tfwm.files import write_json
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, save_history
from tfwm.types import Attack, ImagePairs, MarkedModel

if TYPE_CHECKING:
    from tensorflow import keras


def make_host(pairs: ImagePairs, settings: str, host_path: str, directory: Path, run: Run) -> None:
    """Trains a host, or takes the user's, and writes it as a TFX Model.

    Args:
      pairs: the owner's.
      settings: `tfwm.kinds.restoration_hosts.HostSettings` as JSON; not looked at where `host_path` is given.
      host_path: a `.keras` file `[n, h, w, 1 or 3]` -> images, or empty.
      directory: of the artifact.
      run: where and how to train.

    Raises:
      FileNotFoundError: `host_path` is not there.
      ValueError: the network does not map images to images.
    """
    if host_path:
        if not Path(host_path).is_file():
            raise FileNotFoundError(f"`host_path` {host_path} is not there. Give a .keras file, or leave it empty.")
        host = load_network(host_path)
    else:
        from tfwm.kinds.restoration_hosts import HostSettings, train_host

        host = train_host(pairs, from_dict(HostSettings, parsed("settings", settings, dict)), run)
    host.save(directory / KERAS_FILE)
    export(host, directory / SERVING, public=True)


def mark(host: keras.Model, pairs: ImagePairs, scheme: Any, secret: bytes, run: Run) -> MarkedModel:
    """Trains the scheme on the owner's pairs, which must have the size that the scheme works at."""
    return scheme.train(host, pairs, run, secret=secret)


def write_model(marked: MarkedModel, scheme: Any, directory: Path, *, public: bool) -> None:
    """Writes the marked model as a TFX Model; only `Format-Serving` is pushed, where all of the key is sealed."""
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
    """Loads key, both models and the thief's and the test pictures."""
    with reading(sources.key) as folder:
        key = OwnerKey.load(folder)
    scheme: Any = scheme_of(key)
    return Subjects(
        scheme=scheme,
        key=key,
        marked=_suspect("marked model", sources.model),
        host=_suspect("unmarked host", sources.host),
        attacker=read_split(sources.examples, "attacker", channels=sources.channels),
        test=read_split(sources.examples, "test", channels=sources.channels),
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
    """Writes what a reader of the artifact needs: the report, the policy, and the decision with its reasons."""
    report.save(directory / "report.json")
    write_json(directory / "policy.json", to_dict(policy))
    write_json(directory / "decision.json", to_dict(decision))
