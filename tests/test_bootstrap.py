"""The search for an interpreter and the stamp, with shell scripts in the place of Pythons."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("scripts/bootstrap", "scripts/interpreters.sh", "setup.cfg", "pyproject.toml",
          "constraints.txt", "constraints-py311.txt")  # fmt: skip
TOOLS = ("sh", "cat", "cksum", "dirname", "grep", "mkdir", "mv", "rm", "sed", "tail", "tr")


@dataclass(frozen=True)
class Machine:
    """A copy of the bootstrap files, and a PATH that holds nothing but what a test puts there."""

    home: Path

    @property
    def repository(self) -> Path:
        return self.home / "some where" / "tfwm"

    def add(self, place: str, script: str) -> Path:
        path = self.home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def add_python(self, place: str, version: str) -> Path:
        return self.add(place, f'[ "$1" = -m ] && exit 1\necho "{version} $0"')

    def add_shim(self, place: str) -> Path:
        return self.add(place, 'echo "pyenv: command not found" >&2; exit 127')

    def run(self, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.home}/shims:{self.home}/bin:{self.home}/tools"
        environment = {"HOME": str(self.home), "PATH": path, "PYTHON_DIRS": f"{self.home}/usr"} | settings
        command = ["/bin/sh", str(self.repository / "scripts/bootstrap"), *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def found(self, **settings: str) -> str:
        return self.run("--find-python", **settings).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    for name in NEEDED:
        (made.repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made.repository / name)
    (tmp_path / "tools").mkdir()
    for tool in TOOLS:
        (tmp_path / "tools" / tool).symlink_to(str(shutil.which(tool, path="/usr/bin:/bin")))
    made.add("tools/sleep", "exec /bin/sleep 0.1")  # seconds of waiting are shown to nobody here
    return made


def test_a_shim_that_exits_127_is_passed_over_and_named(machine: Machine):
    shim = machine.add_shim("shims/python3.10")
    real = machine.add_python(".pyenv/versions/3.10.13/bin/python3.10", "3.10")
    result = machine.run("--find-python")
    assert result.stdout == f"3.10 {real}\n"
    assert f"passed over {shim}: it does not run" in result.stderr


def test_the_second_of_that_name_on_path_is_found_behind_a_shim(machine: Machine):
    machine.add_shim("shims/python3.10")
    real = machine.add_python("bin/python3.10", "3.10")
    assert machine.found() == f"3.10 {real}"


def test_path_comes_before_pyenv_before_system_folders_before_plain_python3(machine: Machine):
    places = ("bin/python3.10", ".pyenv/versions/3.10.2/bin/python3.10", "usr/python3.10", "bin/python3")
    added = [machine.add_python(place, "3.10") for place in places]
    order = []
    for path in added:
        order.append(machine.found())
        path.unlink()
    assert order == [f"3.10 {path}" for path in added]


def test_the_users_choice_comes_first_and_may_be_3_11(machine: Machine):
    machine.add_python("bin/python3.10", "3.10")
    chosen = machine.add_python("mine/python", "3.11")
    assert machine.found(PYTHON=str(chosen)) == f"3.11 {chosen}"


def test_an_unfit_choice_of_the_user_is_reported_and_the_search_goes_on(machine: Machine):
    real = machine.add_python("bin/python3.10", "3.10")
    chosen = machine.add_python("mine/python", "3.13")
    result = machine.run("--find-python", PYTHON=str(chosen))
    assert result.stdout == f"3.10 {real}\n"
    assert f"PYTHON={chosen} is not a working 64-bit CPython 3.10 or 3.11; looking elsewhere" in result.stderr


def test_a_python3_10_that_is_something_else_inside_is_not_believed(machine: Machine):
    machine.add_python("bin/python3.10", "3.12")
    real = machine.add_python("usr/python3.10", "3.10")
    assert machine.found() == f"3.10 {real}"


def test_uv_s_own_python_is_used_before_3_11(machine: Machine):
    machine.add_python("bin/python3.11", "3.11")
    managed = machine.add_python("uv-managed/python3.10", "3.10")
    machine.add("bin/uv", f'case "$*" in --version) ;; *find*3.10) echo "{managed}" ;; *) exit 2 ;; esac')
    assert machine.found() == f"3.10 {managed}"


def test_3_11_is_the_fallback_and_the_screen_says_what_is_missing(machine: Machine):
    machine.add_shim("shims/python3.10")
    machine.add_python("bin/python3.11", "3.11")
    machine.add_shim("shims/uv")
    result = machine.run("--dry-run")
    assert result.returncode == 0
    assert "all works but Kubeflow compilation (kfp 1.8)" in result.stderr
    wanted = "install .[serving,tfx,stego,dev] with uv from the registry, else pip and constraints-py311.txt"
    assert wanted in result.stderr


def test_3_10_gets_kubeflow_too_and_whatever_extra_is_asked_for(machine: Machine):
    machine.add_python("bin/python3.10", "3.10")
    assert "install .[serving,tfx,kubeflow,stego,dev] with" in machine.run("--dry-run").stderr
    assert "install .[serving,tfx,kubeflow,stego,dev,gpu] with" in machine.run("--dry-run", "--extra", "gpu").stderr


def test_where_no_python_fits_one_message_names_the_remedies(machine: Machine):
    machine.add_python("bin/python3", "3.12")
    machine.add_shim("shims/python3.10")
    result = machine.run()
    assert result.returncode == 1
    for words in ("found neither Python 3.10 nor 3.11", "pyenv install 3.10", "deadsnakes", "uv python install 3.10",
                  "passed over"):  # fmt: skip
        assert words in result.stderr
    assert not (machine.repository / ".venv").exists()


def _fake_tools(machine: Machine, install: str) -> None:
    """A Python 3.10, and a uv that makes a venv holding it and writes a line per installation."""
    python = machine.add_python("bin/python3.10", "3.10")
    machine.add("bin/g++", "exit 0")
    machine.add("bin/uv", f"""case "$1 $2" in
        venv*) mkdir .venv .venv/bin && cat "{python}" >.venv/bin/python && /bin/chmod +x .venv/bin/python
            echo "VIRTUAL_ENV='$PWD/.venv'" >.venv/bin/activate; echo made >>"{machine.home}/venvs" ;;
        "pip install") echo "$*" >>"{machine.home}/calls"; {install} ;;
        python*) exit 2 ;; esac""")  # fmt: skip


def test_a_second_call_installs_nothing_and_a_changed_pin_does(machine: Machine):
    _fake_tools(machine, "exit 0")
    calls = machine.home / "calls"
    assert machine.run().returncode == 0
    first = calls.read_text()
    assert "-c constraints.txt -e .[serving,tfx,kubeflow,stego,dev]" in first
    assert machine.run().returncode == 0
    assert calls.read_text() == first
    with (machine.repository / "constraints.txt").open("a") as pins:
        pins.write("# another pin\n")
    assert machine.run().returncode == 0
    assert calls.read_text() == first * 2


def test_a_moved_repository_gets_a_new_venv_and_a_changed_pin_does_not(machine: Machine):
    _fake_tools(machine, "exit 0")
    made = machine.home / "venvs"
    assert machine.run().returncode == 0
    (machine.repository / ".venv/installed").unlink()
    assert machine.run().returncode == 0
    assert made.read_text() == "made\n"
    moved = machine.repository.rename(machine.home / "elsewhere")
    machine.repository.symlink_to(moved)
    assert machine.run().returncode == 0
    assert made.read_text() == "made\nmade\n"


SHARED = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_STRATEGY", "UV_FIND_LINKS", "UV_INSECURE_HOST", "SSL_CERT_FILE")


def _shared_with_uv(machine: Machine, listed: str, **settings: str) -> dict[str, str]:
    """What uv is told, where `pip config list` shows these lines."""
    _fake_tools(machine, "; ".join(f'echo "{name}=${{{name}-}}" >>"{machine.home}/told"' for name in SHARED))
    answers = f"""cat <<'END'\n{listed}\nEND\n;; -m*) exit 1 ;; *) echo "3.10 $0" ;; esac"""
    machine.add("bin/python3.10", f'case "$*" in "-m pip config list") {answers}')
    assert machine.run(**settings).returncode == 0
    told = (machine.home / "told").read_text().splitlines()
    return {name: value for name, value in (line.split("=", 1) for line in told) if value}


@pytest.mark.parametrize("section", ["install", "global", ":env:"])
def test_the_registry_that_pip_is_set_to_is_uvs_too(machine: Machine, section: str):
    """In whatever file or section: of PIP_CONFIG_FILE, of the user's, of the machine's."""
    assert _shared_with_uv(machine, f"{section}.index-url='https://me:pass@mine.example/simple'") == {
        "UV_DEFAULT_INDEX": "https://me:pass@mine.example/simple"
    }


def test_install_goes_before_global_and_the_environment_before_both(machine: Machine):
    listed = "global.index-url='https://a'\ninstall.index-url='https://b'"
    assert _shared_with_uv(machine, listed) == {"UV_DEFAULT_INDEX": "https://b"}
    (machine.home / "told").unlink()
    (machine.repository / ".venv/installed").unlink()
    (machine.repository / ".venv/bin/activate").unlink()
    found = _shared_with_uv(machine, listed, PIP_INDEX_URL="https://c", UV_DEFAULT_INDEX="")
    assert found == {"UV_DEFAULT_INDEX": "https://c"}


def test_what_else_pip_is_told_of_registries_is_handed_on(machine: Machine):
    listed = (
        "global.extra-index-url='\\nhttps://x\\nhttps://y'\nglobal.find-links='/a /b'\n"
        "install.trusted-host='mine.example'\nglobal.cert='/ca.pem'\nglobal.timeout='60'"
    )
    assert _shared_with_uv(machine, listed) == {
        "UV_INDEX": "https://x https://y", "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/a,/b", "UV_INSECURE_HOST": "mine.example",
        "SSL_CERT_FILE": "/ca.pem",
    }  # fmt: skip


def test_no_settings_of_pip_are_no_settings_of_uv(machine: Machine):
    assert _shared_with_uv(machine, "") == {}


def test_a_failed_install_shows_the_log_and_leaves_no_stamp(machine: Machine):
    _fake_tools(machine, 'echo "No space left on device"; exit 1')
    result = machine.run()
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert "the installation failed; the whole log is in .venv/install.log" in result.stderr
    assert not (machine.repository / ".venv/installed").exists()
    _fake_tools(machine, "exit 0")
    assert machine.run().returncode == 0
    assert (machine.repository / ".venv/installed").exists()


def test_an_interrupted_install_leaves_no_stamp(machine: Machine):
    _fake_tools(machine, 'kill -TERM "$(cat parent)"; sleep 5')
    started = machine.repository / "scripts/bootstrap"
    started.write_text(started.read_text().replace("set -eu\n", 'set -eu\necho $$ >"$(dirname "$0")/../parent"\n', 1))
    result = machine.run()
    assert result.returncode == 130
    assert "interrupted" in result.stderr
    assert not (machine.repository / ".venv/installed").exists()


def test_an_unknown_option_is_refused_with_the_known_ones(machine: Machine):
    result = machine.run("--fast")
    assert result.returncode == 2
    assert "unknown option --fast; known: --find-python, --dry-run, --extra NAME" in result.stderr


def test_the_scripts_may_be_run(machine: Machine):
    assert all(os.access(ROOT / name, os.X_OK) for name in ("scripts/bootstrap", ".ci/run"))
