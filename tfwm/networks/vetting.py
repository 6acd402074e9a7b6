"""What a `.keras` file may hold when a stranger wrote it: layers that compute, and weights; nothing that runs code.

Keras reads such a file by its `config.json`, which names a class, and the module to import, for every object. Its
safe mode refuses Python lambdas alone: a file may still name any function of any module, layers that read or write
files when they are built or called, weights as a pickle, and weights of any size. So the file is read here first.

| in the file | is refused because |
|---|---|
| `Lambda`, functions of other modules | they are any code; `code.users_code` allows the user's own |
| classes of modules that are not loaded | to import a module is to run it |
| TensorFlow functions that do not compute | `io.write_file` writes, `io.read_file` reads |
| lookup layers, `TFSMLayer` | they read files that their configuration names |
| weights in npz, assets, unknown members | the first is a pickle, the others are unpacked to disk |
| compressed, virtual or linked weights | a kilobyte may stand for gigabytes, or for a file of the reader |
| more variables than the weights fill | a line of configuration may stand for gigabytes |
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.networks.code import lambdas_may_run

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LARGEST_CONFIG = 2**22  # bytes; the largest host of the library has a tenth of that
SPARE = 2**20  # bytes of variables that no file holds: the state of random generators
DEEPEST = 64  # groups of weights within groups
NUMBERS = "biuf"
KERAS = "2.15"

_HOMES = {
    "keras.layers": keras.layers, "keras.initializers": keras.initializers, "keras.regularizers": keras.regularizers,
    "keras.constraints": keras.constraints, "keras.mixed_precision": keras.mixed_precision,
    "keras.optimizers": keras.optimizers, "keras.losses": keras.losses, "keras.metrics": keras.metrics,
}  # fmt: skip
_KINDS = (
    keras.layers.Layer, keras.initializers.Initializer, keras.regularizers.Regularizer,
    keras.constraints.Constraint, keras.mixed_precision.Policy, keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule, keras.losses.Loss, keras.metrics.Metric,
)  # fmt: skip
_RUN_CODE = ("Lambda", "ClassMethod", "InstanceMethod", "InstanceProperty", "TFSMLayer")
_READ_FILES = ("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup")
_CALL_FUNCTIONS = ("TFOpLambda", "SlicingOpLambda")
_COMPUTING = ("math.", "nn.", "linalg.", "image.", "signal.", "__operators__.")
_COMPUTING_ALONE = frozenset((
    "abs", "add", "argmax", "argmin", "broadcast_to", "cast", "clip_by_norm", "clip_by_value", "concat", "cos",
    "cumsum", "divide", "einsum", "equal", "exp", "expand_dims", "floor", "gather", "gather_nd", "greater",
    "greater_equal", "identity", "less", "less_equal", "logical_and", "logical_not", "logical_or", "matmul", "maximum",
    "minimum", "multiply", "negative", "norm", "one_hot", "ones_like", "pad", "pow", "reduce_all", "reduce_any",
    "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "repeat", "reshape", "reverse", "round",
    "shape", "sigmoid", "sign", "sin", "slice", "split", "sqrt", "square", "squeeze", "stack", "stop_gradient",
    "strided_slice", "subtract", "tanh", "tensordot", "tile", "transpose", "truediv", "unstack", "where", "zeros_like",
))  # fmt: skip


class InvalidNetworkError(ValueError):
    """A file that is no network, was damaged, or would do more than compute."""


def check(path: str | Path) -> int:
    """Refuses a `.keras` file that would do more than compute.

    Args:
      path: of the file.

    Returns:
      How many bytes of weights it holds, for `bounded_variables`.

    Raises:
      InvalidNetworkError: with what was found and what to do.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_version(path, archive)
            _check_members(path, archive)
            _check_object(path, _without_compilation(json.loads(archive.read(CONFIG))))
            with archive.open(WEIGHTS) as file, h5py.File(file, "r") as weights:
                return _held(path, weights, 0, set())
    except InvalidNetworkError:
        raise
    except Exception as error:  # damaged files raise zip, HDF5, JSON and other errors
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise InvalidNetworkError(f"`{path}` cannot be read as a Keras model ({reason}). Was it cut off?") from error


