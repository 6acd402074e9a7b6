"""What commands open: a key, a network, a suspect; and the machine that they train on."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.config import from_dict, to_dict

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey
    from tfwm.training import Run, Worker
    from tfwm.types import Scheme, Suspect


def load_key(path: str) -> OwnerKey:
    """A key folder.

    Raises:
      FileNotFoundError: there is no such folder.
      InvalidKeyError: it is no key, or was changed.
    """
    from tfwm.keys import OwnerKey

    if not Path(path).is_dir():
        raise FileNotFoundError(f"`--key` {path} is not there. Give the key folder that `tfwm protect` wrote.")
    return OwnerKey.load(path)


def load_network(path: str) -> keras.Model:
    """A network from a `.keras` file.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no Keras file, or names layers that this version does not know.
    """
    from tfwm import networks

    try:
        return networks.load_network(path)
    except (ValueError, FileNotFoundError):
        raise
    except Exception as error:  # damaged files raise zip, HDF5, JSON and TensorFlow errors
        raise ValueError(f"`{path}` cannot be read as a Keras model ({_short(error)}). Was it cut off?") from error


def open_suspect(text: str, tls_ca: str = "", budget_s: float | None = None) -> Suspect:
    """A suspect from what the user wrote.

    Args:
      text: `grpc://host:port/model`, a `.keras` file, a SavedModel folder, or an npz of recorded outputs.
      tls_ca: with `grpcs://`: PEM file of the authority of the server's certificate.
      budget_s: with `grpc://`: seconds for all answers together.

    Raises:
      ImportError: an endpoint, and there is no gRPC.
      ValueError: none of these, or a damaged file.
    """
    from tfwm import suspects
    from tfwm.untrusted import UntrustedError

    if text.endswith(".keras") and Path(text).is_file() and not tls_ca and budget_s is None:
        return suspects.KerasSuspect(Path(text).stem, load_network(text))
    try:
        return suspects.open_suspect(text, tls_ca=tls_ca, budget_s=budget_s)
    except UntrustedError as error:  # of what is judged, not of what is evidence
        raise ValueError(f"`--suspect` {text} cannot be read ({_short(error)}). Was it cut off?") from error
    except (ValueError, ConnectionError, ImportError):
        raise
    except Exception as error:  # a damaged npz raises zip and other errors
        raise ValueError(f"`--suspect` {text} cannot be read ({_short(error)}). Was it cut off?") from error


def run_of(arguments: argparse.Namespace, directory: str | Path, *, together: bool = False) -> Run:
    """Where and how to train, from the options of `options.add_machine`.

    Args:
      arguments: of the command.
      directory: made, and closed to others, because checkpoints hold the extractor.
      together: whether the command knows what to do where several workers run it together.

    Raises:
      ValueError: TF_CONFIG is none, or names several workers and the command works alone.
    """
    from tfwm.training import Run, Worker

    directory = Path(directory)
    if arguments.strategy == "multiworker" and Worker.here().count > 1 and not together:
        raise ValueError(
            f"`--strategy multiworker` is for `tfwm protect`, got TF_CONFIG with {Worker.here().count} workers: this "
            "command writes its files alone. Use --strategy mirrored on one machine."
        )
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    return Run(
        directory, arguments.seed, arguments.strategy, arguments.precision, arguments.jit,
        steps_scale=arguments.epochs_scale, images_at_once=arguments.images_at_once,
    )  # fmt: skip


def worker_of(arguments: argparse.Namespace) -> Worker:
    """Which of several workers this process is, from the options of `options.add_machine`.

    Args:
      arguments: of the command.

    Raises:
      ValueError: TF_CONFIG is none.
    """
    from tfwm.training import Run

    return Run(Path(arguments.out), strategy=arguments.strategy).worker


def asked_otherwise(key: OwnerKey, assignments: list[str]) -> Scheme:
    """The scheme of a key, with what `--set` changed for this verification of how it asks.

    Args:
      key: the owner's; what was embedded is in it and does not change.
      assignments: texts `field=value`.

    Raises:
      ValueError: an unknown field (the message names the closest one), one that does not say how to ask, or a value
        that does not fit.
    """
    from tfwm.commands.options import changed
    from tfwm.schemes import scheme_of

    scheme = scheme_of(key)
    before = to_dict(scheme)
    after = changed(before, assignments)
    asker = from_dict(type(scheme), after)  # first: an unknown field has no value to compare with
    others = [name for name in after if after[name] != before.get(name) and name not in scheme.asking]
    if others:
        ways = ", ".join(scheme.asking) or "nothing"
        raise ValueError(
            f"`--set {others[0]}` would change what was embedded, got a key of {key.scheme}, whose verification has "
            f"these settings of its own: {ways}."
        )
    return asker


def plain(value: Any) -> Any:
    """The same without numpy scalars and without numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
