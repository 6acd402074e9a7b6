"""Copies of marked hosts after some epochs of fine-tuning, from one training each."""

from __future__ import annotations

from functools import partial

from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.snapshots import snapshots
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.models import marked_host
from tfwm.papers.quan2020.pictures import thief_pairs, training_pairs
from tfwm.papers.quan2020.scales import Mark, fine_tuning

EPOCHS = (10, 25, 50, 75, 100)
DATA = {"original": training_pairs, "new": thief_pairs}


def epochs_of(context: Context) -> tuple[int, ...]:
    """After which epochs table VII looks at the host; at scale smoke those that figure 9 shows."""
    return context.at(smoke=(10, 50), desk=EPOCHS, paper=EPOCHS)


def tuned_copy(context: Context, name: str, scheme: Mark, data: str, epochs: int) -> Subject:
    """A marked host after some epochs of a thief's fine-tuning; all numbers of epochs come from one training.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: that marked it.
      data: that the thief has: `original`, the owner's, or `new`, textures.
      epochs: one of `epochs_of`.
    """
    marked, attack = marked_host(context, name, scheme), fine_tuning(context, name)
    thiefs = partial(DATA[data], context, name)
    return snapshots(context, marked, f"on {data} data", attack, thiefs, epochs_of(context), {"data": data})[epochs]
