"""What a SavedModel's graph consists of, read from its file: which functions and variables a signature reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2


@dataclass(frozen=True)
class Constant:
    """A constant of a graph.

    Args:
      place: function and node.
      value: an array; of objects where it holds text.
    """

    place: str
    value: np.ndarray


@dataclass(frozen=True)
class Reached:
    """What signatures run.

    Args:
      functions: names in the graph's library.
      variables: names under which variables are shared.
    """

    functions: frozenset[str]
    variables: frozenset[str]


def read_graph(directory: str | Path) -> meta_graph_pb2.MetaGraphDef:
    """The one graph of a SavedModel.

    Raises:
      ValueError: the file is damaged, or holds more than one graph.
    """
    # Not tf.saved_model.load: a graph with unknown operations does not load, and loading runs it.
    content = (Path(directory) / "saved_model.pb").read_bytes()
    try:
        graphs = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    except Exception as error:  # protobuf has no type of its own for this
        raise ValueError(f"`{directory}/saved_model.pb` is damaged ({type(error).__name__}). Export again.") from error
    if len(graphs) != 1:
        raise ValueError(f"`{directory}/saved_model.pb` must hold one graph, got {len(graphs)}. Export again.")
    return graphs[0]


def reached(graph: meta_graph_pb2.MetaGraphDef, signatures: Iterable[str]) -> Reached:
    """The functions and the variables that signatures run.

    Args:
      graph: from `read_graph`.
      signatures: names of some of its signatures; those that it does not have are passed over.
    """
    nodes = {node.name: node for node in graph.graph_def.node}
    given = [graph.signature_def[name] for name in signatures if name in graph.signature_def]
    waiting = [info.name.partition(":")[0] for signature in given for info in signature.outputs.values()]
    seen, functions, variables = set[str](), set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        node = nodes[name]
        if node.op == "VarHandleOp":
            variables.add(name)
        functions |= set(_called(node))
        waiting.extend(source.lstrip("^").partition(":")[0] for source in node.input)
    return Reached(frozenset(_closure(graph, functions)), frozenset(variables))


def variables_of(graph: meta_graph_pb2.MetaGraphDef) -> dict[str, tf.DType]:
    """The type of every variable, by the name of its node."""
    nodes = [node for node in graph.graph_def.node if node.op == "VarHandleOp"]
    return {node.name: tf.as_dtype(node.attr["dtype"].type) for node in nodes}


def constants(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[tuple[str, Constant]]:
    """Every constant of the graph, with the name of its function; the name is empty in the graph itself."""
    yield from (("", constant) for constant in _constants("", graph.graph_def.node))
    for function in graph.graph_def.library.function:
        name = function.signature.name
        yield from ((name, constant) for constant in _constants(name, function.node_def))


def names_of(graph: meta_graph_pb2.MetaGraphDef, public: Reached) -> tuple[set[str], set[str]]:
    """The names in the file: of nodes, functions, arguments, variables and of what the module's attributes are.

    Args:
      graph: from `read_graph`.
      public: what the signatures for everybody run.

    Returns:
      Those of the model itself, which its maker chose, and all others.
    """
    theirs, others = set[str](), set[str]()
    for node in graph.graph_def.node:
        found = theirs if node.op != "VarHandleOp" or node.name in public.variables else others
        found |= _named(node)
    for function in graph.graph_def.library.function:
        signature = function.signature
        found = theirs if signature.name in public.functions or _is_plumbing(signature.name) else others
        found |= {signature.name, *(arg.name for arg in (*signature.input_arg, *signature.output_arg))}
        for node in function.node_def:
            found |= _named(node)
    for one in graph.object_graph_def.nodes:
        others |= {child.local_name for child in one.children}
    return theirs, others - theirs


def _named(node: NodeDef) -> set[str]:
    """A node's own name, and those that its attributes give."""
    noted = ("shared_name", "container", "_class")
    return {node.name, *(node.attr[name].s.decode("utf-8", "replace") for name in noted if name in node.attr)}


def _is_plumbing(function: str) -> bool:
    """Whether a function saves and restores variables: it names all of them in its arguments."""
    return function.startswith(("__inference__traced_save", "__inference__traced_restore"))


def _closure(graph: meta_graph_pb2.MetaGraphDef, names: Iterable[str]) -> set[str]:
    """These functions and all that they call."""
    library = {function.signature.name: function for function in graph.graph_def.library.function}
    done, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in done and name in library:
            done.add(name)
            waiting.extend(called for node in library[name].node_def for called in _called(node))
    return done


def _called(node: NodeDef) -> list[str]:
    """Names of the functions that a node's attributes hold."""
    found = [value.func.name for value in node.attr.values() if value.HasField("func")]
    return found + [func.name for value in node.attr.values() for func in value.list.func]


def _constants(function: str, nodes: Iterable[Any]) -> Iterator[Constant]:
    for node in nodes:
        if node.op == "Const":
            yield Constant(f"{function or 'graph'}/{node.name}", np.asarray(tf.make_ndarray(node.attr["value"].tensor)))
