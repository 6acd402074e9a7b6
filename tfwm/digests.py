"""Every digest of tfwm, all by SHA-256.

| digest | what changes it | where it is kept |
|---|---|---|
| `code_digest` | a Python file of tfwm | in the two below |
| `training_digest` | whatever a training depends on | names checkpoints |
| `subjects_digest`, `cell_digest` | whatever a row of a report depends on | name files of a cache |
| `file_digests`, `model_digest` | a file of a released model | in certificates |
| `commitment` | the owner's key, or the model | in certificates |
| `key_commitment`, `released_files`, `released_weights` | a key, or a released model | in commitments |
| `array_digest`, `weights_digest` | a part of a key | what a key's labels and bits are drawn from |

Certificates and keys must check for ever: what the last four rows hash must never change. The others may change with
the code, which they take in; then trainings start afresh and rows are measured again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.files import is_litter, without_wildcards
from tfwm.keys import OwnerKey, derive
from tfwm.types import ImagePairs, LabelledImages, Scheme

if TYPE_CHECKING:
    from tensorflow import keras

PACKAGE = Path(__file__).parent
COMMITMENT_TAG = b"tfwm commitment 1"
KEY_COMMITMENT_TAG, WEIGHTS_TAG = b"tfwm key commitment 1", b"tfwm released weights 1"
# Where, how loudly and in how many parts a cell runs does not change its row.
NOT_IN_DIGEST = ("directory", "quiet", "images_at_once")


@lru_cache(maxsize=1)
def code_digest() -> str:
    """The digest of every Python file of `tfwm` and its path, 16 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def file_digest(path: str | Path) -> str:
    """The digest of a file's content, 64 hex digits; a large file is read in parts."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def training_digest(settings: dict[str, Any], run: Any, *arrays: np.ndarray, files: Sequence[str] = ()) -> str:
    """The digest of everything that a training depends on, the code of tfwm included, 64 hex digits.

    Args:
      settings: JSON values.
      run: the training's `Run`. Its seed, precision and scale of steps count; its directory and screen output do not.
      arrays: the data and, where a training does not start from a seed, the weights that it starts from.
      files: paths in the settings whose content counts, for instance VGG's weights; empty ones are left out.

    Raises:
      FileNotFoundError: one of `files` is not there.
    """
    machine = {"seed": run.seed, "precision": run.precision, "steps_scale": run.steps_scale}
    named = [path for path in files if path]
    for path in named:
        if not Path(path).is_file():
            raise FileNotFoundError(
                f"`files` must name files that are there, got {path!r}: no file. Mend the settings."
            )
    document = json.dumps([settings, machine, [file_digest(path) for path in named], code_digest()], sort_keys=True)
    return hashlib.sha256(document.encode() + _arrays_digest(_numbered(arrays))).hexdigest()


def subjects_digest(
    scheme: Scheme, key: OwnerKey, models: Iterable[Sequence[np.ndarray]],
    parts: Sequence[ImagePairs | LabelledImages], alpha: float,
) -> str:  # fmt: skip
    """The digest of everything that the verdicts of an evaluation depend on, 64 hex digits; it reveals no secret.

    Args:
      scheme: its name and its settings count.
      key: the owner's; its fingerprint stands for the secret, its arrays and networks count as they are.
      models: of the marked model and its host, the arrays by which they are known: weights, or answers to a few images.
      parts: the data of the attacks and those of the measurements.
      alpha: false-claim probability of the verdicts, in (0, 1).
    """
    document = json.dumps([scheme.name, _fields(scheme), key.fingerprint, alpha], default=str)
    contents = [[np.asarray(getattr(part, field.name)) for field in dataclasses.fields(part)] for part in parts]
    digest = hashlib.sha256(document.encode() + _arrays_digest(_key_arrays(key)) + _arrays_digest(_key_weights(key)))
    for arrays in (*models, *contents):
        digest.update(_arrays_digest(_numbered(arrays)))
    return digest.hexdigest()


def cell_digest(cell: Mapping[str, Any], subjects: str, run: Any) -> str:
    """The digest of one cell of an evaluation, for the name of a file, 16 hex digits.

    Args:
      cell: what is measured, as values that become JSON or text.
      subjects: the `subjects_digest` of what it is measured on.
      run: the `Run` of its attacks; its directory and screen output do not count.
    """
    text = json.dumps([cell, subjects, _fields(run), code_digest()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digests(directory: str | Path, *, listed: Iterable[str] = ()) -> dict[str, str]:
    """The digest of every file of a SavedModel, by its path below `directory`, sorted.

    Args:
      directory: of the SavedModel; what file managers leave there by themselves is no file of it.
      listed: paths that count although they are such litter, because an older list has them.

    Raises:
      ValueError: the folder holds no SavedModel, or a link: what it points to could be swapped without a trace.
    """
    directory = Path(directory)
    if not (directory / "saved_model.pb").is_file():
        raise ValueError(f"`model_directory` must hold a saved_model.pb, `{directory}` does not. Give its folder.")
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise ValueError(f"`model_directory` must hold no links, got `{name}` in `{directory}`. Copy the file.")
        if path.is_file() and (name in listed or not is_litter(path.name)):
            found[name] = file_digest(path)
    return dict(sorted(found.items()))


def model_digest(files: Mapping[str, str]) -> str:
    """One digest of all `file_digests` of a model, 64 hex digits; where the folder lies does not matter."""
    return hashlib.sha256(b"tfwm model 1\n" + json.dumps(dict(files), sort_keys=True).encode()).hexdigest()


def commitment(key: OwnerKey, public_key: bytes, model: str) -> str:
    """Binds the owner to the whole key before anyone disputes it, and hides the key until the owner reveals it.

    The digest of a tag and of length-prefixed fields: salt, scheme, settings, public key, master secret, the key's
    arrays, its networks, and the model's digest. The salt is derived from the secret, so that whoever is shown the
    key can compute the commitment again.

    Args:
      key: the owner's.
      public_key: 32 raw bytes, with which the certificate's signature is checked.
      model: `model_digest` of the released files.

    Returns:
      64 hex digits.
    """
    fields = (
        derive(key.secret, "certificate-salt", 32),
        key.scheme.encode(),
        json.dumps(dict(key.settings), sort_keys=True).encode(),
        public_key,
        key.secret,
        _arrays_digest(_key_arrays(key)),
        _arrays_digest(_key_weights(key)),
        model.encode(),
    )
    return hashlib.sha256(framed(COMMITMENT_TAG, *fields)).hexdigest()


def key_commitment(
    *, salt: bytes, scheme: str, settings: Mapping[str, Any], public_keys: Sequence[bytes], pieces: tuple[int, bytes],
    parts: Mapping[str, bytes], registration: str, model: Sequence[str],
) -> str:  # fmt: skip
    """Binds an owner to a key of format 2 and to a released model, and hides the key until he opens the commitment.

    Args:
      salt: 32 bytes that nobody can guess.
      scheme: its name.
      settings: JSON values, as they stand in the key.
      public_keys: who speaks, and what the key itself signs with; 32 bytes each.
      pieces: how many pieces of evidence there are, and the Merkle root over them.
      parts: 32-byte digests by name of all that an owner chooses: pool, mark, encoder or extractor, and so on.
      registration: the family of transformations by which answers may be brought into register first, or `none`.
      model: `model_digest` of the released files, and `released_weights`.

    Returns:
      64 hex digits.
    """
    named = [field for name in sorted(parts) for field in (name.encode(), parts[name])]
    fields = (
        salt, scheme.encode(), json.dumps(dict(settings), sort_keys=True, separators=(",", ":")).encode(),
        *public_keys, pieces[0].to_bytes(8, "big"), pieces[1], len(parts).to_bytes(8, "big"), *named,
        registration.encode(), *(digest.encode() for digest in model),
    )  # fmt: skip
    return hashlib.sha256(framed(KEY_COMMITMENT_TAG, *fields)).hexdigest()


def released_files(path: str | Path) -> dict[str, str]:
    """`file_digests` of a SavedModel's folder, or the digest of a single `.keras` file by its name.

    Raises:
      ValueError: neither, or a link.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        return file_digests(path)
    if path.is_symlink() or path.suffix != ".keras":
        raise ValueError(f"a model must be a SavedModel's folder or a .keras file and no link, got `{path}`.")
    return {path.name: file_digest(path)}


