"""What a run did, read from its SQLite metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

# Generated code: its names exist at run time only.
protos: Any = metadata_store_pb2

_STATES = {protos.Execution.CACHED: "cached", protos.Execution.COMPLETE: "ran", protos.Execution.FAILED: "failed"}


class Step(NamedTuple):
    """One component in one run; `state` is `ran`, `cached`, `failed` or `unfinished`."""

    name: str
    state: str
    seconds: float


class LastRun:
    """The newest run in a metadata file, opened for reading.

    Args:
      path: the SQLite file.

    Raises:
      FileNotFoundError: no such file.
      LookupError: it holds no run.
    """

    def __init__(self, path: str | Path):
        if not Path(path).is_file():
            raise FileNotFoundError(f"`{path}` is not there. Run the pipeline first.")
        config = protos.ConnectionConfig()
        config.sqlite.filename_uri = str(path)
        config.sqlite.connection_mode = protos.SqliteMetadataSourceConfig.READONLY
        self._store = mlmd.MetadataStore(config)
        runs = self._store.get_contexts_by_type("pipeline_run")
        if not runs:
            raise LookupError(f"`{path}` holds no run. Run the pipeline first.")
        executions = self._store.get_executions_by_context(max(runs, key=lambda run: run.id).id)
        self._executions = sorted(executions, key=lambda execution: execution.id)

    def steps(self) -> tuple[Step, ...]:
        """Every component of the run, in order; the time is from its start to its last word."""
        return tuple(
            Step(
                self._name(execution),
                _STATES.get(execution.last_known_state, "unfinished"),
                (execution.last_update_time_since_epoch - execution.create_time_since_epoch) / 1000.0,
            )
            for execution in self._executions
        )

    def outputs(self) -> dict[str, Any]:
        """Artifacts by `Component.output`, of components that finished now or were cached."""
        found = {}
        for execution in self._executions:
            if _STATES.get(execution.last_known_state) not in ("ran", "cached"):
                continue
            for key, artifact in self._outputs_of(execution.id):
                found[f"{self._name(execution)}.{key}"] = artifact
        return found

    def _name(self, execution: Any) -> str:
        nodes = [context for context in self._store.get_contexts_by_execution(execution.id) if context.type == "node"]
        return nodes[0].name.rpartition(".")[2]

    def _outputs_of(self, execution_id: int) -> Iterable[tuple[str, Any]]:
        events = [
            event
            for event in self._store.get_events_by_execution_ids([execution_id])
            if event.type == protos.Event.OUTPUT
        ]
        artifacts = {a.id: a for a in self._store.get_artifacts_by_id([event.artifact_id for event in events])}
        for event in events:
            yield event.path.steps[0].key, artifacts[event.artifact_id]


def property_of(artifact: Any, name: str) -> Any:
    """A custom property of an artifact; None where it has none of that name.

    Args:
      artifact: of the metadata store.
      name: of the property.
    """
    if name not in artifact.custom_properties:
        return None
    value = artifact.custom_properties[name]
    return getattr(value, value.WhichOneof("value") or "string_value")
