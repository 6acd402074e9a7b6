"""The Dockerfile's own steps, followed in a fresh virtual environment where no container can be built."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VENV, REQUIREMENTS = "/opt/tfwm", "/tmp/requirements.txt"
OF_THE_SYSTEM = ("apt-get", "useradd")  # what only a container's own root may do


def instructions() -> list[tuple[str, str]]:
    """(instruction, its words) of the Dockerfile, lines that go on joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, words) for name, words in (line.split(" ", 1) for line in lines)]


@dataclass
class Build:
    """The first stage, with folders of its own in the place of the container's.

    Args:
      home: an empty folder.
      variables: build arguments, and what ENV says.
    """

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.home / "venv"

    @property
    def requirements(self) -> Path:
        return self.home / "requirements.txt"

    def __post_init__(self) -> None:
        self.source = self.home / "src"
        self.source.mkdir()

    def follow(self, until: str = "") -> None:
        """Does what the instructions say, up to the first whose words hold `until`, that one included."""
        for name, words in instructions()[1:]:
            if name == "FROM":
                return
            getattr(self, name.lower(), lambda words: None)(words)
            if until and until in words:
                return

    def arg(self, words: str) -> None:
        name, _, default = words.partition("=")
        self.variables.setdefault(name, default)

    def copy(self, words: str) -> None:
        *names, _ = words.split()
        for name in _context() if names == ["."] else names:
            (self.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.source / name)

    def run(self, words: str) -> None:
        if any(command in words for command in OF_THE_SYSTEM):
            return
        # A cache is no part of what is tried, and the registry is spared.
        here = words.replace(VENV, str(self.venv)).replace(REQUIREMENTS, str(self.requirements))
        command = here.replace(" --no-cache ", " ")
        path = f"{self.venv}/bin:{Path(sys.executable).resolve().parent}:/usr/bin:/bin"
        done = subprocess.run(
            ["sh", "-ec", command], cwd=self.source, capture_output=True, text=True, check=False,
            env={**_surroundings(), "PATH": path, **self.variables},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"RUN {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def _surroundings() -> dict[str, str]:
    """The machine's own way to its registry, and nothing of the environment that runs the tests."""
    import os

    kept = ("PIP_", "UV_", "HOME", "SSL_", "http", "HTTP", "no_proxy", "NO_PROXY", "LANG")
    return {name: value for name, value in os.environ.items() if name.startswith(kept)}


def _context() -> list[str]:
    """What .dockerignore lets through, of what git knows or would."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = tuple(line[1:] for line in lines if line.startswith("!"))
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [name for name in listed if name.split("/")[0] in allowed and (ROOT / name).is_file()]


def test_no_key_and_no_run_goes_to_the_image() -> None:
    tops = {name.split("/")[0] for name in _context()}
    assert tops == {"tfwm", "pipelines", "serving", "setup.cfg", "pyproject.toml", "constraints.txt", "README.md",
                    "LICENSE"}  # fmt: skip


def test_an_unknown_variant_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    (step,) = [words for name, words in instructions() if name == "RUN" and "VARIANT" in words]
    with pytest.raises(RuntimeError, match="VARIANT must be cpu or gpu, got tpu"):
        Build(tmp_path, {"VARIANT": "tpu"}).run(step)


def test_the_makefile_hands_the_variant_on() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "-n", "docker-image", "IMAGE=r/t:1", "VARIANT=gpu"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said.strip() == 'docker build --build-arg "VARIANT=gpu" -t "r/t:1" .'
    assert ("ARG", "VARIANT=cpu") in instructions()


@pytest.mark.slow
def test_the_gpu_variant_adds_the_libraries_of_cuda_and_changes_nothing_else(tmp_path: Path) -> None:
    """Chosen, not installed: they take three gigabytes."""
    found = {}
    for variant in ("cpu", "gpu"):
        (tmp_path / variant).mkdir()
        build = Build(tmp_path / variant, {"VARIANT": variant})
        build.follow("--output-file")
        found[variant] = set(re.findall(r"^\S+==\S+", build.requirements.read_text(encoding="utf-8"), re.M))
    added = found["gpu"] - found["cpu"]
    assert found["cpu"] < found["gpu"]
    assert any(name.startswith("nvidia-cudnn-cu12==") for name in added)
    assert all(name.startswith("nvidia-") for name in added)


@pytest.mark.slow
def test_every_step_of_the_build_runs_and_what_it_builds_works(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.follow()
    assert not (build.venv / "bin/uv").exists()
    pins = set((ROOT / "constraints.txt").read_text(encoding="utf-8").split())
    assert set(re.findall(r"^\S+==\S+", build.requirements.read_text(encoding="utf-8"), re.M)) <= pins
    surroundings = {**_surroundings(), "PATH": f"{build.venv}/bin:/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "2"}

    def said(*command: str) -> str:
        # Elsewhere than in the repository, so that the package is the installed one.
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env=surroundings, timeout=600
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    assert "commands:" in said("tfwm", "--help")
    assert str(build.venv) in said("python", "-c", "import tfwm; print(tfwm.__file__)")
    # What TFX calls in every pod, and what the pod must find then.
    assert "--executor_class_path" in said(
        "python", "-m", "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor", "--help"
    )
    said("python", "-c", "import tfwm.components.watermark_trainer, tfwm.components.robustness, pipelines.pipeline")
    said("python", "-m", "serving.server", "--help")
