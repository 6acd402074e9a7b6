"""Is anything secret inside an exported SavedModel? From its files alone, and with the key from their content.

Without a key the audit looks at structure. What the public signatures run is public: whatever lies there is the model,
as far as anybody can see. All else must be what a sealed export has: words that look random, handfuls of whole numbers
for shapes, and no name that tells what they are for. With the key every file and every constant is searched for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.stats import chi2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.config import WARMUP_FILE
from tfwm.exporting import graphs
from tfwm.exporting.leaks import Leaks
from tfwm.exporting.scanning import scan
from tfwm.exporting.warmup import requests_of
from tfwm.files import without_wildcards

PUBLIC = ("serving_default", "serving_bytes")
EXTRACT = "extract"
LONGEST_OPEN = 16  # whole numbers of a constant: shapes and axes are no longer
# In names of the model itself, which its maker chose, and in all others.
_TELLING_MODEL = re.compile(r"watermark|embedder|extractor", re.IGNORECASE)
_TELLING = re.compile(r"watermark|embedder|extractor|secret|steg|probe|trigger|decoy|ceilnet|owner", re.IGNORECASE)
_ENCODED = re.compile(rb"[0-9a-fA-F]{32,}|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9+/_-]{22,}={0,2}")
_OURS = re.compile(r"weights/\d+/|sealed/(ciphertexts/\d+|check)/|_CHECKPOINTABLE_OBJECT_GRAPH$|save_counter/")
_SPARE_BYTES = 64  # of a checkpoint: lengths and checksums
_UNLIKELY = 1e-9  # that random words look as uneven as this
_SMOOTH = 0.2  # correlation of neighbouring pixels; white noise has none, photographs 0.9 and more


@dataclass(frozen=True)
class Finding:
    """Something that does not belong into an export.

    Args:
      place: file, node or variable.
      what: is wrong there; never the value.
    """

    place: str
    what: str


def audit(directory: str | Path, leaks: Leaks | None = None) -> list[Finding]:
    """Looks for secrets in a SavedModel; empty where none was found.

    Args:
      directory: the SavedModel's.
      leaks: from `leaks_of`: what to search for besides; None looks at structure alone.

    Raises:
      FileNotFoundError: no SavedModel there.
      ValueError: its file is damaged.
    """
    directory = Path(directory)
    if not (directory / "saved_model.pb").is_file():
        raise FileNotFoundError(f"`{directory}` holds no saved_model.pb. Give the folder that `tfwm export` wrote.")
    graph = graphs.read_graph(directory)
    found = [Finding("files", problem) for problem in scan(directory)]
    for part in (_signatures(graph), _variables(directory, graph), _constants(graph), _names(graph), _objects(graph),
                 _checkpoint(directory), _warmup(directory)):  # fmt: skip
        found += part
    return found + list(_leaked(directory, graph, leaks)) if leaks else found


def looks_random(content: bytes) -> bool:
    """Whether bytes are as even as a cipher's: a chi-square test of their values, of half bytes where they are few.

    Args:
      content: at least a handful of bytes.
    """
    values = np.frombuffer(content, np.uint8)
    if values.size < 2048:
        values = np.concatenate([values >> 4, values & 15])
    sorts = 256 if values.size >= 2 * 2048 or values.max(initial=0) > 15 else 16
    expected = values.size / sorts
    statistic = float(np.sum(np.square(np.bincount(values, minlength=sorts) - expected)) / expected)
    return bool(chi2.sf(statistic, sorts - 1) >= _UNLIKELY)


def _signatures(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[Finding]:
    for name, signature in sorted(graph.signature_def.items()):
        if name.startswith("__"):
            continue
        if name not in (*PUBLIC, EXTRACT):
            yield Finding(f"signature {name}", "is none of those that an export has")
        if name == EXTRACT and "token" not in signature.inputs:
            yield Finding(
                f"signature {name}", "asks for no token: anybody may read marks with it, and learn to remove them"
            )


def _variables(directory: Path, graph: meta_graph_pb2.MetaGraphDef) -> Iterator[Finding]:
    """Variables that no public signature reads must look like words of a cipher."""
    public = graphs.reached(graph, PUBLIC).variables
    kept = {name: dtype for name, dtype in graphs.variables_of(graph).items() if name not in public}
    words = _stored(directory)
    sealed = [name for name in words if name.startswith("sealed/")]
    for name, dtype in kept.items():
        if dtype != tf.uint32:
            yield Finding(
                f"variable {name}", f"is {dtype.name}, and only `extract` or nobody reads it: it is not sealed"
            )
    for name in sealed:
        if words[name].dtype != np.uint32 or not looks_random(words[name].tobytes()):
            yield Finding(f"variable {name}", "does not look random, as what is sealed must")
    spare = sum(dtype == tf.uint32 for dtype in kept.values()) - len(sealed)
    if spare > 0:
        yield Finding("variables", f"{spare} that no public signature reads lie outside of what is sealed")


def _constants(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[Finding]:
    """Constants of functions that no public signature runs are shapes, axes and lone numbers; no text is a code."""
    public = graphs.reached(graph, PUBLIC).functions
    for function, constant in graphs.constants(graph):
        value = constant.value
        if value.dtype == object:
            if any(_is_encoded(text) for text in value.ravel()):
                yield Finding(f"constant {constant.place}", "is text that looks like hex, base64 or bytes")
        elif function not in public:
            longest = 1 if value.dtype.kind in "fc" else LONGEST_OPEN
            # Zeros of a shape tell nothing, and what is sealed may as well be a constant.
            is_harmless = np.ptp(value) == 0 or (value.dtype == np.uint32 and looks_random(value.tobytes()))
            if value.size > longest and not is_harmless:
                yield Finding(
                    f"constant {constant.place}",
                    f"holds {value.size} numbers ({value.dtype}) that only `extract` or nobody reads: it is not sealed",
                )


def _is_encoded(text: bytes) -> bool:
    """Whether a text of a graph is hex, base64, or no text at all."""
    unprintable = sum(byte < 9 or 13 < byte < 32 or byte > 126 for byte in text)
    return _ENCODED.fullmatch(text) is not None or (len(text) >= 16 and unprintable > len(text) / 4)


def _names(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[Finding]:
    theirs, others = graphs.names_of(graph, graphs.reached(graph, PUBLIC))
    for names, pattern in ((theirs, _TELLING_MODEL), (others, _TELLING)):
        for name in sorted(names):
            if word := pattern.search(name):
                yield Finding(f"name {name[:80]}", f"tells of what is hidden: {word.group().lower()}")


def _objects(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[Finding]:
    for one in graph.object_graph_def.nodes:
        kind = one.WhichOneof("kind")
        if kind == "user_object" and one.user_object.identifier.startswith("_tf_keras"):
            yield Finding("objects", f"hold a Keras object ({one.user_object.identifier}), whose settings name layers")
        if kind == "asset":
            yield Finding("objects", "hold an asset, which may be any file")
    for asset in graph.asset_file_def:
        yield Finding(f"asset {asset.filename}", "may be any file")


def _checkpoint(directory: Path) -> Iterator[Finding]:
    """The variables' file holds the module's variables and nothing else."""
    data = sorted((directory / "variables").glob("variables.data-*"))
    if not data:
        return
    stored = _stored(directory)
    for name in stored:
        if not _OURS.match(name):
            yield Finding(f"variable {name}", "is neither a weight of the model nor sealed")
    numbers = sum(value.nbytes for value in stored.values() if value.dtype != object)
    texts = sum(len(text) for value in stored.values() if value.dtype == object for text in value.ravel())
    spare = sum(file.stat().st_size for file in data) - numbers - texts
    if spare > _SPARE_BYTES:
        yield Finding(f"variables/{data[0].name}", f"holds {spare} bytes that belong to no variable")


def _stored(directory: Path) -> dict[str, np.ndarray]:
    """Every variable of the checkpoint, by its key; text as objects."""
    if not (directory / "variables/variables.index").is_file():
        return {}
    with without_wildcards(directory) as place:
        reader = tf.train.load_checkpoint(str(place / "variables/variables"))
        return {name: np.asarray(reader.get_tensor(name), None) for name in reader.get_variable_to_shape_map()}


def _warmup(directory: Path) -> Iterator[Finding]:
    """Requests that a server plays hold noise and no token."""
    for index, (signature, inputs) in enumerate(requests_of(directory)):
        place = f"{WARMUP_FILE}, request {index}"
        if signature not in ("", *PUBLIC):
            yield Finding(place, f"is for the signature {signature}")
        for name, values in inputs.items():
            if name == "token":
                yield Finding(place, "holds a token")
            elif _is_smooth(values):
                yield Finding(place, f"holds in `{name}` a picture that is no noise")


def _is_smooth(values: np.ndarray) -> bool:
    """Whether neighbouring pixels of some picture are alike; files are decoded first."""
    if values.dtype == object:
        pictures = [tf.io.decode_image(file, expand_animations=False).numpy() for file in values.ravel()]
    else:
        pictures = list(values) if values.ndim == 4 else []
    return any(_correlation(picture.astype(np.float64)) > _SMOOTH for picture in pictures)


def _correlation(picture: np.ndarray) -> float:
    left, right = picture[:, :-1].ravel(), picture[:, 1:].ravel()
    if left.std() == 0 or right.std() == 0:
        return 1.0
    return float(np.corrcoef(left, right)[0, 1])


def _leaked(directory: Path, graph: meta_graph_pb2.MetaGraphDef, leaks: Leaks) -> Iterator[Finding]:
    """What of the key lies in the files, and in constants, which a file may hold in other bytes than theirs."""
    for name, secrets in leaks.found_under(directory).items():
        for secret in secrets:
            yield Finding(f"file {name}", f"holds {secret} of the key")
    for _, constant in graphs.constants(graph):
        value = constant.value
        content = b"\0".join(value.ravel().tolist()) if value.dtype == object else value.tobytes()
        for secret in leaks.found(content) if len(content) >= 8 else ():
            yield Finding(f"constant {constant.place}", f"holds {secret} of the key")
