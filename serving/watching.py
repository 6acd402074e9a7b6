"""All served models: the thread that watches their folders, and the way from a request to a version."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf
from tensorflow_serving.apis import model_pb2

from serving.config import ModelConfig
from serving.metrics import RequestCounts
from serving.servables import Servable
from serving.status import LOGGER, invalid, not_found
from serving.versions import Model, VersionStatus


class Models:
    """All served models, and the thread that watches their folders.

    Args:
      configs: one per model.
      may_reload: whether clients may change what is served.
      largest_batch: entries of a request; 0 for any number.
    """

    def __init__(
        self, configs: Sequence[ModelConfig], *, may_reload: bool = False, largest_batch: int = 0
    ) -> None:  # fmt: skip
        self.may_reload, self.largest_batch = may_reload, largest_batch
        self.requests = RequestCounts()
        self._lock = threading.Lock()
        self._looking = threading.Lock()  # at the disk: the watch and a reload take turns
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.models = {config.name: Model(config, self._lock) for config in configs}

    def load_all(self) -> None:
        """Loads every model once.

        Raises:
          ValueError: a model has no version that loads; the message says why.
        """
        for model in self.models.values():
            _load(model)

    def reload(self, configs: Sequence[ModelConfig]) -> None:
        """Serves these models and no others, without a moment in which one of both lists is not served.

        Args:
          configs: one per model.

        Raises:
          StatusError: NOT_FOUND, a model has no version that loads; what was served is served on.
        """
        with self._looking:
            new = {c.name: Model(c, self._lock) for c in configs if not self._has(c)}
            try:
                for model in new.values():
                    _load(model)
            except ValueError as error:
                for model in new.values():
                    model.close()
                raise not_found(str(error)) from error
            with self._lock:
                before = self.models
                self.models = {c.name: new.get(c.name) or before[c.name] for c in configs}
            for name, model in before.items():
                if self.models.get(name) is not model:
                    model.close()
        LOGGER.info("serving the models %s", ", ".join(sorted(self.models)))

    def _has(self, config: ModelConfig) -> bool:
        return config.name in self.models and self.models[config.name].config == config

    def watch(self, poll_s: float) -> None:
        """Starts to look at the disk every `poll_s` seconds."""
        self._thread = threading.Thread(target=self._watch, args=(poll_s,), name="model-watcher", daemon=True)
        self._thread.start()

    def _watch(self, poll_s: float) -> None:
        while not self._stopping.wait(poll_s):
            with self._looking:
                self._look()

    def _look(self) -> None:
        for model in self.models.values():
            model.tokens.report()
            try:
                model.refresh()
            except Exception as error:  # a file system that is away for a moment must not end the watch
                LOGGER.warning("cannot look at the folder of model %s: %s", model.config.name, error)

    def close(self) -> None:
        """Stops watching and frees every version."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for model in self.models.values():
            model.tokens.report(at_last=True)
            model.close()

    @contextmanager
    def acquire(self, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
        """The version that a ModelSpec asks for, kept alive while the block runs.

        Raises:
          StatusError: no such model, version or label.
        """
        with self._lock:
            servable = self._find(spec)
            servable.users += 1
        try:
            yield servable
        finally:
            with self._lock:
                servable.users -= 1
                last = servable.retired and servable.users == 0
            if last:
                servable.on_last_answer()

    def _find(self, spec: model_pb2.ModelSpec) -> Servable:
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        version = self._wanted_version(spec)
        loaded = self.models[spec.name].loaded if spec.name in self.models else {}
        if version is None and loaded:
            return loaded[max(loaded)]
        if version is None:
            raise not_found(f"Servable not found for request: Latest({spec.name})")
        if version not in loaded:
            raise not_found(f"Servable not found for request: Specific({spec.name}, {version})")
        return loaded[version]

    def _wanted_version(self, spec: model_pb2.ModelSpec) -> int | None:
        """The number that a spec gives, or that its label stands for; None where it leaves the choice."""
        if spec.HasField("version"):
            return int(spec.version.value)
        if not spec.version_label:
            return None
        labels = dict(self.models[spec.name].config.labels) if spec.name in self.models else {}
        if spec.version_label not in labels:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        return labels[spec.version_label]

    def statuses(self, spec: model_pb2.ModelSpec) -> list[tuple[int, VersionStatus]]:
        """(version, status) of the versions that a ModelSpec asks for, newest first.

        Raises:
          StatusError: no such model, version or label.
        """
        with self._lock:
            known = dict(self.models[spec.name].statuses) if spec.name in self.models else {}
            version = self._wanted_version(spec)
        if version is not None and version not in known:
            raise not_found(f"Could not find version {version} of model {spec.name}")
        if not known:
            raise not_found(f"Could not find any versions of model {spec.name}")
        versions = sorted(known, reverse=True) if version is None else [version]
        return [(number, known[number]) for number in versions]


def _load(model: Model) -> None:
    """Loads what a model's folder holds.

    Raises:
      ValueError: no version that loads; the message says why.
    """
    config = model.config
    try:
        model.refresh()
    except tf.errors.OpError as error:
        raise ValueError(f"cannot look into `{config.base_path}`: {error.message}. Check its permissions.") from error
    if not model.loaded:
        reasons = [f"version {v}: {s.error_message}" for v, s in sorted(model.statuses.items())]
        raise ValueError(
            f"model `{config.name}` has no version that loads under `{config.base_path}` "
            f"({'; '.join(reasons) or 'no numbered folder there'}). Export or push a SavedModel to "
            f"`{config.base_path}/1`, or correct the path."
        )
