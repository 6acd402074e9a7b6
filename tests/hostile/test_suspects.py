"""Trivial and hostile suspects at hand: never verified, never another error than a ValueError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.hostile import suspects
from tests.known_keys import Known, classification, restoration
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.types import Access

KINDS = {"restoration": restoration, "classification": classification}
NAMES = {
    kind: (
        *(("innocent", name) for name in suspects.innocent(kind)),
        *(("spoilt", name) for name in suspects.spoilt(known())),
        *(("no_numbers", name) for name in suspects.no_numbers(known())),
    )
    for kind, known in KINDS.items()
}


@dataclass(frozen=True)
class Raw:
    """A suspect whose answer reaches the scheme as it is."""

    function: Any
    name: str = "raw"
    access: Access = Access.QUERIES

    def __call__(self, images: np.ndarray) -> Any:
        return self.function(as_float(images))


@pytest.fixture(params=sorted(KINDS))
def known(request: pytest.FixtureRequest) -> Known:
    return KINDS[request.param]()


def test_the_marked_model_is_verified_whole_and_rounded_to_eight_bits(known: Known) -> None:
    for marked in (known.marked, lambda images: np.rint(known.marked(images) * 255) / 255):
        verdict = known.scheme.verify(FunctionSuspect("marked", marked), known.key)
        assert verdict.marked
        assert verdict.log10_p < -30


@pytest.mark.parametrize("form", [np.float16, np.float64, ">f4"])
def test_another_float_type_is_as_good(known: Known, form: object) -> None:
    verdict = known.scheme.verify(Raw(lambda images: known.marked(images).astype(form)), known.key)
    assert verdict.log10_p < -30


@pytest.mark.parametrize(("kind", "sort", "name"), [(kind, *name) for kind, names in NAMES.items() for name in names])
def test_nothing_is_found_in_what_knows_nothing(kind: str, sort: str, name: str) -> None:
    known = KINDS[kind]()
    table = suspects.innocent(kind) if sort == "innocent" else getattr(suspects, sort)(known)
    verdict = known.scheme.verify(FunctionSuspect(name, table[name]), known.key)
    assert not verdict.marked
    assert 1e-6 < verdict.p_value <= 1.0
    assert np.isfinite([verdict.score, verdict.threshold, verdict.log10_p, *verdict.details.values()]).all()


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in suspects.misshapen(kind)])
def test_another_shape_is_an_error_that_says_so(kind: str, name: str) -> None:
    known = KINDS[kind]()
    with pytest.raises(ValueError, match=r"must (answer|hold|be)|Is (it|the suspect)"):
        known.scheme.verify(Raw(suspects.misshapen(kind)[name]), known.key)


@pytest.mark.parametrize("form", ["U8", "S4", "O", "M8[s]", "c8"])
def test_another_type_is_an_error_that_says_so(known: Known, form: str) -> None:
    answer = known.marked(as_float(known.scheme.probe_images(known.key)))
    with pytest.raises(ValueError, match=r"must (answer|be)"):
        known.scheme.verify(Raw(lambda images: np.zeros(answer.shape, form)), known.key)
