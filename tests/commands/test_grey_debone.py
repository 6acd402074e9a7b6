"""The paper's second task: X-rays in a folder with three parts, and nothing said of channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.pictures import photograph, png
from tfwm.cli import main
from tfwm.data import TASKS
from tfwm.keys import OwnerKey
from tfwm.networks import load_network

pytestmark = pytest.mark.trains

SMALLER = (
    "extractor_blocks=1", "embedder_downs=2", "proxy_downs=2", "probes=24", "adversarial.steps_per_epoch=2",
    "initial.epochs=1", "initial.steps_per_epoch=4", "proxy.steps_per_epoch=2", "structure=0", "correction_psnr=0",
)  # fmt: skip


def _x_rays(folder: Path) -> Path:
    for index, part in enumerate(("owner", "attacker", "test")):
        (folder / part).mkdir(parents=True)
        for number in range(2):
            (folder / part / f"{number}.png").write_bytes(png(photograph(48, 48, 1, seed=10 * index + number)))
    return folder


def test_a_grey_mark_in_a_grey_host_by_one_command(tmp_path: Path, capsys) -> None:
    words = [word for field in SMALLER for word in ("--set", field)]
    data, out = _x_rays(tmp_path / "data"), tmp_path / "mine"
    asked = ["--task", "debone", "--data", str(data), "--preset", "tiny", "--patches", "96", "--out", str(out)]
    assert main(["protect", *asked, "--images-at-once", "16", *words]) == 0
    assert "left out" not in capsys.readouterr().err
    key = OwnerKey.load(out / "key")
    assert key.settings["channels"] == TASKS["debone"].channels == 1
    assert key.arrays["probes"].shape[-1] == key.arrays["logo"].shape[-1] == 1
    assert load_network(out / "marked.keras").input_shape[-1] == 1


def test_a_thief_with_the_owners_x_rays_is_refused_before_any_training(tmp_path: Path, capsys) -> None:
    data = _x_rays(tmp_path / "data")
    (data / "attacker/1.png").write_bytes((data / "owner/0.png").read_bytes())
    code = main(["protect", "--task", "debone", "--data", str(data), "--preset", "tiny", "--out", str(tmp_path / "o")])
    assert code == 2
    assert "share no photograph, but `owner/0.png` and `attacker/1.png` are near copies" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
