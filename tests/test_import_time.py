"""`import tfwm` and the command's help must not wait for TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tfwm

ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "keras", "tfx", "tensorflow_addons", "apache_beam", "skimage", "scipy", "matplotlib", "grpc")


def _loaded(statement: str) -> list[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(name for name in {HEAVY} if name in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "statement",
    ["import tfwm", "import tfwm; dir(tfwm)", "import tfwm.cli", "import tfwm.types, tfwm.keys, tfwm.files"],
)
def test_nothing_heavy_is_loaded(statement: str) -> None:
    assert _loaded(statement) == []


def test_suspects_and_data_come_without_tensorflow() -> None:
    assert "tensorflow" not in _loaded(
        "import tfwm.suspects, tfwm.data, tfwm.evidence.statistics, tfwm.config, tfwm.kinds.restoration, "
        "tfwm.kinds.classification; from tfwm.networks import CLASSIFIERS, RESTORERS; [*RESTORERS, *CLASSIFIERS]"
    )


def test_the_command_helps_at_once() -> None:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tfwm.cli", "--help"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert "verify" in done.stdout
    # TensorFlow alone takes several seconds; a machine under load still leaves room for half a second of our own.
    assert seconds < 4.0


def test_the_public_names_are_there() -> None:
    missing = [name for name in tfwm.__all__ if not hasattr(tfwm, name)]
    assert missing == []


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module `tfwm` has no attribute `nothing`. It has: Access"):
        tfwm.nothing  # noqa: B018


def test_no_public_name_is_a_modules() -> None:
    """Importing `tfwm.x` sets `tfwm.x` to the module, so that a function of that name would be gone."""
    modules = {path.stem for path in (ROOT / "tfwm").iterdir()}
    assert modules.isdisjoint(tfwm.__all__)