def released_weights(path: str | Path) -> str:
    """The digest of all weights of a released model, 64 hex digits: another export of the same weights has it too.

    Over type, shape and bytes of every floating-point variable, sorted, since an export gives variables new names and
    may give them another order. What is sealed in an export is no floating-point variable and does not count.

    Args:
      path: a SavedModel's folder, or a `.keras` file.

    Raises:
      ValueError: neither.
    """
    digests = sorted(_arrays_digest([("", array)]) for array in _released_arrays(Path(path)))
    return hashlib.sha256(framed(WEIGHTS_TAG, *digests)).hexdigest()


def _released_arrays(path: Path) -> Iterator[np.ndarray]:
    import tensorflow as tf

    if path.suffix == ".keras":
        from tfwm.networks import load_network

        variables = load_network(path).variables
        yield from (each.numpy() for each in variables if tf.as_dtype(each.dtype).is_floating)
        return
    if not (path / "saved_model.pb").is_file():
        raise ValueError(f"a model must be a SavedModel's folder or a .keras file, got `{path}`.")
    if (path / "variables" / "variables.index").is_file():
        with without_wildcards(path / "variables") as variables:
            reader = tf.train.load_checkpoint(str(variables / "variables"))
            types = reader.get_variable_to_dtype_map()
            yield from (reader.get_tensor(name) for name in sorted(types) if types[name].is_floating)


