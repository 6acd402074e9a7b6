"""Settings as TFX carries them: one JSON text per component parameter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.config import check_range, from_dict
from tfwm.digests import file_digest
from tfwm.files import is_litter

if TYPE_CHECKING:
    from tfwm.training import Run

# Fields of schemes and attacks that name a file; its content decides the result as the settings do.
FILE_FIELDS = ("logo", "vgg_weights")


@dataclass(frozen=True)
class Machine:
    """`tfwm.training.Run` without directory and seed.

    Args:
      strategy: `default`, `mirrored` or `multiworker`.
      precision: `float32`, `mixed_float16` or `mixed_bfloat16`.
      jit: compile training steps with XLA.
      steps_scale: multiplies every schedule's epochs.
      quiet: no progress lines.
    """

    strategy: str = "default"
    precision: str = "float32"
    jit: bool = False
    steps_scale: float = 1.0
    quiet: bool = False


@dataclass(frozen=True)
class DataLimits:
    """How unusual data may be before they stop a run.

    Args:
      max_empty: share of the pictures of a part that may show next to nothing.
      max_drift: Jensen-Shannon divergence, 0 (alike) to 1 (nothing in common), by which brightness, contrast or
        sharpness of a part may differ from the owner's; what so few pictures differ by anyway is added.
      max_duplicates: share of a part's pictures that may be in another part too.

    Raises:
      ValueError: a number outside [0, 1].
    """

    max_empty: float = 0.05
    max_drift: float = 0.5
    max_duplicates: float = 0.01

    def __post_init__(self) -> None:
        for name in ("max_empty", "max_drift", "max_duplicates"):
            check_range(name, getattr(self, name), 0.0, 1.0, "Use the default, or 1 to allow everything.")


def to_json(value: Any) -> str:
    """One text for one value: equal settings are equal parameters, so that the cache finds them."""
    return json.dumps(value, sort_keys=True, allow_nan=False)


def parsed(name: str, text: str, form: type) -> Any:
    """The JSON value of a parameter.

    Args:
      name: of the parameter, for the message.
      text: the JSON.
      form: `dict` or `list`.

    Raises:
      ValueError: not JSON, or of another form.
    """
    wanted = "object" if form is dict else "list"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"`{name}` must be a JSON {wanted}, got other text: {error}. Use json.dumps.") from error
    if not isinstance(value, form):
        raise ValueError(f"`{name}` must be a JSON {wanted}, got {type(value).__name__}. Use json.dumps of one.")
    return value


def run_on(machine: str, seed: int, directory: str | Path) -> Run:
    """The `Run` of a step.

    Args:
      machine: `Machine` as JSON.
      seed: of every draw.
      directory: for checkpoints and logs.
    """
    from tfwm.training import Run

    settings = from_dict(Machine, parsed("machine", machine, dict))
    return Run(
        Path(directory), seed, settings.strategy, settings.precision, settings.jit, settings.steps_scale, settings.quiet
    )


def files_digest(*settings: Any, also: str = "") -> str:
    """Of the files that settings name, so that a changed file is not answered from the cache.

    Args:
      settings: JSON values.
      also: one more path, of a file or of a folder with all that is in it; or empty.

    Raises:
      FileNotFoundError: a named file is not there.
    """
    digest = hashlib.sha256()
    for path in [*sorted(set(_named(settings))), *([also] if also else [])]:
        if Path(path).is_dir() and path == also:
            files = (file for file in Path(path).rglob("*") if file.is_file() and not is_litter(file.name))
            for file in sorted(files):
                digest.update(f"{file.relative_to(path)} {file_digest(file)}".encode())
        elif Path(path).is_file():
            digest.update(bytes.fromhex(file_digest(path)))
        else:
            raise FileNotFoundError(f"The settings name the file `{path}`, which is not there. Mend the path.")
    return digest.hexdigest()[:16]


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (value[field] for field in FILE_FIELDS if isinstance(value.get(field), str) and value[field])
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _named(part)
