"""A Keras network taken apart: its operations without names on one side, its weights on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.core.framework.node_def_pb2 import NodeDef

# Shapes and axes have a handful of elements; a longer constant may be a weight by another name.
_LONGEST_OPEN_CONSTANT = 16


@dataclass(frozen=True)
class Blank:
    """A network without its weights.

    Args:
      graph: the operations, with numbers for names; the image and the weights are inputs that no node gives.
      feeds: names of those inputs: the image, then one for every entry of `shapes`.
      fetches: names of the outputs.
      shapes: of the weights.
      outputs: shapes of the outputs after the batch axis.
    """

    graph: tf.compat.v1.GraphDef
    feeds: tuple[str, ...]
    fetches: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]

    def __call__(self, images: tf.Tensor, weights: list[tf.Tensor]) -> list[tf.Tensor]:
        """The network's outputs; only inside a `tf.function`.

        Args:
          images: float32, of the shape that the network takes.
          weights: float32, of the shapes in `shapes`.
        """
        # The identity brings an image of an outer graph into the one that is being built.
        fed = dict(zip(self.feeds, [tf.identity(images), *weights], strict=True))
        return tf.graph_util.import_graph_def(self.graph, input_map=fed, return_elements=list(self.fetches), name="")


def take_apart(network: keras.Model) -> tuple[Blank, list[np.ndarray]]:
    """Separates a network's operations, in inference mode, from its weights.

    Every variable and every array of float constants counts as a weight; lone numbers such as an
    epsilon stay.

    Args:
      network: one float32 input; outputs of static shape but for the batch; no nested functions
        (`tf.function`, `tf.cond`, loops) inside.

    Returns:
      The blank, and the float32 weights in the order of its `shapes`.

    Raises:
      ValueError: the network does not fit this description.
    """
    traced = tf.function(lambda image: network(image, training=False), autograph=False)
    concrete = traced.get_concrete_function(tf.TensorSpec(network.input_shape, tf.float32))
    definition = concrete.graph.as_graph_def()
    if definition.library.function:
        raise ValueError(
            f"`{network.name}` must hold no nested functions (tf.function, tf.cond, loops), got "
            f"{len(definition.library.function)}. Build it from plain layers and keep control flow outside."
        )
    nodes = _needed(definition, [tensor.op.name for tensor in concrete.graph.outputs])
    weights = _weights(nodes, concrete, network.name)
    return _blank(nodes, list(weights), concrete, network.name), list(weights.values())


def _needed(definition: tf.compat.v1.GraphDef, outputs: list[str]) -> list[NodeDef]:
    """The nodes that the outputs depend on, without control edges: those only order reads of variables."""
    nodes = {node.name: node for node in definition.node}
    reached, waiting = set[str](), list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            data = [tensor for tensor in nodes[name].input if not tensor.startswith("^")]
            del nodes[name].input[:]
            nodes[name].input.extend(data)
            waiting.extend(tensor.partition(":")[0] for tensor in data)
    return [node for node in definition.node if node.name in reached]


def _weights(
    nodes: Iterable[NodeDef], concrete: tf.types.experimental.ConcreteFunction, network: str
) -> dict[str, np.ndarray]:
    """The value of every node that the blank must not keep."""
    captured = {inner.op.name: outer for outer, inner in concrete.graph.captures}
    variables = {id(variable.handle): variable for variable in concrete.variables}
    weights = {}
    for node in nodes:
        value = _value(node, captured, variables)
        if value is not None and value.dtype != np.float32:
            raise ValueError(
                f"`{network}` must have float32 weights only, got {value.dtype} {list(value.shape)} in a {node.op}. "
                "Keep other tables out of the network."
            )
        if value is not None:
            weights[node.name] = value
    return weights


def _value(node: NodeDef, captured: Mapping[str, tf.Tensor], variables: Mapping[int, tf.Variable]) -> np.ndarray | None:
    """The weight that a node stands for, or None where it is an operation, the image or a lone number."""
    if node.op == "Const":
        value = tf.make_ndarray(node.attr["value"].tensor)
        return value if value.size > (1 if value.dtype.kind == "f" else _LONGEST_OPEN_CONSTANT) else None
    if node.op == "Placeholder":
        outer = captured.get(node.name)
        return None if outer is None or outer.dtype == tf.resource else outer.numpy()
    source = captured.get(node.input[0]) if node.input else None
    if source is None or source.dtype != tf.resource:
        return None
    if node.op != "ReadVariableOp" or id(source) not in variables:
        raise ValueError(f"a network to be sealed must only read its variables, got {node.op}. Use plain layers.")
    return variables[id(source)].numpy()


def _blank(
    nodes: list[NodeDef], weights: list[str], concrete: tf.types.experimental.ConcreteFunction, network: str
) -> Blank:
    """The graph of the nodes that are no weights, with numbers for names."""
    image = concrete.inputs[0].op.name
    names = {name: f"n{index}" for index, name in enumerate([image, *(node.name for node in nodes)])}
    graph = tf.compat.v1.GraphDef(versions=concrete.graph.as_graph_def().versions)
    graph.node.extend(_renamed(n, names) for n in nodes if n.name not in weights and n.op != "Placeholder")
    outputs = concrete.graph.outputs
    return Blank(
        graph,
        tuple(f"{names[name]}:0" for name in [image, *weights]),
        tuple(_new_name(tensor.name, names) for tensor in outputs),
        tuple(tuple(concrete.graph.get_tensor_by_name(f"{name}:0").shape) for name in weights),
        tuple(_static_shape(tensor, network) for tensor in outputs),
    )


def _renamed(node: NodeDef, names: Mapping[str, str]) -> NodeDef:
    """The node under its number, without notes that name layers."""
    renamed = NodeDef(name=names[node.name], op=node.op)
    renamed.input.extend(_new_name(name, names) for name in node.input)
    for name, value in node.attr.items():
        # Attributes with an underscore are notes (places, gradients, layer names); no kernel reads them.
        if not name.startswith("_"):
            renamed.attr[name].CopyFrom(value)
    return renamed


def _new_name(tensor: str, names: Mapping[str, str]) -> str:
    node, colon, output = tensor.partition(":")
    return names[node] + colon + output


def _static_shape(tensor: tf.Tensor, network: str) -> tuple[int, ...]:
    if tensor.shape.rank is None or None in tensor.shape[1:]:
        raise ValueError(
            f"`{network}` must have outputs of static shape but for the batch, got {tensor.shape}. "
            "Build it with a fixed input size; images are resampled to it."
        )
    return tuple(tensor.shape[1:])
