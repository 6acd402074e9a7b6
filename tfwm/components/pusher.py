"""Pusher: TFX's own, that shows a server no version which is not whole.

By its source, TFX's executor copies file by file into the version's folder. Killed meanwhile, it leaves half a version
under the highest number, which a server tries again at each start.
"""

from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.pusher.executor import Executor
from tfx.dsl.components.base import executor_spec
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, proto_utils

from tfwm.components.artifact_files import reading, remote
from tfwm.components.publishing import restored

Artifacts = dict[str, list[types.Artifact]]


class WholeVersions(Executor):
    """Archives a blessed model, then copies it under a name that no server reads, then renames it.

    A model that is served already, because a run was killed after the rename, is not pushed twice.
    """

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Pushes the model where all blessings allow it; object stores have no rename and get TFX's own copying.

        Args:
          input_dict: `model`, and `model_blessing` and `infra_blessing` where there are any.
          output_dict: `pushed_model`.
          exec_properties: `push_destination`, JSON of a `PushDestination`.
        """
        base = _base_directory(exec_properties)
        if not base or remote(base):
            super().Do(input_dict, output_dict, exec_properties)
            return
        pushed = artifact_utils.get_single_instance(output_dict[standard_component_specs.PUSHED_MODEL_KEY])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        io_utils.copy_dir(self.GetModelPath(input_dict), pushed.uri)
        with reading(pushed.uri) as model:
            version = restored(model, base)
        self._MarkPushed(pushed, pushed_destination=str(version), pushed_version=version.name)


def _base_directory(exec_properties: dict[str, Any]) -> str:
    """The folder with numbered versions; empty where the model goes anywhere else."""
    destination = tfx.proto.PushDestination()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination)
    return destination.filesystem.base_directory


class Pusher(tfx.components.Pusher):
    """Takes what TFX's component takes, and pushes with `WholeVersions`."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(WholeVersions)
