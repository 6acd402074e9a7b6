"""Table 10 and figure 15: rows and claims worked out by hand; the pairs of PolyU share no scene."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.conftest import brighter
from tests.papers.zhang2021.laid import CLEAN, MARKED, QUALITY
from tfwm.data import encode_png
from tfwm.papers.zhang2021.models import protected
from tfwm.papers.zhang2021.pictures import PARTS, pairs
from tfwm.papers.zhang2021.protection import CASES, thief
from tfwm.types import MarkedModel


def _laid(root: Path, *, own: Any = None, copy: Any = None, clean: Any = None, cost: Any = None) -> StandIns:
    return StandIns(root, figures={
        "quality of marked targets of *": {**QUALITY, **(cost or {})},
        "marks in marked targets of *": {**MARKED, **(own or {})},
        "marks in unmarked targets of *": {**CLEAN, **(clean or {})},
        "marks by its own key of *, surrogate*": {**MARKED, "sr_nc": 99.0, **(copy or {})},
        "marks by the key of * of unmarked *, surrogate*": CLEAN,
    })  # fmt: skip


def test_table_10_has_marked_pictures_the_thiefs_network_and_strangers(tmp_path: Path) -> None:
    findings = findings_of("zhang2021.table10", _laid(tmp_path))
    figures, title = ours(findings), "PolyU (for DPED)"
    assert printed(findings) == {
        f"{title}, PSNR": 46.60, f"{title}, SSIM": 0.99, f"{title}, marked, SR_NC / SR_C": "100 / 100",
        f"{title}, the thief's network, SR_NC / SR_C": "99 / 100",
    }  # fmt: skip
    assert figures[f"{title}, the thief's network, SR_NC / SR_C"] == "99 / 100"
    assert figures[f"{title}, a network trained on unmarked ones, bits of 64; p"] == "33; 4.5e-01"
    assert len(findings.rows) == 2 + 4 * 4
    assert holds(findings) == [True] * 3


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"cost": {"psnr": 37.0}}, 0),
        ({"own": {"sr_nc": 99.0}}, 0),
        ({"copy": {"sr_c": 89.0}}, 1),
        ({"copy": {"p_value": 1e-5}}, 1),
        ({"clean": {"sr_nc": 1.0}}, 2),
        ({"clean": {"p_value": 1e-7}}, 2),
    ],
)
def test_each_claim_of_table_10_can_fail(changed: dict[str, Any], broken: int, tmp_path: Path) -> None:
    assert holds(findings_of("zhang2021.table10", _laid(tmp_path, **changed))) == [i != broken for i in range(3)]


def test_what_is_measured_of_marked_targets(tmp_path: Path, keys: dict[str, Any]) -> None:
    copies = {"marks by *": MARKED}
    cache = StandIns(tmp_path, figures=copies, marked={"*": MarkedModel(brighter(1 / 255), keys["derain"])})
    figures = ours(findings_of("zhang2021.table10", cache))
    # A grey level more everywhere but where it is white already: 48.13 dB or a little more.
    assert figures["PolyU (for DPED), PSNR"] == pytest.approx(48.2, abs=0.15)
    assert figures["PolyU (for DPED), unmarked, centred NC; NC of a blank"].endswith(
        figures["PolyU (for DPED), marked, centred NC; NC of a blank"].split("; ")[1]
    )


def test_a_thief_of_unmarked_pictures_learns_from_other_pictures(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    stolen, clean = (thief(context, CASES["RTV"], marked=marked).recipe for marked in (True, False))
    assert stolen["what"] == "RTV-Flower, surrogate(resnet-4, 9 blocks, l1+adversarial)"
    assert clean["what"] == "unmarked RTV, surrogate(resnet-4, 9 blocks, l1+adversarial)"
    assert stolen["attack"] == clean["attack"]
    assert protected(context, CASES["RTV"]).recipe["host"] != protected(context, CASES["DPED"]).recipe["host"]


def test_figure_15_shows_what_is_read_in_the_thiefs_output(tmp_path: Path, keys: dict[str, Any]) -> None:
    made = MarkedModel(brighter(1 / 255), keys["derain"])
    cache = StandIns(tmp_path, models={"*surrogate*": brighter(2 / 255)}, marked={"*": made})
    findings = findings_of("zhang2021.fig15", cache)
    (shown,) = findings.pictures.values()
    assert [label.split("\n")[0] for label in shown] == [
        "(a) input", "(b) unmarked", "(c) marked", "(d) the thief's", "(e) read in (c)", "(f) read in (d)",
    ]  # fmt: skip
    assert np.mean(shown["(c) marked"] - shown["(b) unmarked"] / 255) == pytest.approx(1 / 255, abs=1e-3)
    assert holds(findings) == [False]


def test_parts_of_polyu_share_no_scene_and_pairs_belong_together(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "polyu_real_noise.tar", "w") as archive:
        for scene in range(10):
            for crop in (1, 2):
                for kind, level in (("real", 20 * scene), ("mean", 20 * scene + 5)):
                    content = encode_png(np.full((64, 70, 3), level, np.uint8))
                    info = tarfile.TarInfo(f"polyu/cam_{scene}_thing_{crop}_{kind}.jpg")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    context = replace(smoke(StandIns(tmp_path / "cache")), scale="desk", data=tmp_path)
    found = {part: pairs(context, "polyu", part) for part in PARTS}
    levels = {part: set(np.unique(one.inputs).tolist()) for part, one in found.items()}
    assert all((one.targets == one.inputs + 5).all() for one in found.values())
    # Scenes 0 and 2 of each five are the owner's, 1 and 3 the thief's, 4 is for tests.
    assert levels == {"owner": {0, 40, 100, 140}, "attacker": {20, 60, 120, 160}, "test": {80, 180}}
