"""The papers of a release, without tfx: from a model, its key and its report to a card and a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import tensorflow as tf

from tfwm.components.example_forms import SPLITS
from tfwm.components.examples import records_of
from tfwm.config import from_dict
from tfwm.digests import file_digests, model_digest
from tfwm.evaluation.card import ModelFacts, write_card
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report
from tfwm.exporting import signatures_of
from tfwm.files import read_json
from tfwm.keys import OwnerKey
from tfwm.ownership import write_certificate

CERTIFICATE = "certificate.json"


@dataclass(frozen=True)
class Parts:
    """Of the data: how many pictures each part has, and the shape `[height, width, channels]` of the first."""

    pictures: Mapping[str, int]
    shape: tuple[int, ...]


def parts_of(uri: str) -> Parts:
    """Counts the examples of every part.

    Args:
      uri: of an Examples artifact.
    """
    records = {part: records_of(uri, part) for part in SPLITS}
    first = tf.train.Example.FromString(next(records[SPLITS[0]].as_numpy_iterator())).features.feature
    shape = tuple(first[f"image/{name}"].int64_list.value[0] for name in ("height", "width", "channels"))
    return Parts({part: sum(1 for _ in found) for part, found in records.items()}, shape)


def write(directory: Path, name: str, model: Path, key: OwnerKey, measured: Path, parts: Parts) -> None:
    """Writes `card.md`, `card.html` and `certificate.json`.

    Args:
      directory: where they go.
      name: of the model.
      model: the SavedModel as it is pushed.
      key: the owner's.
      measured: the folder of the report, with `report.json` and `decision.json`.
      parts: of the data.
    """
    report = Report.load(measured / "report.json")
    decision = from_dict(Decision, read_json(measured / "decision.json"))
    facts = ModelFacts(
        name=name, scheme=key.scheme, key_fingerprint=key.fingerprint, digest=model_digest(file_digests(model)),
        written=datetime.now(timezone.utc).strftime("%d %B %Y, %H:%M UTC"), signatures=tuple(signatures_of(model)),
        pictures=parts.pictures, shape=parts.shape,
    )  # fmt: skip
    write_card(directory, facts, report, decision)
    write_certificate(directory / CERTIFICATE, model_directory=model, key=key, report=report, decision=decision)
