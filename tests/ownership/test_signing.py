"""Every change of a signed document is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfwm.keys import OwnerKey
from tfwm.ownership import InvalidCertificateError, check_certificate
from tfwm.ownership.signing import SECTIONS, sign

EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "model": lambda s: s["model"]["files"].update({"saved_model.pb": "0" * 64}),
    "scheme": lambda s: s.update(scheme="other"),
    "key": lambda s: s["key"].update(commitment="0" * 64),
    "fidelity": lambda s: s["fidelity"].update(host_psnr_db=float("nan")),
    "verdicts": lambda s: s["verdicts"][0].update(marked=False),
    "blessing": lambda s: s["blessing"].update(blessed=False),
    "versions": lambda s: s.pop("versions"),
    "time": lambda s: s.update(time="2020-01-01T00:00:00+00:00"),
}


def test_there_is_an_edit_for_every_section() -> None:
    assert set(EDITS) == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_changed_section_is_named(section: str, path: Path, edit) -> None:
    edit(lambda document: EDITS[section](document["sections"]))
    with pytest.raises(InvalidCertificateError, match=f"changed after it was signed: {section}\\."):
        check_certificate(path)


def test_an_added_section_is_named(path: Path, edit) -> None:
    edit(lambda document: document["sections"].update(owner="me"))
    with pytest.raises(InvalidCertificateError, match="signed: owner"):
        check_certificate(path)


@pytest.mark.parametrize(
    "action",
    [
        lambda document: document.update(signature="00" * 64),
        lambda document: document.update(signature="no hex"),
        lambda document: document["signed"].update(public_key="00" * 32),
        lambda document: document["signed"]["digests"].update(time="0" * 64),
    ],
)
def test_a_changed_signature_does_not_fit(action, path: Path, edit) -> None:
    edit(action)
    with pytest.raises(InvalidCertificateError, match="the signature does not fit"):
        check_certificate(path)


@pytest.mark.parametrize("part", ["sections", "signed", "signature"])
def test_a_missing_part(part: str, path: Path, edit) -> None:
    edit(lambda document: document.pop(part))
    with pytest.raises(InvalidCertificateError, match="lacks a part"):
        check_certificate(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "must be a `tfwm certificate 1`, got 'list'"),
        (b'{"format": "tfwm certificate 9"}', "got 'tfwm certificate 9'"),
        (b"\xff\xfe", "decode"),
    ],
)
def test_something_else(content: bytes, message: str, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(InvalidCertificateError) as caught:
        check_certificate(path)
    assert message in str(caught.value)


def test_anyone_can_sign_anything(path: Path, key: OwnerKey) -> None:
    path.write_text(json.dumps(sign(dict.fromkeys(SECTIONS, 3), key)))
    with pytest.raises(InvalidCertificateError, match="is signed, but is not a certificate"):
        check_certificate(path)
