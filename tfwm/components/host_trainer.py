"""HostTrainer: the network that is to be protected, trained on the owner's data or imported."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

from pathlib import Path

from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import Examples, Model

from tfwm.components import steps
from tfwm.components.artifact_files import private, writing
from tfwm.components.artifacts import MADE_FROM
from tfwm.components.examples import read_split
from tfwm.components.settings import run_on
from tfwm.kinds import kind_called


@component
def HostTrainer(
    examples: InputArtifact[Examples],
    host: OutputArtifact[Model],
    kind: Parameter[str],
    settings: Parameter[str],
    host_path: Parameter[str],
    channels: Parameter[int],
    machine: Parameter[str],
    seed: Parameter[int],
    work_dir: Parameter[str],
    files_digest: Parameter[str],
    code_version: Parameter[str],
    blessed: InputArtifact[Model] = None,
):
    """Writes `model.keras` and `Format-Serving`.

    Args:
      examples: with the split `owner`.
      host: the network.
      kind: of the host, a name in `tfwm.kinds.KINDS`.
      settings: of the kind's type `settings`, as JSON.
      host_path: the user's own `.keras` file or SavedModel instead; empty to train.
      channels: 1 or 3, of the pictures that the host takes.
      machine: `Machine` as JSON.
      seed: of every draw.
      work_dir: checkpoints and TensorBoard logs; must outlive the run, since TFX deletes what a failed step wrote.
      files_digest: of `host_path`'s content; for the cache only.
      code_version: `code_digest()`; for the cache only.
      blessed: a marked model that was blessed before: its host is taken. None to train or import one.
    """
    run = run_on(machine, seed, private(work_dir) / "host")
    place = "" if blessed is None else blessed.get_string_custom_property(MADE_FROM)
    with steps.host_file(place, host_path) as source, writing(host.uri) as directory:
        data = read_split(examples.uri, "owner", kind, channels=channels)
        steps.make_host(kind_called(kind), data, settings, source, Path(directory), run)
