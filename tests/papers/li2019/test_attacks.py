"""More attacks: a row and a claim for each, and what an attack leaves of a network that a test laid out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.papers.standins import StandIns, brightener, findings_of, hits, key_with, memory, numbered, ours, smoke
from tfwm.attacks import Prune
from tfwm.papers.li2019 import attacks
from tfwm.papers.li2019.measure import secret_labels
from tfwm.papers.li2019.models import scheme_for
from tfwm.papers.li2019.pictures import parts_of
from tfwm.suspects import KerasSuspect, as_float
from tfwm.types import MarkedModel

pytestmark = pytest.mark.usefixtures("brighteners")


def test_a_claim_for_each_attack_says_whether_the_mark_survives(tmp_path: Path) -> None:
    laid = {"attack prune(0.4) *": hits(10, accuracy=70.0), "attack prune(0.2) *": hits(11, accuracy=80.0),
            "attack None of classifier *": hits(2, accuracy=91.0), "attack *": hits(20, accuracy=90.0)}  # fmt: skip
    laid = {pattern.replace("(", "[(]"): found for pattern, found in laid.items()}
    findings = findings_of("li2019.more_attacks", StandIns(tmp_path, figures=laid))
    # 10 of 20 samples by chance: 7e-6; 11: 7e-7.
    survived = {claim.text: claim.holds for claim in findings.claims}
    assert survived.pop("The mark survives prune(0.4).") is False
    assert len(survived) == 13
    assert all(survived.values())
    figures = ours(findings)
    assert [figures[f"unmarked host, {what}"] for what in ("key samples with their label", "accuracy")] == [10, 91]
    assert [figures[f"prune(0.4), {what}"] for what in ("key samples with their label", "accuracy")] == [50, 70]
    assert figures["prune(0.2), p-value"] == "7.1e-07"


def test_the_attacked_network_is_asked_with_the_owners_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pruning takes the smallest weights, which are all 0 already: nothing changes."""
    monkeypatch.setattr(attacks, "tried_attacks", lambda context: (Prune(0.5),))
    covers = numbered()
    key = key_with(scheme_for(smoke(StandIns(tmp_path)), "vgg13", "blind_watermark"), 1, covers, brightener(0.0))
    host = memory(covers, np.where(np.arange(20) < 15, secret_labels(key), (secret_labels(key) + 1) % 10))
    cache = StandIns(tmp_path, marked={"*": MarkedModel(host, key)}, models={"*": host})
    figures, test = ours(findings_of("li2019.more_attacks", cache)), parts_of(smoke(cache), "vgg13")["test"]
    read = KerasSuspect("host", host)(as_float(test.images)).argmax(axis=1)
    for title in ("unattacked", "prune(0.5)"):
        assert figures[f"{title}, key samples with their label"] == pytest.approx(75)
        assert figures[f"{title}, accuracy"] == pytest.approx(100 * np.mean(read == test.labels))
