"""What an experiment measures: a network, what it was made from, and the key that may be in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.keys import OwnerKey
from tfwm.papers.engine.experiment import Context
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect

if TYPE_CHECKING:
    from tensorflow import keras


@dataclass(frozen=True)
class Subject:
    """A network that is measured.

    Args:
      recipe: what the network depends on, as JSON values; see `Cache.model`.
      model: makes the network, or loads it from the cache.
      key: makes or loads the owner's key; None for a network without a mark.
      host: name of the host that it is, or was made of.
    """

    recipe: dict[str, Any]
    model: Callable[[], keras.Model]
    key: Callable[[], OwnerKey] | None = None
    host: str = ""

    def owner_key(self) -> OwnerKey:
        """The owner's key.

        Raises:
          ValueError: the network holds no mark, so there is no key.
        """
        if self.key is None:
            raise ValueError(f"`{self.recipe['what']}` has no key: it holds no mark. Ask with a marked host's.")
        return self.key()

    def attacked(self, what: str, settings: Any, model: Callable[[], keras.Model]) -> Subject:
        """The network after an attack, still measured with the owner's key.

        Args:
          what: what was done to it, for progress lines: `pruned 10%`.
          settings: of the attack, JSON values; part of the recipe.
          model: makes the attacked network, or loads it.
        """
        recipe = {"what": f"{self.recipe['what']}, {what}", "recipe_version": self.recipe["recipe_version"],
                  "attack": settings, "of": self.recipe}  # fmt: skip
        return replace(self, recipe=recipe, model=model)


def attacked_once(
    context: Context, subject: Subject, what: str, settings: Any, make: Callable[[Path], keras.Model]
) -> Subject:
    """The network after an attack that takes long: the attacked network is made once and kept in the cache.

    Args:
      context: of the experiment.
      subject: what is attacked.
      what: what is done to it, for progress lines.
      settings: of the attack, JSON values; part of the recipe.
      make: makes the attacked network. It gets a folder that stays the same until it returns, so that a killed
        training resumes.
    """
    recipe = subject.attacked(what, settings, subject.model).recipe
    return replace(subject, recipe=recipe, model=lambda: context.cache.model(recipe, make))


def measured(context: Context, subject: Subject, what: str, measure: Callable[[Path], Any], **settings: Any) -> Any:
    """A figure of a subject, from the cache where it was measured before.

    Args:
      context: of the experiment.
      subject: what is measured.
      what: the name of the figure, for the progress line and the recipe: `clean accuracy`.
      measure: gives the figure as a JSON value. It gets a folder that stays the same until it returns, so that a
        killed training in it resumes.
      settings: further JSON values that decide the figure.
    """
    recipe = {
        "what": f"{what} of {subject.recipe['what']}", "recipe_version": subject.recipe["recipe_version"],
        "of": subject.recipe, **settings,
    }  # fmt: skip
    return context.cache.value(recipe, measure)


def verdict_on(model: keras.Model, key: OwnerKey) -> dict[str, Any]:
    """What the verification with a key finds on a network: the verdict's figures by name, as JSON values.

    Args:
      model: that is asked.
      key: of an owner.
    """
    return scheme_of(key).verify(KerasSuspect("suspect", model), key).as_dict()
