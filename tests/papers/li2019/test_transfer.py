"""Figure 9 on two hosts that read the class from a pixel, and encoders that raise it by a class or leave it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import (
    StandIns,
    brightener,
    findings_of,
    hits,
    holds,
    key_with,
    ours,
    pixel_reader,
    printed,
    smoke,
    with_classes,
)
from tfwm.papers.li2019.measure import secret_labels
from tfwm.papers.li2019.models import scheme_for
from tfwm.schemes.key_samples.networks import encoded
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

ONE_CLASS = 28.4 / 255  # a ninth of the way from black to white
BLACK = np.zeros((20, 32, 32, 3), np.uint8)


def _marked(root: Path, raised: int) -> Callable[[Any], MarkedModel]:
    """The host of seed 1 has an encoder that raises the class; covers show what it makes the labels of."""
    settings = scheme_for(smoke(StandIns(root)), "vgg13", "blind_watermark")

    def made(recipe: Any) -> MarkedModel:
        steps = raised if recipe["seed"] == 1 else 0
        key = key_with(settings, 4 + recipe["seed"], BLACK, BLACK, brightener(steps * ONE_CLASS))
        covers = with_classes(BLACK, np.maximum(secret_labels(key) - steps, 0))
        samples = encoded(key.networks["encoder"], covers, key.arrays["logo"])
        return MarkedModel(
            pixel_reader(), key_with(settings, 4 + recipe["seed"], covers, samples, key.networks["encoder"])
        )

    return made


def _verdicts(own: int, other: int) -> Callable[[Any], dict]:
    return lambda recipe: hits(own if recipe["of"]["seed"] == recipe["key"]["seed"] else other)


def test_shares_of_labels_with_the_encoder_of_another_seed(tmp_path: Path) -> None:
    marked = _marked(tmp_path, raised=1)
    findings = findings_of("li2019.fig9", StandIns(
        tmp_path, marked={"*": marked}, figures={"verification*": _verdicts(own=19, other=3)}
    ))  # fmt: skip
    labels = [secret_labels(marked({"seed": seed}).key) for seed in (0, 1)]
    # Raised by a class, only the last stays what it is; not raised, only the first, which was not lowered. The host
    # of seed 1 knows its own samples but for labels of the first class, which its encoder cannot make.
    others = 100 * np.array([np.mean(labels[0] == 9), np.mean(labels[1] == 0)])
    assert others[0] != others[1]
    figures, title = ours(findings), "VGG-13, owner's covers and labels, encoder of another seed"
    assert figures[f"{title}, own (least)"] == pytest.approx(100 * np.mean(labels[1] > 0))
    assert figures[f"{title}, others (mean)"] == pytest.approx(others.mean())
    assert figures[f"{title}, others (largest)"] == pytest.approx(others.max())
    assert figures["VGG-13, key of another owner, own (least)"] == pytest.approx(95)
    assert figures["VGG-13, key of another owner, others (mean)"] == pytest.approx(15)
    assert printed(findings)["VGG-13, key of another owner, others (largest)"] == "3 to 68"
    assert len(findings.pictures) == 2


@pytest.mark.parametrize(
    ("own", "other", "raised", "expected"),
    [
        (18, 10, 1, [True, True]),
        (17, 10, 1, [False, True]),  # 85 % of its own
        (18, 11, 1, [False, True]),  # 11 of 20 by chance: 7e-7
        (18, 10, 0, [True, False]),  # the other's encoder makes the same samples
    ],
)
def test_what_the_claims_say(own: int, other: int, raised: int, expected: list[bool], tmp_path: Path) -> None:
    cache = StandIns(
        tmp_path, marked={"*": _marked(tmp_path, raised)}, figures={"verification*": _verdicts(own, other)}
    )
    assert holds(findings_of("li2019.fig9", cache)) == expected
