"""Batches that replicas share: which sizes give the weights of a training on one replica, found before it starts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tfwm.training.run import Run
from tfwm.training.schedule import Schedule

_COUNTS = ("batch_size", "key_batch")


def check_shares(sizes: Mapping[str, int], replicas: int, together: int = 1) -> None:
    """Refuses batches that replicas cannot share evenly.

    Why: a step divides what a replica has by the number of replicas. One with fewer examples would weigh them more,
    and one with none has no mean, so that the weights would not be those of a training on one replica.

    Args:
      sizes: examples in a global batch, by the name of the setting or of what is in the batch.
      replicas: how many there are, of all workers.
      together: how many examples in a row must come to one replica.

    Raises:
      ValueError: the message names sizes that would do.
    """
    if replicas == 1:
        return
    shared = replicas * together
    in_a_row = f" and of {together} examples that stay together" if together > 1 else ""
    for name, size in sizes.items():
        if size % shared:
            unit = math.lcm(2, shared)
            fitting = [size // unit * unit, size // unit * unit + unit]
            raise ValueError(
                f"`{name}` must be a multiple of the {replicas} replicas that share a batch{in_a_row}, got {size}. Use "
                f"{' or '.join(str(each) for each in fitting if each)}, or train on fewer devices."
            )


def batch_sizes(settings: Any, name: str = "") -> dict[str, int]:
    """The sizes of all global batches that settings speak of, by field: `initial.batch_size`.

    Args:
      settings: a dataclass, of a scheme, a host or an attack; fields that it names in `idle` are left out.
      name: of the field that holds these settings.
    """
    if isinstance(settings, Schedule):
        parts = {"batch_size": settings.batch_size}
    elif isinstance(settings, (list, tuple)):
        parts = {str(index): part for index, part in enumerate(settings)}
    elif is_dataclass(settings):
        idle = getattr(settings, "idle", ())
        parts = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in idle}
    else:
        return {}
    dotted = {f"{name}.{field}" if name else field: part for field, part in parts.items()}
    own = {whose: part for whose, part in dotted.items() if whose.split(".")[-1] in _COUNTS}
    return own | {whose: size for field, part in dotted.items() for whose, size in batch_sizes(part, field).items()}


def check_run(run: Run, *settings: Any) -> None:
    """Refuses settings of which any batch cannot be shared, before hours of the trainings that come first.

    Args:
      run: where and on what; its strategy says how many replicas there are.
      settings: dataclasses. One whose examples belong together says how many in `together`.

    Raises:
      ValueError: the message names the setting, and sizes that would do.
    """
    replicas = run.replicas
    for each in settings if replicas > 1 else ():
        check_shares(batch_sizes(each), replicas, getattr(each, "together", 1))
