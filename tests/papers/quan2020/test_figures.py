"""Figures 8 and 9: which key is asked of which network, and when a drawn picture counts as recognised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, findings_of, holds, ours, smoke
from tfwm.config import to_dict
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Context
from tfwm.papers.quan2020 import figures
from tfwm.papers.quan2020.figures import OWNERS, VARIANTS, Sheet, recognised, unrecognised
from tfwm.papers.quan2020.models import marked_host
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, trigger_scheme
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.types import MarkedModel

pytestmark = pytest.mark.trains

LOGO = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4
SHOWN, GREY = LOGO / np.float32(255), np.full((8, 8, 1), 0.5, np.float32)


def test_the_published_visualizer_has_neither_noise_nor_strangers(desk: Context) -> None:
    plain, hardened = (trigger_scheme(desk, "dncnn", **figures.drawing(desk, variant)) for variant in VARIANTS)
    assert (plain.visualizer_noise, plain.visualizer_clean_weight) == (0, 0)
    assert (hardened.visualizer_noise, hardened.visualizer_clean_weight) == (0.1, 1.0)
    assert plain.visualizer_filters == 8


def test_every_host_has_another_owner() -> None:
    assert len(set(OWNERS.values())) == len(HOSTS)


def test_a_sheet_measures_what_it_shows() -> None:
    original = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    sheet = Sheet("x", original)
    sheet.add("b", "half, of it", original / 2)
    sheet.add("c", "flat", np.full_like(original, 0.5))
    assert sheet.likeness == {"b": pytest.approx(1.0), "c": 0.0}
    assert list(sheet.pictures)[1].startswith("(b) half\nof it\n")
    assert recognised(sheet, ("b",)).holds is True
    assert recognised(sheet, ("b", "c")).holds is False
    claim = unrecognised(sheet, ("b", "c"))
    assert claim.holds is False
    assert "It draws its image on b too" in claim.why
    assert unrecognised(sheet, ("c",)).holds is True


def _stand_ins(root: Path) -> StandIns:
    """Networks and keys that are told apart by their names and by the owners' secrets."""
    scheme = trigger_scheme(smoke(StandIns(root)), "dncnn")

    def network(name: str) -> keras.Model:
        return keras.Sequential([keras.Input((None, None, 1)), keras.layers.ReLU()], name=name)

    def marked(recipe: Any) -> MarkedModel:
        host = recipe["what"].partition(" ")[0]
        key = OwnerKey("trigger_image", to_dict(scheme), new_secret(recipe["key"]), {"logo": LOGO})
        return MarkedModel(network(f"marked_{host}"), key)

    return StandIns(root, models={f"host {name}": network(f"unmarked_{name}") for name in HOSTS}, marked={"*": marked})


def _owner_of(key: OwnerKey) -> str:
    """The host whose owner's key it is; empty for a stranger's."""
    return next((name for name, owner in OWNERS.items() if key.secret == new_secret(owner)), "")


@pytest.mark.parametrize(
    ("fooled", "expected"),
    [
        (set(), [True, True, True]),
        ({("unmarked_red", "")}, [True, False, True]),  # a random trigger
        ({("marked_dncnn", "red")}, [True, False, True]),  # an exchanged one
        ({("unmarked_dncnn", "dncnn")}, [True, True, False]),
    ],
    ids=str,
)
def test_figure_8_asks_each_network_with_its_key(
    fooled: set, expected: list[bool], tmp_path: Path, monkeypatch
) -> None:
    """The visualizer draws its image for the owner's key on the marked host, and where the test says so."""
    asked: list[tuple[str, str]] = []

    def drawn(model: keras.Model, key: OwnerKey) -> np.ndarray:
        asked.append((model.name, _owner_of(key)))
        right = asked[-1][0] == f"marked_{asked[-1][1]}"
        return SHOWN if right or asked[-1] in fooled else GREY

    monkeypatch.setattr(figures, "VARIANTS", {"as published": {}})
    monkeypatch.setattr(figures, "drawn", drawn)
    findings = findings_of("quan2020.fig8", _stand_ins(tmp_path))
    assert asked == [
        ("marked_dncnn", "dncnn"),
        *((f"unmarked_{name}", "") for name in ("dncnn", "red", "sr_dncnn", "vdsr")),
        ("marked_red", "dncnn"), ("marked_dncnn", "red"), ("marked_vdsr", "sr_dncnn"), ("marked_sr_dncnn", "vdsr"),
        ("unmarked_dncnn", "dncnn"),
    ]  # fmt: skip
    assert holds(findings) == expected
    (pictures,) = findings.pictures.values()
    assert [label.partition(")")[0][1:] for label in pictures] == ["a", "own", *"bcdefghij"]
    likeness = {label: value.split(" / ")[1] for label, value in ours(findings).items()}
    assert likeness["Visualizer as published, (own) DnCNN, marked, its own trigger"] == "1.000"


@pytest.mark.parametrize(("lost", "expected"), [("", [True, True]), ("overwritten", [False, True])])
def test_figure_9_asks_the_attacked_networks_with_the_owners_key(lost, expected, tmp_path: Path, monkeypatch) -> None:
    def attacked_models(context: Context, scheme: Any) -> dict[str, Any]:
        names = ("pruned", "pruned more", "tuned", "tuned long", "other data", "other data long", "overwritten")
        return {name: (lambda name=name: keras.Sequential(name=name.replace(" ", "_"))) for name in names}

    def drawn(model: keras.Model, key: OwnerKey) -> np.ndarray:
        return SHOWN if _owner_of(key) == "dncnn" and model.name != lost else GREY

    monkeypatch.setattr(figures, "VARIANTS", {"as published": {}})
    monkeypatch.setattr(figures, "attacked_models", attacked_models)
    monkeypatch.setattr(figures, "drawn", drawn)
    findings = findings_of("quan2020.fig9", _stand_ins(tmp_path))
    assert holds(findings) == expected
    assert [claim.text.rpartition("in ")[2] for claim in findings.claims] == ["own, b, c, d, e, f, g, h.", "i."]


def test_figure_9_draws_the_mark_that_the_tables_attack(desk: Context) -> None:
    for variant in VARIANTS:
        drawn = figures.ours_drawn(desk, variant)
        assert drawn == replace(coded_scheme(desk, "dncnn"), **figures.drawing(desk, variant))


def test_the_visualizer_changes_nothing_about_the_host(trained: Context) -> None:
    """Figure 9 draws attacks on the host of tables VI to IX with the visualizer of another training."""
    plain = marked_host(trained, "dncnn", coded_scheme(trained, "dncnn"))
    drawn = marked_host(trained, "dncnn", figures.ours_drawn(trained, "as published"))
    asked, same = (scheme_of(marked.owner_key()).probe_images(marked.owner_key()) for marked in (plain, drawn))
    np.testing.assert_array_equal(asked, same)
    first, second = (answers_to(KerasSuspect("marked", marked.model()), asked) for marked in (plain, drawn))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_an_irrelevant_key_keeps_the_visualizer_and_sends_another_trigger(trained: Context) -> None:
    key = marked_host(trained, "dncnn", figures.ours_drawn(trained, "as published")).owner_key()
    other = figures.irrelevant(key)
    assert other.networks["extractor"] is key.networks["extractor"]
    first, second = (scheme_of(each).probe_images(each) for each in (other, key))
    assert (first != second).mean() > 0.9
