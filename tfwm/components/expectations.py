"""What pictures of a pipeline should look like: the owner's part says it, and the others are held against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from tfwm.components.duplicates import digests_of, shared
from tfwm.components.settings import DataLimits
from tfwm.data.reading.records import PICTURE

OWNER = "owner"
CONTENT = "image/content"
EXACT = ("image/height", "image/width")  # not channels: grey and colour are brought to what the scheme takes
SUMMARIES = ("mean", "std", "sharpness")
FAR = anomalies_pb2.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH
BUCKETS = 10  # of the histograms that StatisticsGen makes


def expected(statistics: Any, limits: DataLimits) -> schema_pb2.Schema:
    """The schema by the owner's pictures: what TFDV infers, their sizes, what is empty, and how far others may drift.

    Args:
      statistics: of the owner's part, a `DatasetFeatureStatisticsList`.
      limits: of the run.
    """
    schema = tfdv.infer_schema(statistics, infer_feature_shape=True)
    sizes = {
        feature.path.step[0]: feature.num_stats
        for feature in statistics.datasets[0].features
        if feature.path.step[0] in EXACT
    }
    for feature in schema.feature:
        if feature.name in sizes:
            feature.int_domain.min = int(sizes[feature.name].min)
            feature.int_domain.max = int(sizes[feature.name].max)
        elif feature.name == CONTENT:
            feature.ClearField("domain_info")
            feature.string_domain.value.append(PICTURE.decode())
            feature.distribution_constraints.min_domain_mass = 1.0 - limits.max_empty
        elif feature.name.split("/")[-1] in SUMMARIES:
            feature.drift_comparator.jensen_shannon_divergence.threshold = limits.max_drift
    return schema


def drifts(statistics: Any, owner: Any, schema: schema_pb2.Schema) -> list[str]:
    """By what a part differs from the owner's, one sentence each.

    Args:
      statistics: of the part.
      owner: of the owner's part.
      schema: of `expected`.
    """
    counts = [found.datasets[0].num_examples for found in (statistics, owner)]
    allowed = schema_pb2.Schema()
    for feature in schema.feature:
        if feature.HasField("drift_comparator"):
            added = allowed.feature.add()
            added.CopyFrom(feature)
            divergence = added.drift_comparator.jensen_shannon_divergence
            divergence.threshold = min(divergence.threshold + by_chance(*counts), 1.0)
    found = tfdv.validate_statistics(statistics, allowed, previous_statistics=owner)
    names = {feature.name for feature in allowed.feature}
    return [
        f"{name} is unlike the owner's: {_distance(info)}"
        for name, info in sorted(found.anomaly_info.items())
        if name in names and any(reason.type == FAR for reason in info.reason)
    ]


def by_chance(first: int, second: int) -> float:
    """Three times the divergence that two samples of one distribution show on average, in bits.

    Args:
      first: how many pictures.
      second: of the other sample.
    """
    return 3.0 * (BUCKETS - 1) / (8.0 * math.log(2.0)) * (1.0 / max(first, 1) + 1.0 / max(second, 1))


def _distance(info: Any) -> str:
    return " ".join(info.description.split()).rstrip(".")


def sentences(anomalies: Mapping[str, Any]) -> Iterable[str]:
    """What ExampleValidator found, one sentence each.

    Args:
      anomalies: `Anomalies` by part.
    """
    for part, found in anomalies.items():
        for name, info in sorted(found.anomaly_info.items()):
            yield f"{part}: {name}: {_distance(info)}"


@dataclass(frozen=True)
class Findings:
    """What is unusual in data.

    Args:
      faults: sentences on what must stop a run.
      notes: sentences on what is worth knowing.
    """

    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def found_in(
    statistics: Mapping[str, Any],
    anomalies: Mapping[str, Any],
    schema: schema_pb2.Schema,
    records: Mapping[str, tf.data.Dataset],
    limits: DataLimits,
) -> Findings:
    """Everything unusual in the parts of the data.

    Args:
      statistics: of each part.
      anomalies: that ExampleValidator found in each part.
      schema: of `expected`.
      records: serialized tf.Examples of each part.
      limits: of the run.
    """
    faults = list(sentences(anomalies))
    for part, found in statistics.items():
        if part != OWNER:
            faults += [f"{part}: {sentence}" for sentence in drifts(found, statistics[OWNER], schema)]
    notes: list[str] = []
    duplicates = shared({part: digests_of(found) for part, found in records.items()})
    for (part, other), (names, share) in duplicates.items():
        sentence = f"{part}: {len(names)} of its pictures ({100 * share:.1f} %) are in {other} too, {names[0]} first"
        (faults if share > limits.max_duplicates else notes).append(sentence)
    return Findings(tuple(faults), tuple(notes))


def check(findings: Findings) -> None:
    """Stops where something is wrong.

    Args:
      findings: of `found_in`.

    Raises:
      ValueError: with every fault.
    """
    if findings.faults:
        raise ValueError(
            f"The data are unusual: {'; '.join(findings.faults)}. Mend them, or raise a limit of `data_limits` in the "
            "settings (`validate` false looks at nothing)."
        )
