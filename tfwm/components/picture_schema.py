"""PictureSchema: what pictures should look like, by the owner's."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

import tensorflow_data_validation as tfdv
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import ExampleStatistics, Schema

from tfwm.components.artifact_files import writing
from tfwm.components.expectations import OWNER, expected
from tfwm.components.settings import DataLimits, parsed
from tfwm.config import from_dict

FILE = "schema.pbtxt"


@component
def PictureSchema(
    statistics: InputArtifact[ExampleStatistics],
    schema: OutputArtifact[Schema],
    limits: Parameter[str],
    code_version: Parameter[str],
):
    """Writes the schema that ExampleValidator and DataCheck hold all parts against.

    Args:
      statistics: with the split `owner`.
      schema: sizes, formats and classes of the owner's pictures, and how much may be empty or drift.
      limits: `DataLimits` as JSON.
      code_version: `code_digest()`; for the cache only.
    """
    owner = stats_artifact_utils.load_statistics(statistics, OWNER).proto()
    made = expected(owner, from_dict(DataLimits, parsed("limits", limits, dict)))
    with writing(schema.uri) as directory:
        tfdv.write_schema_text(made, str(directory / FILE))
