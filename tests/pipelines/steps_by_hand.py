"""A compiled Kubeflow v2 pipeline, its steps run by hand: what a cluster does with the file, without the cluster.

Each step is started by the command that the file has for it, with an executor input as the cluster would write it;
what the step says of its outputs is what the next one is told.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Steps:
    """The tasks of a compiled pipeline, and what those that ran have written.

    Args:
      spec: the compiled pipeline.
      root: artifacts and the steps' own notes go here.
      outputs: by task, what its step said of each output.
    """

    spec: Mapping[str, Any]
    root: Path
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def in_order(self) -> Iterator[str]:
        """Names of the tasks, each after those that it waits for."""
        tasks, done = dict(self.spec["root"]["dag"]["tasks"]), set()
        while tasks:
            ready = sorted(name for name, task in tasks.items() if done >= {*task.get("dependentTasks", ())})
            assert ready, f"{sorted(tasks)} wait for each other"
            for name in ready:
                done.add(name)
                del tasks[name]
                yield name

    def command(self, task: str, values: Mapping[str, Any] | None = None) -> list[str]:
        """The words that the cluster starts a step with.

        Args:
          task: its name.
          values: of runtime parameters that differ from the defaults.
        """
        container = self._container(task)
        text = json.dumps(self._executor_input(task, values or {}))
        return [*container["command"], *(text if word == "{{$}}" else word for word in container["args"])]

    def run(self, task: str, start: Callable[[list[str]], None], values: Mapping[str, Any] | None = None) -> None:
        """Runs a step and keeps what it said.

        Args:
          task: its name.
          start: runs a command, for instance `in_this_process`.
          values: as for `command`.
        """
        start(self.command(task, values))
        said = json.loads(Path(self._place(task), "executor_output.json").read_text(encoding="utf-8"))
        self.outputs[task] = {key: found["artifacts"][0] for key, found in said["artifacts"].items()}

    def folder(self, task: str, key: str) -> Path:
        """Where an output lies."""
        return Path(self.outputs[task][key]["uri"])

    def _container(self, task: str) -> Mapping[str, Any]:
        label = self._component(task)["executorLabel"]
        return self.spec["deploymentSpec"]["executors"][label]["container"]

    def _component(self, task: str) -> Mapping[str, Any]:
        return self.spec["components"][self.spec["root"]["dag"]["tasks"][task]["componentRef"]["name"]]

    def _place(self, task: str) -> str:
        return str(self.root / task)

    def _executor_input(self, task: str, values: Mapping[str, Any]) -> dict[str, Any]:
        given = self.spec["root"]["dag"]["tasks"][task].get("inputs", {})
        artifacts = given.get("artifacts", {})
        parameters = given.get("parameters", {})
        return {
            "inputs": {
                "artifacts": {key: {"artifacts": [self._input(task, key, artifacts[key])]} for key in artifacts},
                "parameterValues": {key: self._value(parameters[key], values) for key in parameters},
            },
            "outputs": {
                "artifacts": {key: {"artifacts": [self._output(task, key)]} for key in self._types(task, "output")},
                "outputFile": f"{self._place(task)}/executor_output.json",
            },
        }

    def _types(self, task: str, side: str) -> dict[str, Any]:
        definitions = self._component(task).get(f"{side}Definitions", {}).get("artifacts", {})
        return {key: found["artifactType"] for key, found in definitions.items()}

    def _input(self, task: str, key: str, source: Mapping[str, Any]) -> dict[str, Any]:
        named = source["taskOutputArtifact"]
        said = self.outputs[named["producerTask"]][named["outputArtifactKey"]]
        return {**said, "type": self._types(task, "input")[key]}

    def _output(self, task: str, key: str) -> dict[str, Any]:
        # The cluster names an artifact and its folder; it makes neither the folder nor its parents.
        return {"name": f"{task}-{key}", "uri": f"{self._place(task)}/{key}", "type": self._types(task, "output")[key]}

    def _value(self, source: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        if "runtimeValue" in source:
            return source["runtimeValue"]["constant"]
        name = source["componentInputParameter"]
        return values.get(name, self.spec["root"]["inputDefinitions"]["parameters"][name]["defaultValue"])


def in_this_process(command: list[str]) -> None:
    """Runs `python -m module ...` here, since each process of its own would import tfx once more.

    Args:
      command: its words.
    """
    assert command[:2] == ["python", "-m"], command
    before, sys.argv = sys.argv, [command[2], *command[3:]]
    try:
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    except SystemExit as end:  # as absl ends every program
        if end.code:
            raise AssertionError(f"{command[2]} ended with {end.code}") from end
    finally:
        sys.argv = before
