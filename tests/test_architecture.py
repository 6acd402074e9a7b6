"""The house: which room may use which, no circle anywhere, and one place that knows the kinds of hosts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("tfwm", "pipelines", "serving", "benchmarks")

# From the bottom up: a room uses what stands above it in this list, and nothing else. Rooms of one line never meet.
FLOORS = (
    ("serving",),
    ("config", "files", "registry", "untrusted"),
    ("networks",),
    ("keys",),
    ("types",),
    ("digests", "data"),
    ("suspects",),
    ("evidence", "training"),
    ("kinds",),
    ("schemes",),
    ("attacks",),
    ("sealing",),
    ("exporting",),
    ("evaluation",),
    ("ownership",),
    ("papers",),
    ("components", "commands"),
    ("cli",),
    ("pipelines",),
)
# To overwrite a mark is to embed another by the same algorithm: the one attack that is a scheme's own training.
SCHEMES_IN_ATTACKS = {"tfwm.attacks.overwriting"}
LONGEST_FILE = 300


@cache
def _files() -> Mapping[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def _imported(path: Path) -> tuple[str, ...]:
    """Every module that a file imports: at once, inside a function, or for type checkers only."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno} imports relatively. Name the module."
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in _files() else str(node.module)


@cache
def _graph() -> Mapping[str, frozenset[str]]:
    """From each module to the modules of the project that it imports."""
    return {name: frozenset(_imported(path)) & _files().keys() - {name} for name, path in _files().items()}


