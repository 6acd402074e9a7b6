"""What a SavedModel holds, read from its file without loading it."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from serving.config import WARMUP_FILE

_FILES = {"saved_model.pb", "fingerprint.pb", "variables/variables.index", WARMUP_FILE}
# What TensorFlow was built with, and nothing that a library has registered since; a server knows no more than that.
_OWN = frozenset(dir(tf.raw_ops))
# These run Python, touch the server's files, or print what a request holds.
_FORBIDDEN = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile", "Print", "PrintV2"}
_ORDER = ("serving_default", "serving_bytes", "extract")


class ExportError(RuntimeError):
    """The SavedModel would not run on a plain server, or would carry what it must not; nothing was written."""


def scan(directory: str | Path) -> list[str]:
    """Problems of a SavedModel, one sentence each; empty where it may be served.

    Args:
      directory: holds `saved_model.pb`.
    """
    directory = Path(directory)
    if not (directory / "saved_model.pb").is_file():
        return [f"`{directory}` holds no saved_model.pb"]
    files = sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file())
    strangers = [name for name in files if name not in _FILES and not name.startswith("variables/variables.data-")]
    problems = [f"`{name}` is no file of a plain SavedModel and may carry more than the model" for name in strangers]
    for operation in sorted(_operations(directory / "saved_model.pb")):
        if operation not in _OWN:
            problems.append(f"operation {operation} needs a library that a server does not load")
        elif operation in _FORBIDDEN:
            problems.append(f"operation {operation} runs Python, touches files or prints requests")
    return problems


def signatures_of(directory: str | Path) -> list[str]:
    """Names of the signatures of a SavedModel that may be called, those of an export in the order of its table."""
    (graph,) = _read(Path(directory) / "saved_model.pb").meta_graphs
    names = sorted(name for name in graph.signature_def if not name.startswith("__"))
    return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


def _operations(file: Path) -> set[str]:
    graphs = [meta_graph.graph_def for meta_graph in _read(file).meta_graphs]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for function in graph.library.function for node in function.node_def]
    return {node.op for node in nodes}


def _read(file: Path) -> saved_model_pb2.SavedModel:
    # Not tf.saved_model.load: a graph with unknown operations does not load, and loading runs it.
    return saved_model_pb2.SavedModel.FromString(file.read_bytes())
