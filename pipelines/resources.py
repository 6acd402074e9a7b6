"""What the steps that train ask of a cluster: processors, memory, accelerators, and the nodes that have them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# All others read, count and copy: they would keep an accelerator from those that train.
TRAINING_STEPS = ("HostTrainer", "WatermarkTrainer", "RobustnessEvaluator")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_MEMORY = re.compile(r"([1-9]\d*)(k|Ki|[MGT]i?|)")
_WORD = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_WORD}")
_RESOURCE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Resources:
    """Limits of the steps that train or attack, and labels of the nodes that they may run on.

    Args:
      gpus: accelerators for each step.
      gpu_type: the name under which the cluster offers them.
      cpus: cores; 0 leaves it to the cluster.
      memory: as Kubernetes writes it, for instance `16Gi`; empty leaves it to the cluster.
      node_selector: labels that a node must have.

    Raises:
      ValueError: a number below 0, or a text that Kubernetes refuses.
    """

    gpus: int = 0
    gpu_type: str = "nvidia.com/gpu"
    cpus: float = 0.0
    memory: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.gpus < 0 or self.cpus < 0:
            raise ValueError(f"`gpus` and `cpus` must be 0 or more, got {self.gpus} and {self.cpus:g}. Use 1.")
        if not _RESOURCE.fullmatch(self.gpu_type):
            raise ValueError(f"`gpu_type` must be vendor/name, got {self.gpu_type!r}. For example nvidia.com/gpu.")
        if self.memory and not _MEMORY.fullmatch(self.memory):
            raise ValueError(f"`memory` must be a number and a unit, got {self.memory!r}. For example 16Gi.")
        for key, value in self.node_selector.items():
            if not _LABEL.fullmatch(key) or not re.fullmatch(f"({_WORD})?", value):
                raise ValueError(
                    f"`node_selector` must be a label and its value as Kubernetes takes them, got {key}={value}. For "
                    "example cloud.google.com/gke-accelerator=nvidia-l4."
                )

    @property
    def memory_bytes(self) -> int:
        """Of `memory`; 0 where the cluster decides."""
        found = _MEMORY.fullmatch(self.memory)
        return int(found[1]) * _UNITS[found[2]] if found else 0

    def as_container_resources(self) -> dict[str, Any]:
        """The field `resources` of a container in a compiled Kubeflow v2 pipeline; gigabytes are 10^9 bytes there."""
        found: dict[str, Any] = {}
        if self.cpus:
            found["cpuLimit"] = self.cpus
        if self.memory:
            found["memoryLimit"] = self.memory_bytes / 10**9
        if self.gpus:
            found["accelerator"] = {"type": self.gpu_type, "count": str(self.gpus)}
        return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options from which `resources_from` makes `Resources`.

    Args:
      parser: of a runner's command.
    """
    option = parser.add_argument_group("training and attack steps, and no others").add_argument
    option("--gpus", type=int, default=0, help="for each step (default none)")
    option("--gpu-type", default="nvidia.com/gpu", help="as the cluster calls it (default nvidia.com/gpu)")
    option("--cpus", type=float, default=0.0, help="cores for each step (default: the cluster's)")
    option("--memory", default="", metavar="16Gi", help="for each step (default: the cluster's)")
    option(
        "--node-selector", action="append", default=[], metavar="LABEL=VALUE", help="which nodes; may be given often"
    )


def resources_from(given: argparse.Namespace) -> Resources:
    """What the options ask for.

    Args:
      given: of the command.

    Raises:
      ValueError: as of `Resources`, or a label without a value.
    """
    return Resources(given.gpus, given.gpu_type, given.cpus, given.memory, _labels(given.node_selector))


def _labels(words: Iterable[str]) -> dict[str, str]:
    found = {}
    for word in words:
        label, separator, value = word.partition("=")
        if not separator:
            raise ValueError(f"`--node-selector` must be LABEL=VALUE, got {word!r}. For example disk=ssd.")
        found[label] = value
    return found
