"""Small models that have nothing to do with any key: several architectures, widths and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfwm.config import from_dict, to_dict
from tfwm.digests import training_digest
from tfwm.files import replacing
from tfwm.kinds import Kind, PerKind
from tfwm.networks import load_network
from tfwm.suspects import KerasSuspect
from tfwm.training import Run

# As long as every model of a kind is trained: enough to be of use, and seconds.
COMMON: PerKind[Mapping[str, Any]] = PerKind(
    "what all independent models share",
    restoration={"schedule": {"epochs": 4, "steps_per_epoch": 25, "batch_size": 16, "learning_rate": 2e-3,
                              "decay": "cosine", "beta_1": 0.9}},
    classification={"width": 1.0, "schedule": {"epochs": 5, "steps_per_epoch": 40, "batch_size": 20,
                                               "learning_rate": 0.05, "decay": "cosine"}},
)  # fmt: skip
_FIRST_SEED = 7001
"""Of the independent models: seeds that nobody takes for a host of his own."""

# Each line is a model; where more are asked for, they are taken again with other seeds.
DESIGNS: PerKind[tuple[Mapping[str, Any], ...]] = PerKind(
    "designs of independent models",
    restoration=(
        {"network": "residual_unet", "filters": 4, "downs": 2},
        {"network": "dncnn", "filters": 12, "depth": 5},
        {"network": "vdsr", "filters": 8, "depth": 5},
        {"network": "residual_unet", "filters": 8, "downs": 1, "loss": "l1"},
        {"network": "red", "filters": 8, "depth": 5},
        {"network": "dncnn", "filters": 8, "depth": 7},
    ),
    classification=(
        {"network": "lenet5"},
        {"network": "lenet3"},
        {"network": "lenet5", "width": 0.5},
        {"network": "lenet1", "width": 2.0},
        {"network": "resnet18", "width": 0.0625},
        {"network": "lenet5", "width": 2.0},
    ),
)


@dataclass(frozen=True)
class Independent:
    """A model to be: its settings and its seed.

    Args:
      name: for tables and files.
      settings: of a host of the kind.
      seed: of its weights and its batches.
    """

    name: str
    settings: Any
    seed: int


def designs(kind: Kind, count: int, *, seed: int, **fields: Any) -> Iterator[Independent]:
    """So many models, each of another architecture, width or seed.

    Args:
      kind: of the hosts.
      count: how many.
      seed: of the calibration; another one gives other weights.
      fields: of all settings, for instance the noise that a denoiser is trained against.
    """
    base = {**to_dict(kind.preset("tiny", **fields)), **COMMON[kind.name]}
    for index in range(count):
        line = DESIGNS[kind.name][index % len(DESIGNS[kind.name])]
        settings = from_dict(kind.settings, {**base, **line})
        yield Independent(f"{index + 1:02d} {_words(line)}", settings, _FIRST_SEED + 1000 * seed + index)


def train_model(kind: Kind, model: Independent, data: Any, run: Run) -> KerasSuspect:
    """Trains a model, or takes it from an earlier call; a killed training resumes.

    Args:
      kind: of the model.
      model: what is trained.
      data: of the kind, without anything secret in it.
      run: everything goes below its directory.
    """
    machine = replace(run, seed=model.seed, quiet=True)
    digest = training_digest({"model": to_dict(model.settings)}, machine, kind.images(data))[:16]
    path = Path(run.directory) / f"model-{digest}.keras"
    if not path.is_file():
        network = kind.train_host(data, model.settings, machine.child(f"work-{digest}"))
        with replacing(path) as temporary:
            network.save(temporary)
    return KerasSuspect(model.name, load_network(path))


def _words(line: Mapping[str, Any]) -> str:
    """`dncnn-12-5`: the network and the sizes that differ from its preset."""
    return "-".join(f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in line.values())