def _circle(graph: Mapping[str, frozenset[str] | set[str]]) -> list[str]:
    """The modules of one circle in order, the first again at the end; empty where there is none."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := follow(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def _room(module: str) -> str:
    """The folder or file right below `tfwm`; of the other packages the package."""
    parts = module.split(".")
    return parts[1] if parts[0] == "tfwm" and len(parts) > 1 else parts[0]


def test_no_circle_between_files() -> None:
    circle = _circle(_graph())
    assert not circle, "These import each other: " + " -> ".join(circle)


def test_no_circle_between_rooms() -> None:
    rooms: dict[str, set[str]] = {_room(name): set() for name in _graph()}
    for name, others in _graph().items():
        rooms[_room(name)] |= {_room(other) for other in others} - {_room(name)}
    circle = _circle(rooms)
    assert not circle, "These rooms import each other: " + " -> ".join(circle)


def test_a_circle_is_found_and_named() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def _floor(room: str) -> int:
    found = [floor for floor, rooms in enumerate(FLOORS) if room in rooms]
    assert found, f"`{room}` has no place in FLOORS. Give it one."
    return found[0]


@pytest.mark.parametrize(
    "module", sorted(name for name in _files() if name.startswith(("tfwm.", "pipelines", "serving")))
)
def test_imports_point_down(module: str) -> None:
    room = _room(module)
    for other in _graph()[module]:
        below = _room(other)
        if below in (room, "tfwm"):
            continue
        assert below not in ("benchmarks", "tests"), f"{module} imports {other}: nothing imports {below}."
        assert _floor(below) < _floor(room), f"{module} imports {other}, which stands beside or above it."
        if room == "attacks" and below == "schemes":
            assert module in SCHEMES_IN_ATTACKS, f"{module} imports {other}: attacks know no scheme but to overwrite."


def test_the_page_on_the_architecture_shows_these_floors() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", page, re.MULTILINE)
    shown = [tuple(re.findall(r"`([\w]+)/?`", rooms)) for _, rooms in rows]
    assert shown == [tuple(floor) for floor in FLOORS]


def test_the_package_imports_nothing_heavy_itself() -> None:
    tree = ast.parse((ROOT / "tfwm" / "__init__.py").read_text(encoding="utf-8"))
    modules = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    # `serving` itself is a sentence and a filter of warnings.
    assert modules == {"__future__", "importlib", "typing", "serving"}


def test_serving_runs_without_the_library() -> None:
    for module in _files():
        if _room(module) == "serving":
            packages = {name.split(".")[0] for name in _imported(_files()[module])}
            assert packages.isdisjoint({"tfwm", "pipelines", "benchmarks", "tfx"}), module


@pytest.mark.parametrize("module", sorted(name for name in _files() if _room(name) not in ("components", "pipelines")))
def test_tfx_and_beam_stay_in_the_components(module: str) -> None:
    packages = {name.split(".")[0] for name in _imported(_files()[module])}
    assert packages.isdisjoint({"tfx", "apache_beam", "ml_metadata", "kfp"})


@pytest.mark.parametrize("module", sorted(name for name in _files() if not name.startswith("benchmarks")))
def test_files_stay_small(module: str) -> None:
    lines = len(_files()[module].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{module} has {lines} lines. Does it hold one idea?"


# How the two families were told apart before there were kinds; each again would be a second place that knows them.
FAMILY_TESTS = {
    "an attribute `marks` of a scheme": r"scheme\.marks\b|[\"']marks[\"'],|marks_classifiers|\bmarks: ClassVar",
    "an attribute `on` of an attack": r"attack\.on\b|[\"']on[\"'], [\"']|\bon: ClassVar",
    "the type of data": r"isinstance\(.*\b(ImagePairs|LabelledImages)\b",
    "the rank of what a network gives": r"len\([^()]*(output_shape|given)\)|output_shape\.rank|output_shape\) ==",
    "a key of the fidelity figures": r"[\"']\w+(_accuracy|_db)[\"'] (not )?in\b|of_classifier",
    "the name of an output": r"[\"'](scores|image)[\"'] (not )?in\b|\bif classes:",
}
KNOW_THE_KINDS = ("tfwm.kinds", "serving")  # serving stands alone, and serves any model


@pytest.mark.parametrize("module", sorted(name for name in _files() if not name.startswith(KNOW_THE_KINDS)))
def test_nobody_else_tells_the_kinds_apart(module: str) -> None:
    text = _files()[module].read_text(encoding="utf-8")
    for what, pattern in FAMILY_TESTS.items():
        found = re.search(pattern, text)
        line = text[: found.start()].count("\n") + 1 if found else 0
        assert not found, f"{module}:{line} asks for {what}: take the kind of the scheme, the network or the data."


@pytest.mark.parametrize(
    "line",
    [
        'if scheme.marks == "classifier":', 'getattr(scheme, "marks", "images")', "if marks_classifiers(scheme):",
        'getattr(attack, "on", "")', 'if attack.on == "classifier":', "isinstance(data, LabelledImages)",
        "isinstance(self.test, (ImagePairs, str))", "if len(model.output_shape) == 2:",
        'return "marked_accuracy" in self.fidelity', "if report.of_classifier:", 'if "scores" in outputs:',
    ],
)  # fmt: skip
def test_the_six_tests_of_before_would_be_found(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in FAMILY_TESTS.values())


def test_templates_know_no_kind_either() -> None:
    text = (ROOT / "tfwm/evaluation/templates/report.html.jinja").read_text(encoding="utf-8")
    assert "accuracy" not in text.lower()
    assert "decibel" not in text.lower()


def test_distribution_strategies_are_made_in_one_place() -> None:
    made = ("MirroredStrategy(", "MultiWorkerMirroredStrategy(", "TPUStrategy(")
    makers = [path for path in _files().values() if any(name in path.read_text(encoding="utf-8") for name in made)]
    assert makers == [ROOT / "tfwm" / "training" / "run.py"]


def _private(node: ast.AST, imported: set[str]) -> str:
    """The private name of a module that a test reaches for, or nothing."""
    if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in PACKAGES:
        return next((alias.name for alias in node.names if alias.name.startswith("_")), "")
    if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
        return ast.unparse(node) if ast.unparse(node).split(".")[0] in imported else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = re.match(rf"({'|'.join(PACKAGES)})\.[\w.]*\._[a-z]\w*$", node.value)
        return found.group(0) if found else ""
    return ""


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_use_public_names(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    ours = [node for node in imports if str(node.module).split(".")[0] in PACKAGES]
    imported = {alias.asname or alias.name for node in ours for alias in node.names}
    for node in ast.walk(tree):
        name = _private(node, imported)
        assert not name, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} uses the private name {name}."
