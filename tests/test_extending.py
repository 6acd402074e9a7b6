"""The package of docs/extending.md, installed as it stands there: its members are members like all others."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.trains

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/extending.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the package and its entry points."""
    folder = tmp_path_factory.mktemp("site")
    files = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["mymarks/grid.py", "mymarks/dim.py", "setup.cfg"]
    for name, content in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "mymarks/__init__.py").touch()
    setup = configparser.ConfigParser()
    setup.read(folder / "setup.cfg")
    information = folder / "mymarks-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: mymarks\nVersion: 1.0\n")
    points = setup["options.entry_points"].items()
    text = "".join(f"[{group}]\n{lines.strip()}\n\n" for group, lines in points)
    (information / "entry_points.txt").write_text(text)
    return folder


def tfwm(installed: Path, *words: object, code: int = 0) -> str:
    """What a command prints in a process of its own that has the package."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)])}
    command = [sys.executable, "-m", "tfwm.cli", *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_help_lists_both(installed: Path) -> None:
    assert re.search(r"\bgrid\b", tfwm(installed, "protect", "--help"))
    assert re.search(r"\bdim\b", tfwm(installed, "attack", "--help"))


def test_both_go_through_evaluation_into_the_report(installed: Path, tmp_path: Path) -> None:
    made = json.loads(tfwm(installed, "protect", "--scheme", "grid", "--preset", "tiny", "--out", tmp_path / "mine",
                           "--epochs-scale", 0.5, "--json"))  # fmt: skip
    assert (made["scheme"], made["verified"]) == ("grid", True)
    (tmp_path / "attacks.json").write_text('[{"attack": "dim", "share": 0.02}, {"attack": "jpeg", "quality": 90}]')
    policy = {"min_psnr_marked_vs_unmarked_db": 20, "max_host_loss_db": 9, "alpha": 1e-3, "must_survive": ["jpeg(90)"]}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    words = ["evaluate", "--model", made["marked"], "--host", made["host"], "--key", made["key"], "--patches", 16,
             "--attacks", tmp_path / "attacks.json", "--policy", tmp_path / "policy.json"]  # fmt: skip
    found = json.loads(tfwm(installed, *words, "--out", tmp_path / "report", "--json"))
    assert found["blessed"], found["reasons"]
    assert "dim(0.02)" in [row["suspect"] for row in found["rows"]]
    page = (tmp_path / "report/report.html").read_text(encoding="utf-8")
    assert "its answers made darker" in page
    assert "of 16 cells agree" in page


def test_without_the_package_its_key_says_what_is_missing(installed: Path, tmp_path: Path) -> None:
    made = json.loads(tfwm(installed, "protect", "--scheme", "grid", "--preset", "tiny", "--out", tmp_path / "mine",
                           "--epochs-scale", 0.5, "--json"))  # fmt: skip
    words = ("verify", "--suspect", made["marked"], "--key", made["key"])
    error = json.loads(tfwm(tmp_path, *words, "--json", code=2))["error"]
    assert "There is no scheme `grid`" in error
