"""The user's own code in files of networks: layers and functions of modules that he names, and Lambda layers.

A `.keras` file of a stranger may name any code, so nothing of it runs unasked (see `vetting`). Whoever trusts a file
says so here, for the time of a context.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from tensorflow import keras

_LAMBDAS: ContextVar[bool] = ContextVar("lambdas", default=False)


@contextmanager
def users_code(modules: Sequence[str] = (), *, lambdas: bool = False) -> Iterator[None]:
    """A context in which `load_network` knows layers of these modules, and runs Lambda layers where it is told to.

    Args:
      modules: names, found on Python's path or in the working folder, or paths of `.py` files. They are imported, and
        stay so; their classes and functions are known by their names, also those that were `__main__` when the file
        was written.
      lambdas: whether the Python code in Lambda layers may run. Only for files of people whom you trust.

    Raises:
      ValueError: a module cannot be imported.
    """
    found: dict[str, Any] = {}
    for text in modules:
        module = _imported(text)
        own = {
            name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
        }
        found.update({name: value for name, value in own.items() if callable(value)})
    token = _LAMBDAS.set(lambdas)
    try:
        with keras.saving.custom_object_scope(found):
            yield
    finally:
        _LAMBDAS.reset(token)


def lambdas_may_run() -> bool:
    """Whether the context trusts Lambda layers."""
    return _LAMBDAS.get()


def _imported(text: str) -> ModuleType:
    try:
        return _from_file(Path(text)) if text.endswith(".py") else _by_name(text)
    except Exception as error:  # a user's module may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise ValueError(
            f"the module `{text}` cannot be imported ({reason}). Name one that Python finds, or the path of a .py file."
        ) from error


def _by_name(text: str) -> ModuleType:
    # As `python -m` does; the command itself has its own folder there.
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        return importlib.import_module(text)
    finally:
        sys.path.remove(here)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    there = sys.modules.get(path.stem)
    if there is not None and getattr(there, "__file__", None) == str(path.absolute()):
        return there
    if there is not None:
        raise ImportError(f"another module is called {path.stem}")
    spec = importlib.util.spec_from_file_location(path.stem, path.absolute())
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module
