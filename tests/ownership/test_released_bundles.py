"""Bundles that earlier releases wrote are read for ever, and show what they showed then."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from tfwm.evidence.claims import committed
from tfwm.ownership.judging import judge
from tfwm.ownership.reading import read_bundle
from tfwm.ownership.standing import checked_time, standing_of
from tfwm.ownership.timestamps import load_authorities
from tfwm.ownership.transcript import Transcript
from tfwm.suspects import FunctionSuspect
from tfwm.suspects.trivial import hashed_class

RELEASED = Path(__file__).parents[1] / "fixtures/bundles"
THEN = json.loads((RELEASED / "labels-1.json").read_text(encoding="utf-8"))


def test_a_released_bundle_shows_what_it_showed_then() -> None:
    evidence = read_bundle(RELEASED / "bundle-1")
    assert evidence.commitment is not None
    assert (evidence.commitment.identity, evidence.purpose) == ("Example Labs", "a dispute of that day")
    assert evidence.commitment.digest == THEN["commitment"]
    assert (evidence.commitment.signer.hex(), evidence.commitment.weights) == (THEN["signer"], THEN["weights"])
    labels = np.array(THEN["labels"])
    np.testing.assert_array_equal(evidence.scheme.key_labels(evidence.key), labels)  # type: ignore[attr-defined]
    stamp = checked_time(evidence, load_authorities(RELEASED / "authority-1.crt"))
    assert stamp is not None
    assert stamp.time == datetime(2026, 3, 1, 12, 0, 1, tzinfo=timezone.utc)
    standing = standing_of(evidence, stamp, datetime(2026, 3, 2, tzinfo=timezone.utc))
    assert standing == committed(stamp.time.isoformat(), "CN=Test Time Signer, for whom CN=Test Time Root vouches")
    suspect = FunctionSuspect("thief", lambda images: np.eye(10, dtype=np.float32)[labels[: len(images)]])
    found = judge(evidence, suspect, [hashed_class(10, seed=7)], standing, 1e-6, Transcript())
    assert found.verified
    assert found.log10_p == pytest.approx(-30 * np.log10(9))
