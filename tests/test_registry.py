"""Tables of members: what lists them, what loads them, and what other packages add through entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfwm.registry import Table

ROOT = Path(__file__).parents[1]
PLACES = {"squares": "math:sqrt", "paths": "os:path", "missing": "math:no_such_thing", "lost": "no_such_module:x"}
TABLE = "table = Table('tool', {'own': 'math:sqrt'}, group='tools.of.tests')"


@pytest.fixture
def table() -> Table:
    return Table("tool", PLACES)


def test_it_lists_names_without_loading_anything(table: Table) -> None:
    assert list(table) == list(PLACES)
    assert len(table) == 4
    assert "lost" in table
    assert "nothing" not in table
    assert table.homes() == {"sqrt": "math", "path": "os", "no_such_thing": "math", "x": "no_such_module"}


def test_it_loads_a_member_when_asked(table: Table) -> None:
    assert table["squares"](9) == 3
    assert table["paths"] is os.path
    with pytest.raises(KeyError, match="nothing"):
        table["nothing"]
    assert table.get("nothing") is None


def test_mistakes_of_its_own_are_raised_as_they_are(table: Table) -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        table["missing"]
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        table["lost"]


def _packages(folder: Path, **points: str) -> Path:
    """A folder for PYTHONPATH with a package of each name, whose entry points are the lines given."""
    for name, lines in points.items():
        information = folder / f"{name}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[tools.of.tests]\n{lines}\n")
    (folder / "good.py").write_text("def tool():\n    return 'good'\n")
    (folder / "bad.py").write_text("raise RuntimeError('broken at import')\n")
    return folder


def _told(folder: Path, code: str) -> tuple[str, str]:
    """What a process of its own prints, on stdout and on stderr."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    program = f"from tfwm.registry import Table\n{TABLE}\n{code}"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_members_of_other_packages_are_members_like_all_others(tmp_path: Path) -> None:
    folder = _packages(tmp_path, one="theirs = good:tool", two="more = good:tool")
    told, warned = _told(
        folder, "print(sorted(table), len(table), 'theirs' in table, table['theirs'](), table['own'](4))"
    )
    assert told == "['more', 'own', 'theirs'] 3 True good 2.0"
    assert "left out" not in warned
    assert _told(tmp_path / "elsewhere", "print(list(table))")[0] == "['own']"


def test_a_name_that_is_taken_stays_as_it_is_and_the_other_is_named(tmp_path: Path) -> None:
    folder = _packages(tmp_path, one="own = good:tool\ntheirs = good:tool", two="theirs = bad:tool")
    told, warned = _told(folder, "print(sorted(table), table['own'](4), 'theirs' in table)")
    assert told == "['own', 'theirs'] 2.0 True"
    assert "the tool `own` of another package, `good:tool`, is left out: the name stands for `math:sqrt`" in warned
    assert warned.count("the tool `theirs` of another package") == 1
    assert "Rename its entry point in the group `tools.of.tests`" in warned


@pytest.mark.parametrize(
    "place, reason",
    [
        ("bad:tool", "broken at import"), ("good:none", "no attribute 'none'"), ("nowhere:tool", "No module named"),
    ],
)  # fmt: skip
def test_one_that_cannot_be_loaded_is_named_and_the_rest_works(place: str, reason: str, tmp_path: Path) -> None:
    folder = _packages(tmp_path, one=f"broken = {place}\ntheirs = good:tool")
    code = (
        "print(sorted(table), table['theirs'](), table['own'](4))\n"
        "try:\n    table['broken']\n"
        "except ImportError as error:\n    print(error)"
    )
    lines = _told(folder, code)[0].splitlines()
    assert lines[0] == "['broken', 'own', 'theirs'] good 2.0"
    assert f"the tool `broken` of another package cannot be loaded from `{place}`: " in lines[1]
    assert reason in lines[1]
    assert "Mend that package's entry point in the group `tools.of.tests`, or uninstall it." in lines[1]


def test_the_same_package_twice_on_the_path_is_one(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        _packages(tmp_path / folder, one="theirs = good:tool")
    both = os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])
    told, warned = _told(Path(both), "print(sorted(table))")
    assert told == "['own', 'theirs']"
    assert "left out" not in warned


def test_an_attack_of_another_package_goes_through_json(tmp_path: Path) -> None:
    folder = _packages(tmp_path, one="unused = good:tool")
    information = folder / "attacks-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: attacks\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[tfwm.attacks]\nmirror = mirror:Mirror\njpeg = mirror:Mirror\n")
    (folder / "mirror.py").write_text(
        "from dataclasses import dataclass\n"
        "from tfwm.attacks.answers import Blur\n"
        "@dataclass(frozen=True, repr=False)\n"
        "class Mirror(Blur):\n"
        "    name = 'mirror'\n"
    )
    code = (
        "from tfwm.attacks import ATTACKS, Compose, Jpeg, attack_from_dict, attack_to_dict\n"
        "mirror = attack_from_dict({'attack': 'mirror', 'sigma': 2.0})\n"
        "both = Compose((mirror, Jpeg(50)))\n"
        "print(attack_to_dict(mirror), attack_from_dict(attack_to_dict(both)) == both, ATTACKS['jpeg'] is Jpeg)"
    )
    told, warned = _told(folder, code)
    assert told == "{'attack': 'mirror', 'sigma': 2.0} True True"
    assert "the attack `jpeg` of another package, `mirror:Mirror`, is left out" in warned