@contextmanager
def bounded_variables(path: str | Path, held: int) -> Iterator[None]:
    """A context in which no more variables can be made than the weights of a file fill.

    Args:
      path: of the file, for the message.
      held: bytes of weights in it.

    Raises:
      InvalidNetworkError: more are made.
    """
    made = 0

    def create(next_creator: Any, **arguments: Any) -> tf.Variable:
        nonlocal made
        shape, dtype = arguments.get("shape"), arguments.get("dtype")
        size = tf.TensorShape(shape).num_elements() if shape is not None else None
        made += (size or 0) * tf.as_dtype(dtype or tf.float32).size
        if made > held + SPARE:
            raise _refused(path, f"describes more weights than the {held} bytes that it holds")
        return next_creator(**arguments)

    with tf.variable_creator_scope(create):
        yield


def _refused(path: str | Path, what: str, otherwise: str = "") -> InvalidNetworkError:
    return InvalidNetworkError(
        f"`{path}` {what}. Such a file can do more than compute: only load it where you trust who wrote it"
        f"{otherwise or ', rebuild the network from plain layers there, and save that'}."
    )


def _check_version(path: str | Path, archive: zipfile.ZipFile) -> None:
    """Refuses files of Keras 3, which describes layers in words that Keras 2 does not have."""
    if METADATA not in archive.namelist() or archive.getinfo(METADATA).file_size > LARGEST_CONFIG:
        return
    metadata = json.loads(archive.read(METADATA))
    version = str(metadata.get("keras_version") if isinstance(metadata, dict) else "")[:20]
    if version.split(".")[0].isdigit() and int(version.split(".")[0]) > 2:
        raise InvalidNetworkError(
            f"`{path}` was written by Keras {version}, and this is Keras {KERAS}. Build the same network with the "
            "tf.keras of TensorFlow 2.15, carry the weights over as arrays (there `np.savez('w.npz', "
            "*model.get_weights())`, here `stored = np.load('w.npz'); model.set_weights([stored[name] for name in "
            "stored.files])`), and save that."
        )


def _check_members(path: str | Path, archive: zipfile.ZipFile) -> None:
    members = {member.filename: member for member in archive.infolist()}
    if set(members) != {CONFIG, METADATA, WEIGHTS} or len(archive.infolist()) != len(members):
        there = sorted(member.filename[:40] for member in archive.infolist())[:8]
        raise _refused(path, f"must hold {CONFIG}, {METADATA} and {WEIGHTS}, each once, got {there}")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise _refused(path, "is compressed inside, as Keras writes none")
    if members[CONFIG].file_size > LARGEST_CONFIG:
        raise _refused(path, f"has {members[CONFIG].file_size} bytes of configuration, more than {LARGEST_CONFIG}")


def _without_compilation(config: Any) -> Any:
    """All of a model that is read when it is loaded without its optimizer."""
    return {**config, "compile_config": None} if isinstance(config, dict) else config


