"""The judge before endpoints whose answers nobody can judge: unreachable, and never a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.hostile import suspects
from tests.ownership.toys import SCHEME, SHOWN, controls, key_of, pool
from tests.serving.fake_service import FakeService, running
from tfwm.evidence.claims import committed
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership.bundle import write_bundle
from tfwm.ownership.judging import judge
from tfwm.ownership.ledger import Block
from tfwm.ownership.reading import Evidence, read_bundle
from tfwm.ownership.transcript import Transcript
from tfwm.schemes import scheme_of
from tfwm.schemes.key_samples.marking import marked_with_key
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.suspects import FunctionSuspect, UnfitAnswersError, UnreachableError
from tfwm.suspects.remote import GrpcSuspect
from tfwm.types import Suspect

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains

JOINT = replace(SCHEME, labels="joint", samples=20, host_weight=0.5, alpha=0.9)
COMMITTED = committed("2026-03-01", "a test")
MISSHAPEN = suspects.misshapen("classification")


def joint_key() -> OwnerKey:
    """Of the published form: what it is worth is a rank among the judge's models."""
    secret, logo, encoder = new_secret(3), JOINT.logo_pixels(), JOINT.new_encoder(3)
    made = new_samples(JOINT, pool(), logo, encoder, secret)
    none = {"control_hits": np.zeros((9, 20), bool)}
    return marked_with_key(JOINT, encoder, made, logo, secret, [], arrays=none, encoder=encoder).key


@pytest.fixture(scope="module", params=["exact", "ranked"])
def evidence(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    key, shown = (key_of(), SHOWN) if request.param == "exact" else (joint_key(), 20)
    folder: Path = tmp_path_factory.mktemp("bundles") / "bundle"
    return read_bundle(write_bundle(folder, scheme_of(key), key, Block(0, shown)).path)


def judged(evidence: Evidence, suspect: Suspect) -> None:
    alpha = 1e-6 if evidence.scheme.exact else 0.9
    many = [replace(control, name=f"{control.name} {n}") for n in range(40) for control in controls()]
    judge(evidence, suspect, many, COMMITTED, alpha, Transcript())


@pytest.mark.parametrize("name", sorted(MISSHAPEN))
def test_an_endpoint_is_unreachable(evidence: Evidence, name: str) -> None:
    service = FakeService()
    service.answer = lambda images, call: {"scores": MISSHAPEN[name](images)}
    with running(service) as address, pytest.raises(UnreachableError):
        judged(evidence, GrpcSuspect(address, "m"))
    assert service.calls == 1


def test_a_model_on_this_machine_is_the_wrong_file(evidence: Evidence) -> None:
    with pytest.raises(UnfitAnswersError, match=r"must be scores \[\d+, 10\]"):
        judged(evidence, FunctionSuspect("other", MISSHAPEN["three classes"]))
