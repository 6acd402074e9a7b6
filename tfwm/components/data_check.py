"""DataCheck: stops a run whose data are unusual, before anything is trained on them."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.types import artifact_utils
from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema

from tfwm.components.artifact_files import writing
from tfwm.components.artifacts import DataReportArtifact
from tfwm.components.example_forms import SPLITS
from tfwm.components.examples import records_of
from tfwm.components.expectations import check, found_in
from tfwm.components.picture_schema import FILE
from tfwm.components.settings import DataLimits, parsed
from tfwm.config import from_dict
from tfwm.files import write_json


@component
def DataCheck(
    examples: InputArtifact[Examples],
    statistics: InputArtifact[ExampleStatistics],
    schema: InputArtifact[Schema],
    anomalies: InputArtifact[ExampleAnomalies],
    report: OutputArtifact[DataReportArtifact],
    limits: Parameter[str],
    code_version: Parameter[str],
):
    """Raises what is unusual in a sentence each: what ExampleValidator found, drift between parts, and duplicates.

    Args:
      examples: of all parts.
      statistics: of all parts.
      schema: of PictureSchema.
      anomalies: of ExampleValidator.
      report: `findings.json`, what is worth knowing but stops nothing.
      limits: `DataLimits` as JSON.
      code_version: `code_digest()`; for the cache only.
    """
    by_part = {part: stats_artifact_utils.load_statistics(statistics, part).proto() for part in SPLITS}
    found = {part: _anomalies(anomalies, part) for part in SPLITS}
    wanted = tfdv.load_schema_text(tf.io.gfile.join(schema.uri, FILE))
    records = {part: records_of(examples.uri, part) for part in SPLITS}
    findings = found_in(by_part, found, wanted, records, from_dict(DataLimits, parsed("limits", limits, dict)))
    check(findings)
    with writing(report.uri) as directory:
        write_json(directory / "findings.json", list(findings.notes))


def _anomalies(artifact: ExampleAnomalies, part: str) -> anomalies_pb2.Anomalies:
    uri = artifact_utils.get_split_uri([artifact], part)
    with tf.io.gfile.GFile(tf.io.gfile.join(uri, "SchemaDiff.pb"), "rb") as file:
        return anomalies_pb2.Anomalies.FromString(file.read())
