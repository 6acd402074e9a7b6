"""Imports point one way: a room may use what lies below it, never what lies beside or above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the bottom up. Rooms of one line may use each other, except where APART says otherwise.
LAYERS = (
    ("types", "datasets", "keys", "config", "files", "codedigest", "chacha"),
    ("statistics", "labels", "suspects", "remote", "data", "networks"),
    ("training",),
    ("hosts", "classifiers", "schemes", "attacks"),
    ("evaluation", "ownership"),
    ("sealing", "graphs", "encoded", "exporting"),
    ("papers",),
    ("components", "commands", "cli"),
)
APART = (
    {"schemes", "attacks"}, {"hosts", "attacks"}, {"classifiers", "attacks"}, {"components", "commands"},
    {"components", "cli"},
)  # fmt: skip
# Inside a function only. A key reads its networks, and a network's file is read where its layers are registered.
# To overwrite a mark is to embed another by the same algorithm: the one attack that is a scheme's own training.
LATE = {("tfwm/keys.py", "networks"), ("tfwm/attacks/overwrite.py", "schemes")}
# What the top of the library may use of what stands beside it, and the rest of the library may not.
BESIDE = ("pipelines", "serving")
NEVER = ("benchmarks", "tests")


def _level(room: str) -> int:
    found = [level for level, rooms in enumerate(LAYERS) if room in rooms]
    assert found, f"`tfwm/{room}` has no place in LAYERS. Give it one."
    return found[0]


def _files(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts]


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, inside a function) of every import that runs; those for type checkers only do not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {id(node) for function in ast.walk(tree) if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)}  # fmt: skip
    unread = {
        id(node) for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body for node in ast.walk(statement)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in unread:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno} imports relatively. Name the module."
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "tfwm" else [node.module]
            yield from ((name, id(node) in late) for name in names)


def _room(path: Path) -> str:
    return path.relative_to(ROOT / "tfwm").with_suffix("").parts[0]


@pytest.mark.parametrize("path", _files("tfwm"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    room = _room(path)
    for module, late in _imports(path) if room != "__init__" else ():
        package, _, rest = module.partition(".")
        assert package not in NEVER, f"{path.relative_to(ROOT)} imports {module}: the library imports no {package}."
        assert package not in BESIDE or room in LAYERS[-1], f"{path.relative_to(ROOT)} imports {module} from below."
        if package != "tfwm" or not rest or rest.startswith("__"):
            continue
        other = rest.split(".")[0]
        if other == room or (late and (str(path.relative_to(ROOT)), other) in LATE):
            continue
        assert _level(other) <= _level(room), f"{path.relative_to(ROOT)} imports {module}, which lies above it."
        assert {room, other} not in APART, f"{path.relative_to(ROOT)} imports {module}: these two never meet."


def test_the_package_imports_nothing_heavy_itself() -> None:
    assert {module for module, late in _imports(ROOT / "tfwm" / "__init__.py") if not late} == {
        "__future__", "importlib", "typing",
    }  # fmt: skip


@pytest.mark.parametrize("path", _files("serving"), ids=lambda path: str(path.relative_to(ROOT)))
def test_serving_runs_without_the_library(path: Path) -> None:
    assert {module.split(".")[0] for module, _ in _imports(path)}.isdisjoint({"tfwm", "pipelines", "benchmarks", "tfx"})


@pytest.mark.parametrize("path", [*_files("tfwm"), *_files("serving")], ids=lambda path: str(path.relative_to(ROOT)))
def test_tfx_and_beam_stay_in_the_components(path: Path) -> None:
    if "components" in path.parts:
        return
    packages = {module.split(".")[0] for module, _ in _imports(path)}
    assert packages.isdisjoint({"tfx", "apache_beam", "ml_metadata", "kfp"})


@pytest.mark.parametrize("path", [*_files("tfwm"), *_files("serving"), *_files("pipelines")],
                         ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 200


def test_distribution_strategies_are_made_in_one_place() -> None:
    made = ("MirroredStrategy(", "MultiWorkerMirroredStrategy(", "TPUStrategy(")
    makers = [path for path in _files("tfwm") if any(name in path.read_text(encoding="utf-8") for name in made)]
    assert makers == [ROOT / "tfwm" / "training" / "run.py"]
