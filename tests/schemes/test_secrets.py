"""Which secrets a marking begins with: 32 bytes that were given, or fresh ones where none were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfwm.keys import new_secret
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.schemes.secrets import given_or_new
from tfwm.training import Run


def test_a_secret_is_taken_as_it_is_and_none_draws_another(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert given_or_new(new_secret(3), run) == new_secret(3)
    first, second = given_or_new(None, run), given_or_new(None, run)
    assert len(first) == len(second) == 32
    assert first != second


@pytest.mark.parametrize("name", sorted(set(SCHEMES) - set(SCHEMES.foreign)))
@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33), 32 * "a"], ids=["empty", "short", "long", "a text"])
def test_no_scheme_draws_a_secret_in_the_place_of_a_wrong_one(name: str, secret: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`secret` must be 32 bytes, got (0 bytes|31 bytes|33 bytes|a str)\. Use"):
        make_scheme(name, "tiny").train(None, None, Run(tmp_path, quiet=True), secret=secret)
    assert not list(tmp_path.iterdir())
