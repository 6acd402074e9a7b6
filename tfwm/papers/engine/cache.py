"""Trained models and measured rows, found again by what they were made from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.config import from_dict, to_dict
from tfwm.files import locked, new_directory, read_json, write_json
from tfwm.papers.engine.bookkeeping import Recipe, Spent, Stopwatch, kept_on_disk
from tfwm.papers.engine.formats import MARKED, MODEL, VALUE, Format
from tfwm.types import MarkedModel

if TYPE_CHECKING:
    from tensorflow import keras

ENTRY = "entry.json"


@dataclass
class Account:
    """What is being made or run at the moment.

    Args:
      name: the name of the recipe that is being made; empty for an experiment.
      watch: measures the time that is spent on it.
      uses: names of the recipes that it took from the cache.
    """

    name: str = ""
    watch: Stopwatch = field(default_factory=Stopwatch)
    uses: list[str] = field(default_factory=list)


class Cache:
    """A folder of models and values by the digest of their recipe; nothing is made twice, even after a kill.

    `made/<name>` holds what is finished; `work/<name>` what a killed making left, from which the next one goes on;
    `locks/<name>` lets a second process wait instead of making the same. All of them are private to the user, because
    keys lie there.

    Args:
      root: the folder.
      progress: is called with one line of text for each thing that is made or found.
    """

    def __init__(self, root: str | Path, progress: Callable[[str], None] = lambda text: None):
        self.root, self._progress = Path(root), progress
        self._accounts: list[Account] = []

    def model(self, recipe: Mapping[str, Any], make: Callable[[Path], keras.Model]) -> keras.Model:
        """A network; it is made only where no earlier call with this recipe finished.

        Args:
          recipe: JSON values that decide the result: `what` (a text for progress lines), `recipe_version` (a whole
            number, raised when changed code gives another result), settings, seed, digests of data.
          make: makes the network. It gets a folder that stays the same until it returns, so that a killed training
            resumes; then the folder is deleted.

        Raises:
          ValueError: the recipe is incomplete, holds other than JSON values, or already stands for a value.
        """
        return self._get(MODEL, recipe, make)

    def marked(self, recipe: Mapping[str, Any], make: Callable[[Path], MarkedModel]) -> MarkedModel:
        """A marked model with its key and its training history; it is made only where no earlier call finished.

        Args:
          recipe: as for `model`.
          make: as for `model`, but it returns a marked model.

        Raises:
          ValueError: as `model`.
        """
        return self._get(MARKED, recipe, make)

    def value(self, recipe: Mapping[str, Any], make: Callable[[Path], Any]) -> Any:
        """A JSON value, for instance one row of a table; it is made only where no earlier call finished.

        Args:
          recipe: as for `model`.
          make: as for `model`, but it returns a value made of JSON's types and numpy's.

        Returns:
          What `make` returned, as JSON keeps it: numpy's scalars and arrays as numbers and lists, None for what is
          not finite.
        """
        return self._get(VALUE, recipe, make)

    def seconds(self, recipe: Mapping[str, Any]) -> float:
        """Seconds on the clock that making it took, however long ago, without what was made on the way.

        Raises:
          LookupError: it was never made.
        """
        return self.spent(recipe).seconds

    def spent(self, recipe: Mapping[str, Any]) -> Spent:
        """What making it took, on the clock and in processor time, without what was made on the way.

        Raises:
          LookupError: it was never made.
        """
        checked = Recipe.of(recipe)
        entry = self._entry(checked.name)
        if entry is None:
            raise LookupError(f"`{checked.label}` is not in the cache `{self.root}`. Make it first.")
        return from_dict(Spent, entry["spent"])

    @contextmanager
    def accounting(self) -> Iterator[Account]:
        """Notes what the block takes from the cache, and the time that it spends besides."""
        account = Account()
        self._accounts.append(account)
        try:
            yield account
        finally:
            self._accounts.pop()
            account.watch.pause()

    def total(self, account: Account) -> Spent:
        """The time that the account's block would have taken from an empty cache."""
        found: dict[str, Spent] = {}
        self._collect(account.uses, found)
        return sum(found.values(), account.watch.spent())

    def _collect(self, names: Iterable[str], found: dict[str, Spent]) -> None:
        for name in names:
            entry = self._entry(name)
            if name not in found and entry is not None:
                found[name] = from_dict(Spent, entry["spent"])
                self._collect(entry["uses"], found)

    def _entry(self, name: str) -> dict[str, Any] | None:
        path = self.root / "made" / name / ENTRY
        return read_json(path) if path.is_file() else None

    def _get(self, form: Format, values: Mapping[str, Any], make: Callable[[Path], Any]) -> Any:
        recipe = Recipe.of(values)
        with self._outside_paused(recipe):
            entry = self._entry(recipe.name)
            if entry is None:
                lock, said = self.root / "locks" / recipe.name, f"{recipe.label}: another process is at it; waiting"
                with locked(lock, "making it", on_wait=lambda: self._progress(said)):
                    entry = self._entry(recipe.name) or self._made(form, recipe, make)
            else:
                self._progress(f"{recipe.label}: from the cache")
                self._forget_unfinished(recipe)
            if entry["kind"] != form.name:
                raise ValueError(
                    f"The recipe {recipe.label!r} stands for a {entry['kind']} already, and now a {form.name} is asked "
                    "for. Give one of them another `what`."
                )
            return form.read(self.root / "made" / recipe.name)

    @contextmanager
    def _outside_paused(self, recipe: Recipe) -> Iterator[None]:
        """What takes this from the cache has its stopwatch paused meanwhile, so that no time counts twice."""
        if any(account.name == recipe.name for account in self._accounts):
            raise ValueError(
                f"The recipe {recipe.label!r} is being made, and asks for itself. Give each its own `what`."
            )
        outside = self._accounts[-1:]
        for account in outside:
            account.uses.append(recipe.name)
            account.watch.pause()
        try:
            yield
        finally:
            for account in outside:
                account.watch.go_on()

    def _made(self, form: Format, recipe: Recipe, make: Callable[[Path], Any]) -> dict[str, Any]:
        unfinished = self.root / "work" / recipe.name
        again = ", from where it stopped" if unfinished.is_dir() else ""
        self._progress(f"{recipe.label}: {form.doing}{again}")
        (unfinished / "files").mkdir(parents=True, exist_ok=True)
        unfinished.chmod(0o700)
        with kept_on_disk(unfinished / "spent.json") as watch:
            account = Account(recipe.name, watch)
            self._accounts.append(account)
            try:
                thing = make(unfinished / "files")
            finally:
                self._accounts.pop()
                watch.pause()
        entry = {
            "kind": form.name, "recipe": recipe.values, "spent": to_dict(watch.spent()),
            "uses": list(dict.fromkeys(account.uses)),
        }  # fmt: skip
        # Without its entry a folder is not finished, so it may be replaced.
        with new_directory(self.root / "made" / recipe.name, 0o700, overwrite=True) as folder:
            form.write(folder, thing)
            write_json(folder / ENTRY, entry)
        self._forget_unfinished(recipe)
        return entry

    def _forget_unfinished(self, recipe: Recipe) -> None:
        """A kill may have come just after the thing was finished; two processes may do this at once."""
        shutil.rmtree(self.root / "work" / recipe.name, ignore_errors=True)
