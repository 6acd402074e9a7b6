"""ReleasePapers: what goes along with a released model: its card, for people, and its certificate, for machines."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import Examples, Model

from tfwm.components import papers
from tfwm.components.artifact_files import SERVING, reading, writing
from tfwm.components.artifacts import AttackReportArtifact, OwnerKeyArtifact, ReleasePapersArtifact
from tfwm.keys import OwnerKey


@component
def ReleasePapers(
    examples: InputArtifact[Examples],
    model: InputArtifact[Model],
    owner_key: InputArtifact[OwnerKeyArtifact],
    report: InputArtifact[AttackReportArtifact],
    papers_of_release: OutputArtifact[ReleasePapersArtifact],
    name: Parameter[str],
    code_version: Parameter[str],
):
    """Writes the model card and the certificate, also of a model that is not blessed: both say so.

    Args:
      examples: that it was made of, for their number and size.
      model: with a folder `Format-Serving`, whose files the certificate lists as they are pushed.
      owner_key: what it was marked with; signs the certificate.
      report: of RobustnessEvaluator.
      papers_of_release: `card.md`, `card.html` and `certificate.json`.
      name: of the model.
      code_version: `code_digest()`; for the cache only.
    """
    with reading(owner_key.uri) as folder:
        key = OwnerKey.load(folder)
    with reading(model.uri) as folder, reading(report.uri) as measured, writing(papers_of_release.uri) as directory:
        papers.write(directory, name, folder / SERVING, key, measured, papers.parts_of(examples.uri))
