"""The push of the pipeline by itself: the executor and the destination that `create_pipeline` gives its Pusher."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tfx.components.pusher.executor import Executor
from tfx.types import Artifact, standard_artifacts

from pipelines.arguments import arguments_of
from pipelines.configs import PipelineConfig
from pipelines.pipeline import create_pipeline
from tests.pipelines.expected import SCHEMES
from tfwm.types import CLASSIFICATION

SERVING_DIR = "/a/folder/for/versions"


def _artifact(kind: type[Artifact], folder: Path) -> Artifact:
    made = kind()
    made.uri = str(folder)
    return made


@cache
def _pusher() -> tuple[Executor, dict[str, Any]]:
    """The executor and the properties of the pipeline's last step; it pushes to `SERVING_DIR`."""
    config = PipelineConfig.tiny("/data", "/root", scheme=SCHEMES[CLASSIFICATION])
    arguments = arguments_of(config) | {"serving_dir": SERVING_DIR, "serving_check": "none"}
    (pusher,) = (each for each in create_pipeline(**arguments).components if each.id == "Pusher")
    return pusher.executor_spec.executor_class(), pusher.exec_properties


def prepared_push(folder: Path) -> Callable[[], None]:
    """What pushes the blessed model of `folder` when it is called.

    Args:
      folder: has the model `model/Format-Serving`, and gets the versions in `serving` and the archive in `pushed`.
    """
    executor, properties = _pusher()
    here = {name: str(value).replace(SERVING_DIR, str(folder / "serving")) for name, value in properties.items()}
    blessing = _artifact(standard_artifacts.ModelBlessing, folder / "blessing")
    blessing.set_int_custom_property("blessed", 1)
    pushed = _artifact(standard_artifacts.PushedModel, folder / "pushed")
    inputs = {"model": [_artifact(standard_artifacts.Model, folder / "model")], "model_blessing": [blessing]}
    return lambda: executor.Do(inputs, {"pushed_model": [pushed]}, here)
