"""What is measured: a network, what it was made from, and the key that may be in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey


@dataclass(frozen=True)
class Subject:
    """A network that is measured.

    Args:
      recipe: what it depends on, for the cache.
      model: makes, or loads, the network.
      key: the owner's; of an unmarked host there is none.
      host: name of the host that it is, or was made of.
    """

    recipe: dict[str, Any]
    model: Callable[[], keras.Model]
    key: Callable[[], OwnerKey] | None = None
    host: str = ""

    def owner_key(self) -> OwnerKey:
        """The key.

        Raises:
          ValueError: an unmarked host has none.
        """
        if self.key is None:
            raise ValueError(f"`{self.recipe['what']}` has no key: it holds no mark. Ask with a marked host's.")
        return self.key()

    def attacked(self, what: str, settings: Any, model: Callable[[], keras.Model]) -> Subject:
        """The same key's subject after an attack.

        Args:
          what: was done, for progress lines.
          settings: of the attack, JSON values.
          model: makes the attacked network.
        """
        recipe = {"what": f"{self.recipe['what']}, {what}", "recipe_version": self.recipe["recipe_version"],
                  "attack": settings, "of": self.recipe}  # fmt: skip
        return replace(self, recipe=recipe, model=model)