def framed(tag: bytes, *fields: bytes) -> bytes:
    """The tag, then each field behind its length: two different lists of fields never give the same bytes.

    Args:
      tag: says what the fields are, so that no digest of one purpose is one of another.
      fields: of any length.
    """
    return tag + b"".join(len(part).to_bytes(8, "big") + part for part in fields)


def array_digest(array: np.ndarray) -> bytes:
    """The 32-byte digest of an array's type, shape and values."""
    return _arrays_digest([("", array)])


def weights_digest(network: keras.Model) -> bytes:
    """The 32-byte digest of a network's weights in their order; their names do not count."""
    return _arrays_digest(_numbered(network.get_weights()))


def _fields(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass that may change a result; none of anything else."""
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        return {}
    values = dataclasses.asdict(settings)
    return {name: value for name, value in values.items() if name not in NOT_IN_DIGEST}


def _key_arrays(key: OwnerKey) -> list[tuple[str, np.ndarray]]:
    return [(name, key.arrays[name]) for name in sorted(key.arrays)]


def _key_weights(key: OwnerKey) -> list[tuple[str, np.ndarray]]:
    # By position: Keras may give a loaded variable another name than the one it was saved under.
    return [pair for name in sorted(key.networks) for pair in _numbered(key.networks[name].get_weights(), f"{name}/")]


def _arrays_digest(arrays: Iterable[tuple[str, np.ndarray]]) -> bytes:
    """Over name, type, shape and bytes of each, as a little-endian machine holds them."""
    digest = hashlib.sha256()
    for name, array in arrays:
        array = np.asarray(array)
        # The shape is the array's own: numpy makes a contiguous scalar one-dimensional.
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name} {little.dtype.str} {list(array.shape)}\n".encode())
        digest.update(little.tobytes())
    return digest.digest()


def _numbered(arrays: Iterable[np.ndarray], prefix: str = "") -> list[tuple[str, np.ndarray]]:
    return [(f"{prefix}{index}", array) for index, array in enumerate(arrays)]
