"""Tables 9 and 11 and figure 14: rows and claims worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tests.papers.zhang2021.conftest import brighter
from tests.papers.zhang2021.laid import CLEAN, MARKED
from tfwm.papers.zhang2021.models import self_watermarked
from tfwm.papers.zhang2021.scales import DERAIN
from tfwm.types import MarkedModel

OWN = "Derain-Flower, self-watermarked"


def _laid(
    root: Path, key: Any, *, own: Any = None, clean: Any = None, task: float = 31.5, copy: Any = None
) -> StandIns:
    model = brighter(1 / 255)
    return StandIns(
        root, models={"host *": brighter(0.0)}, marked={"*": MarkedModel(model, key)},
        figures={
            "task quality of host derain": {"psnr": 32.0, "ssim": 0.94},
            f"task quality of {OWN}": {"psnr": task, "ssim": 0.92},
            f"marks by its own key of {OWN}": {**MARKED, **(own or {})},
            f"marks by its own key of {OWN}, surrogate*": {**MARKED, **(copy or {})},
            f"marks by the key of {OWN} of *": {**CLEAN, **(clean or {})},
        },
    )  # fmt: skip


def test_table_9_has_the_task_and_the_mark(tmp_path: Path, keys: dict[str, Any]) -> None:
    findings = findings_of("zhang2021.table9", _laid(tmp_path, keys["derain"]))
    assert printed(findings) == {
        "the host, PSNR against the clean targets": 32.49, "the host, SSIM against the clean targets": 0.93,
        "self-watermarked, Flower, PSNR against the clean targets": 32.13,
        "self-watermarked, Flower, SSIM against the clean targets": 0.93,
        "self-watermarked, Flower, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert ours(findings)["self-watermarked, Flower, PSNR against the clean targets"] == 31.5
    assert findings.claims[0].why == "It loses 0.50 dB: 31.50 for 32.00 dB."
    assert len(findings.rows) == 4 + 3 * 4 + 3
    assert holds(findings) == [True] * 3


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"task": 30.9}, 0),
        ({"own": {"sr_nc": 99.0}}, 1),
        ({"own": {"p_value": 1e-5}}, 1),
        ({"clean": {"sr_c": 1.0}}, 1),
        ({"clean": {"p_value": 1e-7}}, 1),
    ],
)
def test_claims_of_table_9_can_fail(
    changed: dict[str, Any], broken: int, tmp_path: Path, keys: dict[str, Any]
) -> None:  # fmt: skip
    found = holds(findings_of("zhang2021.table9", _laid(tmp_path, keys["derain"], **changed)))
    assert found == [i != broken for i in range(3)]


def test_table_11_has_the_surrogates_of_the_self_watermarked_host_first(tmp_path: Path, keys: dict[str, Any]) -> None:
    findings = findings_of("zhang2021.table11", _laid(tmp_path, keys["derain"]))
    assert printed(findings) == {
        "self-watermarked, CNet, SR_NC / SR_C": "100 / 100", "self-watermarked, UNet, SR_NC / SR_C": "100 / 100",
    }  # fmt: skip
    assert holds(findings) == [True]
    for number, changed in enumerate(
        ({"copy": {"sr_c": 80.0}}, {"copy": {"p_value": 1e-5}}, {"clean": {"sr_c": 95.0}})
    ):
        cache = _laid(tmp_path / str(number), keys["derain"], **changed)
        assert holds(findings_of("zhang2021.table11", cache)) == [False]


def test_the_scheme_is_that_of_a_self_watermarked_host(tmp_path: Path) -> None:
    recipe = self_watermarked(smoke(StandIns(tmp_path)), DERAIN).recipe
    assert recipe["scheme"]["scheme"] == "self_watermarked"
    assert recipe["what"] == OWN
    assert recipe["host"]["what"] == "host derain"


def test_figure_14_shows_two_pictures_and_what_is_extracted(laid_out: Any) -> None:
    findings = findings_of("zhang2021.fig14", laid_out({f"marks by its own key of {OWN}": MARKED}))
    assert list(findings.pictures) == ["Picture 1", "Picture 2"]
    assert [label[:3] for label in findings.pictures["Picture 2"]] == ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)"]
    assert holds(findings) == [True]
    weak = {f"marks by its own key of {OWN}": {**MARKED, "centred": 0.5}}
    assert holds(findings_of("zhang2021.fig14", laid_out(weak))) == [False]
