"""Keys that earlier releases wrote verify the models that they marked, with the score and the p-value of that day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes import scheme_of
from tfwm.suspects import open_suspect

pytestmark = pytest.mark.trains

KEYS = Path(__file__).parents[1] / "fixtures/keys"
VERDICTS = json.loads((KEYS / "verdicts.json").read_text(encoding="utf-8"))


def test_every_key_has_its_verdicts() -> None:
    assert sorted(VERDICTS) == sorted(path.name for path in KEYS.iterdir() if path.is_dir())
    assert len(VERDICTS) >= 7


def test_a_key_of_the_first_format_is_refused_and_told_why() -> None:
    with pytest.raises(
        InvalidKeyError, match="has key format 1; .* an owner could choose what his key asks, so that it"
    ):
        OwnerKey.load(KEYS.parent / "format_1/key")


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_a_released_key_gives_the_recorded_verdicts(name: str) -> None:
    key, suspect = OwnerKey.load(KEYS / name / "key"), open_suspect(str(KEYS / name / "marked.keras"))
    scheme = scheme_of(key)
    assert scheme.name == name
    # Settings that came later have what the key was made with as their default.
    assert {name: scheme.to_dict()[name] for name in key.settings} == key.settings
    for of, asked in (("marked", key), ("decoy", scheme.decoy(key, seed=1))):
        found, recorded = scheme.verify(suspect, asked).as_dict(), VERDICTS[name][of]
        assert (found["score"], found["p_value"]) == pytest.approx((recorded["score"], recorded["p_value"]), rel=1e-9)
        # Later releases may add figures to a verdict; none is lost or changes.
        assert {name: found[name] for name in recorded} == pytest.approx(recorded, abs=1e-3)
        assert found["marked"] == (of == "marked")
