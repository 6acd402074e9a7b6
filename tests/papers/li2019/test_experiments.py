"""The experiments at scale smoke: that they run, resume from the cache, and say what they should."""

from __future__ import annotations

import numpy as np
import pytest

from tests.papers.classifier_experiments import found_by, labels_of
from tfwm.papers import Context
from tfwm.papers.li2019 import detection, fidelity, transfer, tuning


@pytest.fixture
def lenets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that TensorFlow traces in a moment."""
    monkeypatch.setattr(tuning, "TABLE_2", {"lenet3": tuning.TABLE_2["vgg13"]})
    monkeypatch.setattr(transfer, "HOST", {"smoke": "lenet3"})
    monkeypatch.setattr(detection, "HOST", "lenet3")
    monkeypatch.setattr(detection, "STRIKING", {"content_mark": "Zhang, content", "random_images": "Rouhani, random"})


def test_fidelity_compares_each_host_with_itself(smoke: Context) -> None:
    findings = found_by("li2019.fig4", smoke)
    figures = {row.label: row.ours for row in findings.rows}
    losses = [
        figures[f"{title}, unmarked"] - figures[f"{title}, marked"] for title in ("LeNet-1, seed 0", "LeNet-3, seed 0")
    ]
    assert figures["mean loss of accuracy"] == pytest.approx(np.mean(losses))
    assert figures["largest loss of accuracy"] == pytest.approx(max(losses))
    (picture,) = findings.pictures["Accuracy on the test part"].values()
    assert picture.dtype == np.uint8


def test_effectiveness_shows_marked_and_unmarked_hosts(smoke: Context) -> None:
    findings = found_by("li2019.fig5", smoke)
    for title in ("LeNet-1, seed 0", "LeNet-3, seed 0"):
        assert {f"{title}, marked", f"{title}, unmarked", f"{title}, marked, p-value"} <= set(labels_of(findings))
    # 20 samples of ten classes, a few steps: no host has learnt them, and the claim says so.
    assert findings.claims[0].holds is False


def test_desk_takes_three_seeds_of_two_hosts(tmp_path) -> None:
    from tfwm.papers.engine.cache import Cache

    desk = Context("desk", (0,), tmp_path, Cache(tmp_path))
    seeds = [name for name, _ in fidelity.cases(desk)]
    assert sorted(seeds.count(name) for name in set(seeds)) == [1, 1, 3, 3]
    assert {"lenet5", "vgg13", "resnet18", "mobilenet_v2"} == set(seeds)


def test_tuning_shows_every_tenth_epoch(smoke: Context, lenets: None) -> None:
    findings = found_by("li2019.table2", smoke)
    figures = {row.label: (row.paper, row.ours) for row in findings.rows}
    for epochs, printed in ((0, 95.75), (10, 92.5), (20, 90.25)):
        paper, ours = figures[f"LeNet-3, {epochs} epochs"]
        assert paper == printed
        assert 0 <= ours <= 100
    assert findings.claims[0].text == "LeNet-3: the mark survives 20 epochs of fine-tuning."


def test_transfer_has_two_matrices(smoke: Context, lenets: None) -> None:
    findings = found_by("li2019.fig9", smoke)
    assert len(findings.pictures) == 2
    assert sum("others (largest)" in label for label in labels_of(findings)) == 2


@pytest.mark.parametrize("figure", ["fig6", "fig7"])
def test_detectors_are_asked_about_every_method(smoke: Context, lenets: None, figure: str) -> None:
    findings = found_by(f"li2019.{figure}", smoke)
    assert labels_of(findings) == [
        "blind watermark, AUC", "blind watermark, encoder stolen, AUC", "Zhang, content, AUC", "Rouhani, random, AUC",
    ]  # fmt: skip
    assert all(0 <= row.ours <= 1 for row in findings.rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["table1", "fig8", "labels", "accuser", "more_attacks"])
def test_the_others_run(smoke: Context, name: str) -> None:
    findings = found_by(f"li2019.{name}", smoke)
    assert len(findings.rows) >= 5
