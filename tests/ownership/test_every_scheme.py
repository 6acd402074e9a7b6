"""What a judge is shown of a key of every scheme gives the verdict that the owner gets, without his secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfwm.evidence.claims import UNCOMMITTED
from tfwm.keys import OwnerKey
from tfwm.ownership.bundle import ARRAYS, opening_for, write_bundle
from tfwm.ownership.commitments import commit
from tfwm.ownership.identity import fresh_signing_key
from tfwm.ownership.judging import judge
from tfwm.ownership.ledger import Block
from tfwm.ownership.reading import read_bundle
from tfwm.ownership.transcript import Transcript
from tfwm.schemes import SCHEMES, make_scheme, scheme_of
from tfwm.schemes.showing import shown_key
from tfwm.suspects import open_suspect
from tfwm.suspects.trivial import echo
from tfwm.untrusted import UntrustedError

KEYS = Path(__file__).parents[1] / "fixtures/keys"
NAMES = sorted(json.loads((KEYS / "verdicts.json").read_text(encoding="utf-8")))


@pytest.mark.trains
@pytest.mark.parametrize("name", NAMES)
def test_owner_and_judge_see_the_same(name: str, tmp_path: Path) -> None:
    key, suspect = OwnerKey.load(KEYS / name / "key"), open_suspect(str(KEYS / name / "marked.keras"))
    scheme = scheme_of(key)
    evidence = read_bundle(write_bundle(tmp_path / "bundle", scheme, key, Block(0, scheme.pieces)).path)
    mine, judges = scheme.verify(suspect, key), evidence.scheme.verify(suspect, evidence.key)
    assert (judges.log10_p, judges.score, judges.null) == (mine.log10_p, mine.score, mine.null)
    assert evidence.key.secret == bytes(32)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "bundle").iterdir())
    with np.load(tmp_path / "bundle" / ARRAYS) as stored:
        everything += b"".join(stored[each].tobytes() for each in stored.files)
    for secret in (key.secret, key.token):
        assert secret not in everything
        assert secret.hex().encode() not in everything


@pytest.mark.trains
@pytest.mark.parametrize("part", ["baseline", "probes", "extractor"])
def test_a_part_that_a_liar_exchanges_draws_the_code_anew(part: str, tmp_path: Path) -> None:
    """He holds the key and signs anew: even the marked model no longer answers to it."""
    key, suspect = OwnerKey.load(KEYS / "deep_watermarking/key"), open_suspect(
        str(KEYS / "deep_watermarking/marked.keras")
    )  # fmt: skip
    scheme = scheme_of(key)
    envelope = commit(opening_for(scheme, key), KEYS / "deep_watermarking/marked.keras", "Liar", fresh_signing_key())
    if part == "extractor":
        network = key.networks[part]
        network.set_weights([weight * 1.001 for weight in network.get_weights()])
    else:
        changed = key.arrays[part].copy()
        changed.ravel()[0] += 1
        key = replace(key, arrays={**key.arrays, part: changed})
    whole = Block(0, scheme.pieces)
    with pytest.raises(UntrustedError) as caught:
        read_bundle(write_bundle(tmp_path / "late", scheme, key, whole, commitment=envelope).path)
    assert caught.value.code == "commitment-mismatch"
    evidence = read_bundle(write_bundle(tmp_path / "bundle", scheme, key, whole).path)
    assert not evidence.scheme.verify(suspect, evidence.key).marked


@pytest.mark.trains
@pytest.mark.parametrize("part", ["baseline", "logo", "probes"])
def test_parts_that_do_not_fit_each_other(part: str, tmp_path: Path) -> None:
    key = OwnerKey.load(KEYS / "deep_watermarking/key")
    scheme = scheme_of(key)
    key = replace(key, arrays={**key.arrays, part: key.arrays[part][:-1]})
    evidence = read_bundle(write_bundle(tmp_path / "bundle", scheme, key, Block(0, scheme.pieces)).path)
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, echo(), [echo()], UNCOMMITTED, 0.5, Transcript())
    assert caught.value.code == "unaskable"


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_a_scheme_says_what_is_shown(name: str) -> None:
    scheme = make_scheme(name, "tiny")
    assert all(axis in (None, 0, 1) for axis in scheme.shown_arrays.values())
    assert all(isinstance(network, str) for network in scheme.shown_networks)
    assert scheme.divisible or scheme.pieces >= 1


@pytest.mark.trains
def test_pieces_that_are_no_evidence_one_by_one_are_shown_together() -> None:
    key = OwnerKey.load(KEYS / "content_mark/key")
    scheme = scheme_of(key)
    assert not scheme.divisible
    with pytest.raises(ValueError, match="can be shown only whole"):
        shown_key(scheme, key, [])
    assert shown_key(scheme, key, list(range(scheme.pieces))).revealed is not None
