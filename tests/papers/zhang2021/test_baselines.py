"""Table 3 and figure 8: rows and claims worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.conftest import brighter
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.papers.zhang2021.baselines import marked_by, methods, networks_of, read_bits
from tfwm.papers.zhang2021.models import TRAINED
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.training import Run

READ = {"nc": 1.0, "sr_nc": 100.0, "bits": 64, "n": 64, "p_value": 5e-20}
LOST = {"nc": 0.7, "sr_nc": 0.0, "bits": 33, "n": 64, "p_value": 0.45}


def _laid(root: Path, *, model: Any = None, unet: Any = None, copy: Any = None, ours: Any = None, host: Any = None):
    """Baselines that only TSIW-64 under the U-Net outlives, and ours, which all surrogates keep."""
    return StandIns(root, figures={
        "bits by the key of * of host debone*": {**LOST, **(host or {})},
        "bits by the key of * of debone marked by TSIW-64, surrogate(unet*": {**READ, "sr_nc": 90.0, **(unet or {})},
        "bits by the key of * of *, surrogate*": {**LOST, **(copy or {})},
        "bits by the key of *": {**READ, **(model or {})},
        "marks by its own key of *surrogate*": {**MARKED, **(ours or {})},
        "marks by its own key of *": MARKED, "marks by the key of *": CLEAN, "quality of *": QUALITY,
    })  # fmt: skip


def test_table_3_has_the_papers_methods_and_those_of_its_text(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table3", _laid(tmp_path))
    figures, paper = ours(findings), printed(findings)
    assert (paper["HiDDeN, NC"], paper["TSIW-64, UNet, SR_NC"], paper["ours, CNet, SR_NC / SR_C"]) == (
        0.7220, "100", "93 / 100",
    )  # fmt: skip
    assert paper["HiDDeN, trained without noise, PSNR"] == 37.23
    assert figures["TSIW-64, UNet, SR_NC"] == "90"
    assert figures["TSIW-64, CNet, bits of 64; p"] == "33; 4.5e-01"
    assert figures["DWT, the marked model itself, SR_NC"] == "100"
    assert "DWT, CNet, SR_NC" not in figures
    assert figures["ours, UNet, bits of 64; p"] == "64; 5.0e-20"
    assert holds(findings) == [True] * 4
    assert "p is at most 1e-06 for TSIW-64 under UNet." in findings.claims[1].why


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"model": {"p_value": 1e-5}}, 0),
        ({"unet": {"sr_nc": 49.0}}, 1),
        ({"copy": {"sr_nc": 6.0}}, 1),
        ({"ours": {"sr_c": 89.0}}, 2),
        ({"host": {"sr_nc": 1.0}}, 3),
        ({"host": {"p_value": 1e-7}}, 3),
    ],
)
def test_each_claim_of_table_3_can_fail(changed: dict[str, Any], broken: int, tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table3", _laid(tmp_path, **changed))) == [i != broken for i in range(4)]


def test_methods_have_the_size_of_the_pictures_and_their_own_surrogates(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    for scale, side in (("smoke", 32), ("desk", 64), ("paper", 256)):
        found = methods(replace(context, scale=scale))
        assert {(one.image_size, one.channels) for one in found.values()} == {(side, 1)}
    assert [found[name].bits for name in ("HiDDeN", "TSIW-64")] == [64, 64]
    assert (found["HiDDeN"].noise, found["HiDDeN, trained without noise"].noise) == ("combined", "identity")
    desk = replace(context, scale="desk")
    assert networks_of(desk, "TSIW-64") == ("CNet", "Res9", "Res16", "UNet")
    assert networks_of(desk, "DCT") == ("UNet",)


def test_figure_8_shows_the_bits_that_are_read(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    host, scheme = brighter(0.0, 1), methods(context)["TSIW-64"]
    made = scheme.train(host, pairs(context, "debone", "owner"), Run(tmp_path / "run", quiet=True), secret=bytes(32))
    models = {"*surrogate(unet*": made.model, "host *": host}
    cache = StandIns(tmp_path, models=models, marked={"*": made})
    findings = findings_of("zhang2021.fig8", cache)
    pictures, bits = findings.pictures.values()
    assert list(pictures) == ["(a) unmarked", "(b) marked", "(c) UNet"]
    message = bits["(e) the message"]
    assert message.shape == (4, 4, 1)
    assert len(np.unique(message)) == 2
    # The surrogate is the marked model: the same bits are read in its output.
    right = ours(findings)
    assert right["(b) marked, bits right of 16"] == right["(c) UNet, bits right of 16"]
    read = next(picture for label, picture in bits.items() if label.startswith("(f)"))
    assert int((read == message).sum()) == right["(b) marked, bits right of 16"]


def test_bits_of_single_pictures_and_of_all_answers_are_measured(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    host, scheme = brighter(0.0, 1), methods(context)["TSIW-64"]
    made = scheme.train(host, pairs(context, "debone", "owner"), Run(tmp_path / "run", quiet=True), secret=bytes(32))
    context = smoke(StandIns(tmp_path, models={"host *": host}, marked={"*": made}))
    owner = marked_by(context, "TSIW-64")
    found, unmarked = read_bits(context, owner, owner), read_bits(context, TRAINED.unmarked(context, "debone"), owner)
    assert (found["bits"], found["n"]) == (16, 16)
    assert found["p_value"] == pytest.approx(2.0**-16)
    assert unmarked["bits"] < 16
    assert 0.0 <= unmarked["nc"] < found["nc"] <= 1.0
    assert unmarked["sr_nc"] < 100.0
