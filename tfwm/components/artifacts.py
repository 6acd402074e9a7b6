"""The pipeline's own artifact types.

Three rules of TFX on Kubeflow Pipelines v2. TYPE_NAME is a path that the container imports the class by. It has
exactly one dot, or the compiler refuses it; hence `pipelines`, which hands them out. There are no PROPERTIES,
because the compiled schema has none: figures are custom properties.
"""

from tfx import v1 as tfx

MADE_FROM = "made_from"  # custom property of a marked model: the uri of its host


class OwnerKeyArtifact(tfx.dsl.Artifact):
    """A key folder (0700); metadata hold its fingerprint, never a byte of it."""

    TYPE_NAME = "pipelines.OwnerKeyArtifact"


class DataReportArtifact(tfx.dsl.Artifact):
    """A folder with `findings.json`: sentences on the data."""

    TYPE_NAME = "pipelines.DataReportArtifact"


class AttackReportArtifact(tfx.dsl.Artifact):
    """A folder with `report.json` (a `Report`), `policy.json` and `decision.json`."""

    TYPE_NAME = "pipelines.AttackReportArtifact"


class ReleasePapersArtifact(tfx.dsl.Artifact):
    """A folder with `card.md`, `card.html` and `certificate.json`; nothing in it is secret."""

    TYPE_NAME = "pipelines.ReleasePapersArtifact"
