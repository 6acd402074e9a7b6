"""The pipeline's own artifact types.

Two rules of Kubeflow Pipelines v2: TYPE_NAME is the import path, because the container imports the class by it,
and there are no PROPERTIES, because the compiled schema has none. Figures are custom properties.
"""

from tfx import v1 as tfx


class OwnerKeyArtifact(tfx.dsl.Artifact):
    """A key folder (0700); metadata hold its fingerprint, never a byte of it."""

    TYPE_NAME = "tfwm.components.artifacts.OwnerKeyArtifact"


class AttackReportArtifact(tfx.dsl.Artifact):
    """A folder with `report.json` (a `Report`), `policy.json` and `decision.json`."""

    TYPE_NAME = "tfwm.components.artifacts.AttackReportArtifact"