def _check_object(path: str | Path, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_object(path, item)
    if isinstance(value, dict):
        if "class_name" in value:
            _check_class(path, value)
        for item in value.values():
            _check_object(path, item)


def _check_class(path: str | Path, value: dict[str, Any]) -> None:
    """Checks the class, or the function, that one object of the configuration names."""
    name, module, registered = value["class_name"], value.get("module"), value.get("registered_name")
    if name in ("__tensor__", "__numpy__"):
        dtype = value["config"]["dtype"] if isinstance(value.get("config"), dict) else None
        if not isinstance(dtype, str) or np.dtype(dtype).kind not in NUMBERS:
            raise _refused(path, f"holds a constant of type {str(dtype)[:40]}")
        return
    if name == "__bytes__":
        return
    if name == "function":
        return _check_function(path, value)
    if not isinstance(name, str) or not isinstance(module, str | None) or not isinstance(registered, str | None):
        raise _refused(path, "names a class by something that is no text")
    found = keras.saving.get_registered_object(registered or name) or _loaded(module, name)
    if not (isinstance(found, type) and issubclass(found, _KINDS)):
        raise _refused(
            path,
            f"names the class `{_class_of(value)}`{_of(value)}, which is no layer that this process knows",
            f". If it is yours, name the module that defines it: `--import {_module_of(module)}` (in Python, import "
            "it, or call `tfwm.networks.users_code`)",
        )
    ancestors = {parent.__name__ for parent in found.__mro__ if parent.__module__.split(".")[0] == "keras"}
    if "Lambda" in ancestors:
        return _check_lambda(path, f"holds a layer `{name}`{_of(value)}")
    if ancestors & {*_RUN_CODE, *_READ_FILES}:
        raise _refused(path, f"holds a layer `{name}`, which runs code or reads files")
    if ancestors & {*_CALL_FUNCTIONS}:
        _check_operation(path, value)


def _check_lambda(path: str | Path, what: str) -> None:
    if not lambdas_may_run():
        raise _refused(
            path, f"{what}, which runs Python code out of the file",
            ", and say so with `--trust-lambda` (in Python, `tfwm.networks.users_code(lambdas=True)`); or rebuild the "
            "network from plain layers",
        )  # fmt: skip


def _of(value: dict[str, Any]) -> str:
    """The layer's own name in the network, for a message."""
    config = value.get("config")
    called = config.get("name") if isinstance(config, dict) else None
    return f" (called `{called[:80]}`)" if isinstance(called, str) else ""


def _class_of(value: dict[str, Any]) -> str:
    """A class as the file names it: by its module, or as it was registered."""
    module, name, registered = (value.get(field) for field in ("module", "class_name", "registered_name"))
    return f"{module}.{name}" if module else str(registered or name)


def _module_of(module: str | None) -> str:
    return module if module not in (None, "__main__", "builtins") else "MODULE"


def _loaded(module: str | None, name: str) -> Any:
    """The object of that name, where its module is loaded already."""
    if module in _HOMES:
        return getattr(_HOMES[module], name, None)
    if module is not None:
        return vars(sys.modules[module]).get(name) if module in sys.modules else None
    # Older files name no module: Keras then looks among its own.
    return next((getattr(home, name) for home in _HOMES.values() if hasattr(home, name)), None)


def _check_function(path: str | Path, value: dict[str, Any]) -> None:
    name, module = value.get("config"), value.get("module")
    if isinstance(name, str) and keras.saving.get_registered_object(name) is not None:
        return
    known = isinstance(name, str) and name not in ("get", "serialize", "deserialize")
    if not known or module not in ("builtins", "keras.activations") or not hasattr(keras.activations, str(name)):
        raise _refused(path, f"names the function `{str(module)[:80]}.{str(name)[:80]}`")


def _check_operation(path: str | Path, value: dict[str, Any]) -> None:
    """Checks the TensorFlow function that a layer calls."""
    config = value.get("config")
    function = config.get("function") if isinstance(config, dict) else None
    plain = function.removeprefix("compat.v1.") if isinstance(function, str) else ""
    if plain not in _COMPUTING_ALONE and not plain.startswith(_COMPUTING):
        raise _refused(path, f"calls the TensorFlow function `{str(function)[:80]}`, which may do more than compute")


def _held(path: str | Path, group: h5py.Group, depth: int, seen: set[int]) -> int:
    """Bytes of the arrays below a group, each of which must lie in the file itself, whole."""
    if depth > DEEPEST:
        raise _refused(path, f"has weights in more than {DEEPEST} groups within each other")
    held = 0
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _refused(path, f"has the weights `{name[:80]}` in another file or place")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise _refused(path, f"has the weights `{name[:80]}` in two places")
        seen.add(address)
        if isinstance(item, h5py.Group):
            held += _held(path, item, depth + 1, seen)
            continue
        whole = item.external is None and not item.is_virtual and item.id.get_storage_size() == item.nbytes
        if not whole or item.dtype.kind not in NUMBERS:
            raise _refused(path, f"has the weights `{name[:80]}` in another form than Keras writes")
        held += item.nbytes
    return held
