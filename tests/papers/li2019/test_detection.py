"""Figures 6 and 7: whose samples the detector is trained on and asked about, and what its scores say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.papers.standins import StandIns, brightener, findings_of, holds, key_with, ours, pixel_reader, printed, smoke
from tfwm.evidence.binding import draws_for, pieces_of
from tfwm.keys import new_secret
from tfwm.papers.li2019 import detection
from tfwm.papers.li2019.detection import OURS, OURS_STOLEN, OWNER_SIDE, STRIKING, THIEF_SIDE, makers_of
from tfwm.papers.li2019.models import KEY_SEED, scheme_for
from tfwm.papers.li2019.pictures import parts_of
from tfwm.types import MarkedModel

pytestmark = [pytest.mark.trains, pytest.mark.usefixtures("brighteners")]

BLACK = np.zeros((20, 32, 32, 3), np.uint8)
# Clean and key pictures. By pairs the key looks more suspicious in none and a half, in 3 of 4, and in all.
BLIND, BETTER, PERFECT = [[0.2, 0.4], [0.3, 0.3]], [[0.1, 0.3], [0.2, 0.4]], [[0.1, 0.2], [0.8, 0.9]]


def _stand_ins(root: Path, **figures: Any) -> StandIns:
    """The owner's encoder adds 51 grey levels, the thief's 102."""
    settings = scheme_for(smoke(StandIns(root)), "resnet18", "blind_watermark")
    key = key_with(settings, 1, BLACK, brightener(0.2))
    return StandIns(root, figures=figures, marked={"*": MarkedModel(pixel_reader(), key)},
                    models={"encoder of the thief": brightener(0.4)})  # fmt: skip


def test_owner_and_thief_make_samples_with_encoders_of_their_own(tmp_path: Path) -> None:
    makers = makers_of(smoke(_stand_ins(tmp_path)))
    assert list(makers) == [OURS, OURS_STOLEN, *STRIKING.values()]
    for name, thiefs in ((OURS, 102), (OURS_STOLEN, 51)):
        assert (makers[name](BLACK, OWNER_SIDE) == 51).all()
        assert (makers[name](BLACK, THIEF_SIDE) == thiefs).all()


@pytest.mark.parametrize("method", ["random_images", "content_mark"])
def test_other_methods_draw_from_secrets_of_owner_and_thief(method: str, tmp_path: Path) -> None:
    context = smoke(_stand_ins(tmp_path))
    make, scheme = makers_of(context)[STRIKING[method]], scheme_for(context, "resnet18", method)
    for side in (OWNER_SIDE, THIEF_SIDE):
        draws = draws_for(scheme.name, scheme.to_dict(), pieces_of(new_secret(KEY_SEED + side), 1))
        expected = scheme.samples_of(BLACK, scheme.logo_pixels(), None, draws)
        np.testing.assert_array_equal(make(BLACK, side), expected)
    assert (make(BLACK, OWNER_SIDE) != make(BLACK, THIEF_SIDE)).any()


def test_the_detector_learns_the_thiefs_samples_and_is_asked_about_the_owners(tmp_path: Path, monkeypatch) -> None:
    cache, asked = _stand_ins(tmp_path), []

    def detect(*sets: np.ndarray, seed: int) -> Any:
        asked.append(sets)
        return np.array([0.1, 0.2]), np.array([0.8, 0.9])

    monkeypatch.setattr(detection, "STRIKING", {"content_mark": "Zhang, content"})
    monkeypatch.setattr(detection, "dense_detector", detect)
    findings_of("li2019.fig6", cache)
    parts = parts_of(smoke(cache), "resnet18")
    clean, key, clean_test, key_test = asked[0]
    # A tenth of 200 training images, half of them as covers.
    np.testing.assert_array_equal(clean, parts["attacker"].images[:10])
    np.testing.assert_array_equal(clean_test, parts["test"].images[:10])
    # Added to floats, which are rounded and clipped at white.
    for samples, covers, added in ((key, parts["attacker"], 102), (key_test, parts["test"], 51)):
        expected = np.minimum(covers.images[10:20].astype(int) + added, 255)
        np.testing.assert_allclose(samples, expected, atol=1)


@pytest.mark.parametrize(("figure", "ours_there", "others"), [("fig6", 0.5, "> 0.94"), ("fig7", 0.65, "> 0.98")])
def test_rows_are_areas_under_the_curve(figure: str, ours_there: float, others: str, tmp_path: Path) -> None:
    laid = {f"*detector of {OURS} of *": BLIND, f"*detector of {OURS_STOLEN} of *": BETTER, "*detector of *": PERFECT}
    findings = findings_of(f"li2019.{figure}", _stand_ins(tmp_path, **laid))
    areas = ours(findings)
    assert (areas.pop(f"{OURS}, AUC"), areas.pop(f"{OURS_STOLEN}, AUC")) == (0.5, 0.75)
    assert areas == {f"{title}, AUC": 1.0 for title in STRIKING.values()}
    assert printed(findings) == {f"{OURS}, AUC": ours_there, **dict.fromkeys(areas, others)}
    assert holds(findings) == [True, True]


@pytest.mark.parametrize(
    ("blind", "content", "expected"),
    [
        (BLIND, PERFECT, [True, True]),
        (BETTER, PERFECT, [True, False]),  # 0.25 from chance
        (BETTER, BETTER, [False, False]),  # a striking method is as near
        (BLIND, BLIND, [False, True]),
    ],
)
def test_what_the_claims_say(blind: Any, content: Any, expected: list[bool], tmp_path: Path) -> None:
    laid = {f"*detector of {OURS} of *": blind, "*detector of Zhang, content of *": content, "*detector of *": PERFECT}
    findings = findings_of("li2019.fig6", _stand_ins(tmp_path, **laid))
    assert holds(findings) == expected
