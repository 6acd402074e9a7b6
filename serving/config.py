"""Which models are served, from `name=path` pairs or from TensorFlow Serving's own models.config.

And two names that both ends, and whoever writes a SavedModel, must agree on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_serving.config import model_server_config_pb2

DEFAULT_SIGNATURE = "serving_default"
WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"  # in the SavedModel's folder


@dataclass(frozen=True)
class ModelConfig:
    """One served model.

    Args:
      name: the name that requests carry in their model_spec.
      base_path: a folder of numbered versions, or one SavedModel (which is then version 1).
      latest: how many of the newest versions are served; ignored where `versions` or `every_version` says otherwise.
      versions: serve exactly these.
      every_version: serve all of them.
      labels: (label, version) pairs that requests may use instead of a number; these versions are served too.

    Raises:
      ValueError: a name or path that cannot be, or `latest` below 1.
    """

    name: str
    base_path: str
    latest: int = 1
    versions: tuple[int, ...] = ()
    every_version: bool = False
    labels: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name or ":" in self.name:
            raise ValueError(f"`name` must be a model name without '/' and ':', got {self.name!r}. Rename the model.")
        if not self.base_path:
            raise ValueError(f"`base_path` of model `{self.name}` is empty. Give the folder of its versions.")
        if self.latest < 1:
            raise ValueError(f"`latest` must be at least 1, got {self.latest}. Use 1 to serve the newest version only.")

    def labelled(self, found: Collection[int]) -> set[int]:
        """The versions that labels hold in service, among those `found`."""
        return set(found) & {version for _, version in self.labels}

    def choose(self, found: Collection[int]) -> list[int]:
        """The versions that the policy serves among those `found`, oldest first; labels may hold others."""
        if self.every_version:
            return sorted(found)
        if self.versions:
            return sorted(set(found) & set(self.versions))
        return sorted(found)[-self.latest :]


def from_mapping(models: Mapping[str, str | Path] | Iterable[ModelConfig]) -> list[ModelConfig]:
    """Model configurations from `{name: path}`, or from configurations as they are.

    Raises:
      ValueError: no model, or two of one name.
    """
    if isinstance(models, Mapping):
        models = [ModelConfig(name, str(path)) for name, path in models.items()]
    configs = list(models)
    names = [config.name for config in configs]
    if not configs:
        raise ValueError("`models` is empty. Name at least one model and its folder.")
    if len(set(names)) != len(names):
        raise ValueError(f"`models` names a model twice: {sorted(names)}. Give every model its own name.")
    return configs


def from_arguments(pairs: Iterable[str]) -> list[ModelConfig]:
    """Model configurations from `name=base_path` texts, the form of the command line.

    Raises:
      ValueError: a text without `=`, or a name or path that cannot be.
    """
    configs = []
    for pair in pairs:
        name, separator, path = pair.partition("=")
        if not separator:
            raise ValueError(f"`--model` must be name=folder, got {pair!r}. For example --model marked=/models/marked.")
        configs.append(ModelConfig(name, path))
    return configs


def from_file(path: str | Path) -> list[ModelConfig]:
    """Model configurations from a file in TensorFlow Serving's text format (a ModelServerConfig).

    Raises:
      ValueError: the text does not parse, or asks for something that only the real server has.
    """
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    try:
        message = text_format.Parse(
            Path(path).read_text(encoding="utf-8-sig"), model_server_config_pb2.ModelServerConfig()
        )
    except text_format.ParseError as error:
        raise ValueError(f"`{path}` is not a ModelServerConfig: {error}. See serving/models.config.") from error
    return from_message(message, path)


def from_message(message: model_server_config_pb2.ModelServerConfig, named: str | Path) -> list[ModelConfig]:
    """Model configurations from a ModelServerConfig.

    Args:
      message: of a file, or of a request.
      named: where it came from, for messages.

    Raises:
      ValueError: no model, or something that only the real server has.
    """
    if not message.model_config_list.config:
        raise ValueError(f"`{named}` lists no model. It needs model_config_list {{ config {{ ... }} }}.")
    return [_from_entry(config, named) for config in message.model_config_list.config]


def _from_entry(message: model_server_config_pb2.ModelConfig, path: str | Path) -> ModelConfig:
    """One entry of the file at `path`."""
    if message.model_platform not in ("", "tensorflow"):
        raise ValueError(
            f'`model_platform` of `{message.name}` in `{path}` must be "tensorflow", got {message.model_platform!r}. '
            "Serve other platforms with TensorFlow Serving."
        )
    policy = message.model_version_policy
    return ModelConfig(
        name=message.name,
        base_path=message.base_path,
        latest=policy.latest.num_versions or 1,
        versions=tuple(policy.specific.versions),
        every_version=policy.HasField("all"),
        labels=tuple(sorted(message.version_labels.items())),
    )
