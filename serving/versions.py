"""One served name: which versions lie on disk, which are loaded, and what became of the others."""

from __future__ import annotations

import functools
import gc
import threading
from dataclasses import dataclass

import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2

from serving.config import ModelConfig
from serving.places import PlainPlace
from serving.servables import Servable
from serving.status import LOGGER, StatusError
from serving.tokens import TokenCounts
from serving.warmup import load_warm

VersionState = get_model_status_pb2.ModelVersionStatus.State
UNKNOWN = 2


@dataclass(frozen=True)
class VersionStatus:
    """What GetModelStatus says of one version.

    Args:
      state: of `VersionState`, for instance AVAILABLE.
      error_code: the number of a gRPC status code; 0 where nothing went wrong.
      error_message: what went wrong, at most 500 characters.
    """

    state: int
    error_code: int = 0
    error_message: str = ""


class Model:
    """One name: its loaded versions, and the fate of those that are not.

    Args:
      config: the name, where its versions lie, and which of them are wanted.
      lock: guards what requests read; all models share it.
    """

    def __init__(self, config: ModelConfig, lock: threading.Lock) -> None:
        self.config = config
        self.loaded: dict[int, Servable] = {}
        self.statuses: dict[int, VersionStatus] = {}
        self._failed: dict[int, list[tuple[str, int, int]]] = {}
        self._lost: set[str] = set()
        self._lock = lock
        self.tokens = TokenCounts(config.name)
        self._place = PlainPlace(config.base_path)
        self._has_litter = False  # graphs that are closed and not yet freed

    def refresh(self) -> None:
        """One look at the disk: loads what is new, and only then lets go of what is no longer wanted.

        Where every wanted version fails, the older one stays, or comes back after a restart. Where the folder is
        empty, what is loaded stays too: a folder that is being replaced must not take the service down. A version that
        a label points to stays as long as it lies there.
        """
        found = versions_on_disk(self._place.path)
        wanted, held = self.config.choose(found), self.config.labelled(found)
        for version in sorted({*wanted, *held}):
            self._ensure(version, found[version])
        if not set(self.loaded) - held and not self.config.versions:
            older = sorted(set(found) - set(wanted), reverse=True)
            any(self._ensure(version, found[version]) for version in older)
        if any(version in self.loaded for version in wanted):
            for version in set(self.loaded) - set(wanted) - held:
                self.retire(version)
        self._tell_lost_labels()
        self._tidy()

    def _tidy(self) -> None:
        """Frees what retired and damaged versions left: their graphs refer to themselves, and Python's own collector
        comes by too seldom for a server that swaps versions.
        """
        if self._has_litter:
            self._has_litter = False
            gc.collect()

    def _tell_lost_labels(self) -> None:
        """A line in the log for each label whose version is not served, when that begins and when it ends."""
        for label, version in self.config.labels:
            if version not in self.loaded and label not in self._lost:
                self._lost.add(label)
                LOGGER.warning("label %s of model %s points to version %d, which is not served: requests for it get "
                               "NOT_FOUND", label, self.config.name, version)  # fmt: skip
            elif version in self.loaded and label in self._lost:
                self._lost.remove(label)
                LOGGER.info("label %s of model %s is served again: version %d", label, self.config.name, version)

    def _ensure(self, version: int, path: str) -> bool:
        """Whether a version is loaded now. One that failed is tried again only when its files have changed."""
        if version in self.loaded:
            return True
        if version in self._failed and self._failed[version] == fingerprint(path):
            return False
        return self._load(version, path)

    def _load(self, version: int, path: str) -> bool:
        self._note(version, VersionStatus(VersionState.LOADING))
        # Taken before loading: a file that arrives meanwhile makes the next look try again.
        seen = fingerprint(path)
        try:
            servable = load_warm(self.config.name, version, path)
        except Exception as error:  # whatever a corrupt folder raises, the other versions go on
            self._failed[version], self._has_litter = seen, True
            self._note(version, failure(error))
            # Its words may quote a warm-up request: they go to who asks for the status, not into the log.
            kind = type(error).__name__
            LOGGER.error("model %s version %d did not load (%s): see its status", self.config.name, version, kind)
            return False
        self._failed.pop(version, None)
        servable.counts = self.tokens  # a model's own, whatever its versions
        servable.on_last_answer = functools.partial(self.ended, servable)
        with self._lock:
            self.loaded[version] = servable
            self.statuses[version] = VersionStatus(VersionState.AVAILABLE)
        return True

    def _note(self, version: int, status: VersionStatus) -> None:
        with self._lock:
            self.statuses[version] = status

    def retire(self, version: int) -> None:
        """Takes a version out of service; its session closes when its last request is answered."""
        with self._lock:
            servable = self.loaded.pop(version)
            servable.retired = True
            idle = servable.users == 0
            self.statuses[version] = VersionStatus(VersionState.END if idle else VersionState.UNLOADING)
        if idle:
            servable.close()
            self._has_litter = True
        LOGGER.info("model %s version %d retired", self.config.name, version)

    def close(self) -> None:
        """Takes every version out of service."""
        for version in list(self.loaded):
            self.retire(version)
        self._place.close()

    def ended(self, servable: Servable) -> None:
        """Closes a retired version after its last request."""
        servable.close()
        self._has_litter = True
        with self._lock:
            # Its number may have been pushed again meanwhile.
            if servable.version not in self.loaded:
                self.statuses[servable.version] = VersionStatus(VersionState.END)


def versions_on_disk(base_path: str) -> dict[int, str]:
    """Folder by version number; a SavedModel that lies there without a number is version 1."""
    folder = base_path.rstrip("/")
    if tf.io.gfile.exists(f"{folder}/saved_model.pb"):
        return {1: folder}
    if not tf.io.gfile.isdir(folder):
        return {}
    names = [name.rstrip("/") for name in tf.io.gfile.listdir(folder)]
    return {int(name): f"{folder}/{name}" for name in names if name.isdecimal()}


def fingerprint(path: str) -> list[tuple[str, int, int]]:
    """Name, size and time of every file of a version: a failed one is tried again when this changes."""
    files = [f"{folder}/{name}" for folder, _, names in tf.io.gfile.walk(path) for name in names]
    stats = [(file, tf.io.gfile.stat(file)) for file in sorted(files)]
    return [(file, stat.length, stat.mtime_nsec) for file, stat in stats]


def failure(error: Exception) -> VersionStatus:
    """END, with the code and words of what went wrong while loading."""
    if isinstance(error, StatusError):
        return VersionStatus(VersionState.END, error.code.value[0], error.message)
    code = error.error_code if isinstance(error, tf.errors.OpError) else UNKNOWN
    return VersionStatus(VersionState.END, code, str(error)[:500])
