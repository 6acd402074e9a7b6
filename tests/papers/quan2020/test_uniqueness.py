"""Tables IV and V on distances and bits that were laid out, and wrong keys on networks whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, findings_of, holds, ours, printed, smoke
from tfwm.papers.quan2020.scales import coded_scheme, trigger_scheme
from tfwm.papers.quan2020.uniqueness import answers_to_strangers
from tfwm.schemes.trigger_image.verification import threshold

FAR = [20e-3 - 1e-4 * place for place in range(20)]  # each wrong key is nearer than the one before


def _asked(distance: float = 9e-3, p_value: float = 0.5) -> dict[str, Any]:
    return {"distance_updated": distance, "eta": 6.07e-3, "ncc": 0.9, "p_value": p_value,
            "accepted_by_eq_8": distance <= 6.07e-3}  # fmt: skip


def _table4(root: Path, *, nearest: float = 18e-3, bits: int = 40, key: float = 9e-3, coded: float = 9e-3) -> StandIns:
    return StandIns(root, figures={
        "20 wrong plain keys on host dncnn": {"distances": [*FAR[:-1], nearest]},
        "20 wrong coded keys on host dncnn": {"distances": FAR, "bits": [30] * 19 + [bits]},
        "verification of *, asked with the owner's key": _asked(key),
        "verification of *, asked with the owner's coded key": _asked(coded, 0.25),
    })  # fmt: skip


def test_table_4_takes_the_nearest_of_the_first_keys(tmp_path: Path) -> None:
    findings = findings_of("quan2020.table4", _table4(tmp_path))
    figures = ours(findings)
    # A fifth, two fifths, ... of 20 keys, the last of each the nearest so far.
    assert [figures[f"DnCNN unmarked, P={count}, least distance"] for count in (4, 8, 12, 16)] == pytest.approx(
        [19.7, 19.3, 18.9, 18.5]
    )
    assert figures["DnCNN unmarked, P=20, least distance"] == pytest.approx(18.0)
    assert figures["DnCNN unmarked, coded, P=20, least distance"] == pytest.approx(18.1)
    assert figures["DnCNN unmarked, asked with the owner's coded key, p-value"] == "0.25"
    assert printed(findings) == {f"DnCNN unmarked, P={count}, least distance": 11.1 for count in (4, 8, 12, 16, 20)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [True, True, True, True]),
        ({"nearest": 6e-3}, [False, True, True, True]),  # eta of 40 x 40 is 6.07e-3
        # Of 64 fair bits at least 50 agree with a probability of 3.6e-6, 52 with 2.8e-7.
        ({"bits": 50}, [True, True, True, True]),
        ({"bits": 52}, [True, False, True, True]),
        ({"key": 6e-3}, [True, True, False, True]),
        ({"coded": 6e-3}, [True, True, True, False]),
    ],
    ids=str,
)
def test_each_claim_of_table_4_falls_with_its_own_row(changes: dict, expected: list[bool], tmp_path: Path) -> None:
    assert holds(findings_of("quan2020.table4", _table4(tmp_path, **changes))) == expected


@pytest.mark.parametrize(
    ("distance", "p_value", "expected"),
    [(7e-3, 0.3, [True, True]), (6e-3, 0.3, [False, True]), (7e-3, 1e-3, [True, False])],
)
def test_table_5_exchanges_keys(distance: float, p_value: float, expected: list[bool], tmp_path: Path) -> None:
    """One of the four exchanges is near, or unlikely by chance."""
    findings = findings_of("quan2020.table5", StandIns(tmp_path, figures={
        "20 wrong plain keys on *": {"distances": FAR},
        "20 wrong coded keys on *": {"distances": FAR, "bits": [32] * 20},
        "verification of red *, key 2, asked with key 1": _asked(distance, p_value),
        "verification of *, asked with key *": _asked(8e-3, 0.4), "verification of *": _asked(1e-3, 2e-3),
    }))  # fmt: skip
    assert holds(findings) == [True, True, *expected]
    figures = ours(findings)
    assert figures["RED of another start asked with the key of RED, distance"] == pytest.approx(1e3 * distance)
    assert figures["DnCNN asked with the key of RED, distance"] == pytest.approx(8.0)
    assert printed(findings)["RED asked with the key of DnCNN, distance"] == 7.62
    assert findings.claims[-1].why.endswith("the owners' own keys reach 0.002, 0.002, 0.002.")


def test_wrong_keys_on_a_black_network(tmp_path: Path) -> None:
    """Its answers lie as far from G(K) as G(K), clipped, from black; a key's bits agree half of the time."""
    image = keras.Input((None, None, 1))
    black = keras.Model(image, keras.layers.Rescaling(0.0, 0.0)(image))
    context = smoke(StandIns(tmp_path))
    plain = answers_to_strangers(black, replace(trigger_scheme(context, "dncnn"), triggers=5, reveal=5))
    assert len(plain["distances"]) == 5
    assert set(plain) == {"distances"}
    # The root of the sum of squares over 1600 pixels, divided by 1600: about 0.55 / 40 for noise less its slopes.
    assert all(0.4 / 40 < distance < 0.8 / 40 for distance in plain["distances"])
    assert min(plain["distances"]) > threshold(1600)
    coded = answers_to_strangers(black, replace(coded_scheme(context, "dncnn"), triggers=40, reveal=40))
    # 40 keys of 64 bits: 32 +- 4 each.
    assert coded["bits"].shape == (40,)
    assert np.mean(coded["bits"]) == pytest.approx(32, abs=3)
