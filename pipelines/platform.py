"""What a compiled Kubeflow v2 pipeline cannot say of Kubernetes itself: a second document behind it says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.resources import TRAINING_STEPS, Resources

SECRET_STEP = "WatermarkTrainer"


def executor_of(step: str) -> str:
    """The label by which TFX names a step's container.

    Args:
      step: id of a component.
    """
    return f"{step}_executor"


def limit(spec: dict[str, Any], resources: Resources) -> None:
    """Writes the limits of the training steps into a compiled pipeline.

    Args:
      spec: the PipelineSpec; it is changed.
      resources: what those steps ask for.
    """
    asked = resources.as_container_resources()
    if asked:
        for step in TRAINING_STEPS:
            spec["deploymentSpec"]["executors"][executor_of(step)]["container"]["resources"] = asked


def platform_of(
    executors: Iterable[str], resources: Resources, *, volume: tuple[str, str] | None, secret: tuple[str, str] | None
) -> dict[str, Any]:
    """The document of the platform `kubernetes`; empty where nothing is asked of it.

    Args:
      executors: labels of all containers.
      resources: its node selector goes to the training steps only.
      volume: a claim and the folder where every step mounts it, or None.
      secret: a secret and the folder where the step that marks mounts it, or None.
    """
    found = {label: _of_one(label, resources.node_selector, volume, secret) for label in sorted(executors)}
    found = {label: asked for label, asked in found.items() if asked}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": found}}}} if found else {}


def _of_one(
    label: str, nodes: Mapping[str, str], volume: tuple[str, str] | None, secret: tuple[str, str] | None
) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    if nodes and label in map(executor_of, TRAINING_STEPS):
        asked["nodeSelector"] = {"labels": dict(nodes)}
    if volume is not None:
        asked["pvcMount"] = [{"constant": volume[0], "mountPath": volume[1]}]
    if secret is not None and label == executor_of(SECRET_STEP):
        asked["secretAsVolume"] = [{"secretName": secret[0], "mountPath": secret[1]}]
    return asked
