"""What a verdict is worth to others: keys that could have been tried, and keys that prove nothing by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.evidence import claims
from tfwm.keys import OwnerKey, new_secret
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.schemes.deep_stego import DeepStego
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import FunctionSuspect
from tfwm.types import Scheme


def test_levels_by_hand() -> None:
    assert claims.UNCOMMITTED.level(1e-6) == pytest.approx(9.1e-19, rel=0.01)
    assert claims.OWNER.level(1e-6) == claims.committed("2026-01-01", "an authority").level(1e-6) == 1e-6
    assert claims.UNCOMMITTED.log10_claim(-20.0, 4) == pytest.approx(-20 + 12.0412 + 0.60206, abs=1e-4)
    assert claims.UNCOMMITTED.log10_claim(-3.0, 1) == 0.0
    assert "2^40" in claims.UNCOMMITTED.sentence


def test_a_rank_can_be_ground_and_needs_a_commitment() -> None:
    """A thousand secrets, a quarter of an hour: one of them ranks first on any model."""
    asked, nearest = FunctionSuspect("innocent", lambda images: images * np.float32(0.9)), []
    small = TriggerImage(image_size=8, trigger_size=8, decoys=19, alpha=0.05, visualizer=False)
    for seed in range(60):
        key = OwnerKey(small.name, small.to_dict(), new_secret(seed))
        nearest.append(small.verify(asked, key).p_value)
    assert min(nearest) == 1 / 20  # ground in sixty tries
    for preset in (TriggerImage.paper(), TriggerImage.reference()):
        key = OwnerKey(preset.name, preset.to_dict(), new_secret(1))
        with pytest.raises(ValueError, match=r"`alpha` must lie between 0.001, the smallest p-value"):
            preset.verify(asked, key, alpha=claims.UNCOMMITTED.level(claims.ALPHA))


@pytest.mark.parametrize("scheme", [BlindWatermark.paper(), DeepStego.paper(), DeepWatermarking.paper()])
def test_published_forms_prove_nothing_by_themselves(scheme: Scheme) -> None:
    with pytest.raises(ValueError, match="proves nothing by itself: its p-value is a rank among models that its owner"):
        claims.check_stands_alone(scheme)


@pytest.mark.parametrize("scheme", [BlindWatermark.fast(), DeepStego.fast(), DeepWatermarking.fast(), TriggerImage()])
def test_forms_whose_labels_come_last_do(scheme: Scheme) -> None:
    claims.check_stands_alone(scheme)
    assert scheme.exact
