"""Networks from files: with the layers of this library in a process that has loaded nothing else; what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

import tfwm
from tfwm.networks import load_network
from tfwm.networks.layers import GroupedConvolution

PACKAGE = Path(tfwm.__file__).parent


def test_a_process_that_has_loaded_nothing_else_knows_every_layer(tmp_path: Path) -> None:
    registering = sorted(
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if "@keras.saving.register_keras_serializable" in path.read_text(encoding="utf-8")
    )
    assert "tfwm.networks.layers" in registering
    image = keras.Input((4, 4, 6))
    network = keras.Model(image, GroupedConvolution(4, 3, groups=2)(image))
    network.save(tmp_path / "host.keras")
    code = (
        "import sys, numpy as np; from tfwm.networks import load_network\n"
        f"answers = load_network({str(tmp_path / 'host.keras')!r})(np.ones((1, 4, 4, 6), np.float32))\n"
        f"np.save({str(tmp_path / 'answers.npy')!r}, answers)\n"
        f"print([name for name in {registering} if name not in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    expected = network(np.ones((1, 4, 4, 6), np.float32))
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), expected, atol=1e-6)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.keras` is not there. Give a .keras file that `model"):
        load_network(tmp_path / "gone.keras")
    image = keras.Input((4, 4, 1))
    keras.Model(image, keras.layers.Flatten()(image)).save(tmp_path / "model.keras")
    renamed, cut = tmp_path / "model.h5", tmp_path / "cut.keras"
    renamed.write_bytes((tmp_path / "model.keras").read_bytes())
    with pytest.raises(ValueError, match=r"model.h5` must be a .keras file: others may run a stranger's code"):
        load_network(renamed)
    cut.write_bytes((tmp_path / "model.keras").read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"cut.keras` is no .keras file, or was cut off. Save the model again"):
        load_network(cut)
