"""Figure 9 on two hosts that know their samples by a pixel, and encoders that shift it to the next sample's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import (
    STEP,
    StandIns,
    brightener,
    findings_of,
    hits,
    holds,
    key_with,
    memory,
    numbered,
    ours,
    printed,
    smoke,
)
from tfwm.papers.li2019.measure import asked_with, secret_labels
from tfwm.papers.li2019.models import scheme_for
from tfwm.types import MarkedModel

pytestmark = [pytest.mark.trains, pytest.mark.usefixtures("brighteners")]


def _marked(root: Path, shifted: int) -> Callable[[Any], MarkedModel]:
    """The encoder of seed 1 makes of each cover what that of seed 0 makes of the one `shifted` places later."""
    settings = scheme_for(smoke(StandIns(root)), "vgg13", "blind_watermark")

    def made(recipe: Any) -> MarkedModel:
        steps = shifted if recipe["seed"] == 1 else 0
        key = key_with(settings, 4 + recipe["seed"], numbered(), brightener(steps * STEP / 255))
        asked = asked_with(key)
        return MarkedModel(memory(asked.images, asked.labels), key)

    return made


def _verdicts(own: int, other: int) -> Callable[[Any], dict]:
    return lambda recipe: hits(own if recipe["of"]["seed"] == recipe["key"]["seed"] else other)


def test_shares_of_labels_with_the_encoder_of_another_seed(tmp_path: Path) -> None:
    marked = _marked(tmp_path, shifted=1)
    findings = findings_of("li2019.fig9", StandIns(
        tmp_path, marked={"*": marked}, figures={"verification*": _verdicts(own=19, other=3)}
    ))  # fmt: skip
    first, second = (secret_labels(marked({"seed": seed}).key) for seed in (0, 1))
    # With the other's encoder a host takes each sample for the next one, or for the one before.
    others = 100 * np.array([np.mean(first[[*range(1, 20), 19]] == first), np.mean(second[[0, *range(19)]] == second)])
    figures, title = ours(findings), "VGG-13, owner's covers and labels, encoder of another seed"
    assert figures[f"{title}, own (least)"] == 100
    assert figures[f"{title}, others (mean)"] == pytest.approx(others.mean())
    assert figures[f"{title}, others (largest)"] == pytest.approx(others.max())
    assert figures["VGG-13, key of another owner, own (least)"] == pytest.approx(95)
    assert figures["VGG-13, key of another owner, others (mean)"] == pytest.approx(15)
    assert printed(findings)["VGG-13, key of another owner, others (largest)"] == "3 to 68"
    assert len(findings.pictures) == 2


@pytest.mark.parametrize(
    ("own", "other", "shifted", "expected"),
    [
        (18, 10, 1, [True, True]),
        (17, 10, 1, [False, True]),  # 85 % of its own
        (18, 11, 1, [False, True]),  # 11 of 20 by chance: 7e-7
        (18, 10, 0, [True, False]),  # the other's encoder makes the same samples
    ],
)
def test_what_the_claims_say(own: int, other: int, shifted: int, expected: list[bool], tmp_path: Path) -> None:
    cache = StandIns(
        tmp_path, marked={"*": _marked(tmp_path, shifted)}, figures={"verification*": _verdicts(own, other)}
    )
    assert holds(findings_of("li2019.fig9", cache)) == expected
