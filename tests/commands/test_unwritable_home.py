"""For a user whose home cannot be written, as in many containers, commands do the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tensorflow import keras

import tfwm

pytestmark = pytest.mark.trains

PROGRAM = """
import sys
from tfwm.cli import main
code = main(["export", "--model", sys.argv[1], "--public", "--out", sys.argv[2]])
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot  # the report's charts
pyplot.figure().savefig(sys.argv[2] + ".png")
sys.exit(code)
"""


def test_a_model_is_exported_and_a_chart_drawn_without_a_home(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(3, 1)(image)).save(tmp_path / "model.keras")
    # Nothing can be made below a file, not even by root.
    environment = {**os.environ, "HOME": "/dev/null/home", "TF_CPP_MIN_LOG_LEVEL": "2"}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "KERAS_HOME"):
        environment.pop(name, None)
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "model.keras"), str(tmp_path / "served")]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (Path(tfwm.__file__).parents[1], *sys.path)))
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "served/saved_model.pb").is_file()
    assert (tmp_path / "served.png").is_file()
    assert "/dev/null/home" not in done.stdout
