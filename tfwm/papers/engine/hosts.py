"""The hosts of a paper: trained, marked and trained on without a mark, each once, and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.config import to_dict
from tfwm.kinds import kind_called
from tfwm.papers.engine.data import digest
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.subjects import Subject
from tfwm.schemes import scheme_to_dict
from tfwm.types import ImagePairs, LabelledImages, MarkedModel, Scheme

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.training import Run


def seed_of(context: Context, start: int) -> int:
    """The seed of a training.

    Args:
      context: of the experiment; its one seed.
      start: tells several trainings of one host apart, from 0.

    Raises:
      ValueError: the context has several seeds. Each of them has its own hosts, and so its own tables.
    """
    if len(context.seeds) > 1:
        raise ValueError(
            f"These experiments take one seed at a time, got {list(context.seeds)}. Run them once for each, with an "
            "--out of its own."
        )
    return context.seeds[0] + start


@dataclass(frozen=True)
class TrainedHosts:
    """All hosts of a paper, as subjects that can be measured.

    Args:
      kind: of the hosts, a name in `tfwm.kinds.KINDS`.
      noun: what progress lines and recipes call an unmarked host: `host` or `classifier`.
      settings: gives the settings of a host's training, from the context and the host's name.
      data: gives the owner's data, from the same.
      version: of the recipes; raised when changed code gives other networks.
    """

    kind: str
    noun: str
    settings: Callable[[Context, str], Any]
    data: Callable[[Context, str], ImagePairs | LabelledImages]
    version: int = 1

    def unmarked(self, context: Context, name: str, *, seed: int = 0) -> Subject:
        """A host without a mark.

        Args:
          context: of the experiment.
          name: of the host.
          seed: tells several hosts of one name apart.
        """
        settings, data = self.settings(context, name), self.data(context, name)
        recipe = {
            "what": f"{self.noun} {name}", "recipe_version": self.version, "seed": seed_of(context, seed),
            "settings": to_dict(settings),
            "data": digest(*(array for array in vars(data).values() if isinstance(array, np.ndarray))),
        }  # fmt: skip

        def make(folder: Path) -> keras.Model:
            return kind_called(self.kind).train_host(data, settings, self._run(context, folder, seed))

        return Subject(recipe, lambda: context.cache.model(recipe, make), host=name)

    def marked(
        self, context: Context, name: str, scheme: Scheme, label: str, *, secret: bytes, seed: int = 0,
        start: Subject | None = None, **fields: Any,
    ) -> Subject:  # fmt: skip
        """A marked host and its key.

        Args:
          context: of the experiment.
          name: of the host.
          scheme: that marks it, with all its settings.
          label: what progress lines and the recipe call the mark: the scheme's name, and what tells it from others.
          secret: of the key; repeatable, and so worth nothing outside of the experiments.
          seed: of the host and of the marking.
          start: the host that is marked; None takes the unmarked one of the same seed.
          fields: further JSON values of the recipe.
        """
        host = start or self.unmarked(context, name, seed=seed)
        recipe = {
            "what": f"{name} marked by {label}", "recipe_version": self.version, "seed": seed_of(context, seed),
            "scheme": scheme_to_dict(scheme), "host": host.recipe, **fields,
        }  # fmt: skip

        def make(folder: Path) -> MarkedModel:
            run = self._run(context, folder, seed)
            return scheme.train(host.model(), self.data(context, name), run, secret=secret)

        def marked() -> MarkedModel:
            return context.cache.marked(recipe, make)

        return Subject(recipe, lambda: marked().model, lambda: marked().key, name)

    def control(
        self, context: Context, name: str, label: str, train: Callable[[keras.Model, Run], keras.Model], *,
        seed: int = 0, **fields: Any,
    ) -> Subject:  # fmt: skip
        """The control beside a marked host: the same host after as much further training, but without a mark.

        Args:
          context: of the experiment.
          name: of the host.
          label: what was done to it, for progress lines and the recipe: `trained on without a mark`.
          train: gives the trained network from the unmarked host and the machine.
          seed: of the host and of the training.
          fields: JSON values of the recipe that decide the training.
        """
        host = self.unmarked(context, name, seed=seed)
        recipe = {
            "what": f"{self.noun} {name}, {label}", "recipe_version": self.version, "seed": seed_of(context, seed),
            "host": host.recipe, **fields,
        }  # fmt: skip

        def make(folder: Path) -> keras.Model:
            return train(host.model(), self._run(context, folder, seed))

        return Subject(recipe, lambda: context.cache.model(recipe, make), host=name)

    def _run(self, context: Context, folder: Path, seed: int) -> Run:
        return context.run_in(folder, seed=seed_of(context, seed))
