"""Certificates: what they say, what they hide, and that every change is named."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report, Row
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership import InvalidCertificateError, check_certificate, write_certificate
from tfwm.ownership.digests import commitment, file_digests
from tfwm.ownership.signing import SECTIONS, public_key_of, sign


class Network:
    """As much of a network as a digest needs."""

    def __init__(self, value: float) -> None:
        self._value = value

    def get_weights(self) -> list[np.ndarray]:
        return [np.full((2, 3), self._value, np.float32), np.zeros(3, np.float32)]


@pytest.fixture
def key() -> OwnerKey:
    probes = np.random.default_rng(1).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    return OwnerKey("cells", {"size": 8}, new_secret(3), {"probes": probes}, {"extractor": Network(0.5)})  # type: ignore[dict-item]


@pytest.fixture
def report() -> Report:
    verdict = {
        "marked": True,
        "score": 1.0,
        "threshold": 0.8,
        "p_value": 5.4e-20,
        "n": 64,
        "null": "chance",
        "alpha": 1e-6,
    }
    row = Row("jpeg(50)", "attack", "marked", {"attack": "jpeg"}, "marked", None, verdict, True, 30.0, 40.0, 0.9, 1.5,
              "/home/owner/model.keras")  # fmt: skip
    return Report((row,), {"host_psnr_db": 31.5}, 1.5, {"python": "3.10"})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "1"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return folder


@pytest.fixture
def path(tmp_path: Path, model: Path, key: OwnerKey, report: Report) -> Path:
    return write_certificate(
        tmp_path / "served" / "1.json", model_directory=model, key=key, report=report, decision=Decision(True)
    )


@pytest.fixture
def edit(path: Path) -> Callable[..., None]:
    """Changes the document in place."""

    def change(action: Callable[[dict[str, Any]], Any]) -> None:
        document = json.loads(path.read_text())
        action(document)
        path.write_text(json.dumps(document))

    return change


def test_says_what_was_measured(path: Path, model: Path, key: OwnerKey) -> None:
    certificate = check_certificate(path, model_directory=model, key=key)
    assert certificate.files == {
        "saved_model.pb": hashlib.sha256(b"graph").hexdigest(),
        "variables/variables.index": hashlib.sha256(b"weights").hexdigest(),
    }
    assert certificate.key_fingerprint == key.fingerprint
    assert certificate.verdicts[0]["suspect"] == "jpeg(50)"
    assert certificate.verdicts[0]["p_value"] == 5.4e-20
    assert certificate.fidelity == {"host_psnr_db": 31.5}
    assert certificate.blessed
    assert certificate.public_key == public_key_of(key).hex()


def test_the_place_of_the_model_does_not_matter(path: Path, model: Path, tmp_path: Path) -> None:
    model.rename(tmp_path / "elsewhere")
    check_certificate(path, model_directory=tmp_path / "elsewhere")


def test_holds_nothing_secret(path: Path, key: OwnerKey) -> None:
    text = path.read_text()
    for secret in (key.secret, key.token, key.arrays["probes"].tobytes()):
        assert secret.hex() not in text
        assert base64.b64encode(secret).decode() not in text
    assert hashlib.sha256(key.secret).hexdigest() not in text
    assert hashlib.sha256(key.arrays["probes"].tobytes()).hexdigest() not in text
    assert "/home/owner" not in text


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


def test_a_forger_has_another_public_key(path: Path, model: Path, key: OwnerKey, report: Report) -> None:
    forger = replace(key, secret=new_secret(4))
    write_certificate(path, model_directory=model, key=forger, report=report, decision=Decision(True))
    assert check_certificate(path, model_directory=model).public_key != public_key_of(key).hex()
    with pytest.raises(InvalidCertificateError, match="which is not that of the key"):
        check_certificate(path, key=key)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"Graph"), "saved_model.pb changed"),
        (lambda folder: (folder / "variables/variables.index").unlink(), "variables/variables.index missing"),
        (lambda folder: (folder / "extra").write_bytes(b""), "extra added"),
        (lambda folder: (folder / "link").symlink_to(folder.parent), "must hold no links, got `link`"),
        (lambda folder: (folder / "saved_model.pb").unlink(), "must hold a saved_model.pb"),
    ],
)
def test_a_changed_model_is_named(change, message: str, path: Path, model: Path) -> None:
    change(model)
    with pytest.raises(InvalidCertificateError) as caught:
        check_certificate(path, model_directory=model)
    assert message in str(caught.value)
    check_certificate(path)


@pytest.mark.parametrize(
    "changes",
    [{"settings": {"size": 9}}, {"arrays": {"probes": np.zeros(3)}}, {"networks": {"extractor": Network(0.25)}}],
)
def test_the_commitment_opens_with_the_whole_key_only(changes: dict[str, Any], path: Path, key: OwnerKey) -> None:
    with pytest.raises(InvalidCertificateError, match="the commitment does not open"):
        check_certificate(path, key=replace(key, **changes))


def test_commitment_binds_the_model_and_the_signer(key: OwnerKey) -> None:
    values = {commitment(key, signer, model) for signer in (b"a" * 32, b"b" * 32) for model in ("0", "1")}
    assert len(values) == 4


def test_commitment_survives_saving(tmp_path: Path, key: OwnerKey) -> None:
    from tensorflow import keras

    image = keras.Input((4, 4, 3))
    network = keras.Model(image, keras.layers.Conv2D(2, 3)(keras.layers.BatchNormalization()(image)))
    real = replace(key, networks={"extractor": network})
    loaded = OwnerKey.load(real.save(tmp_path / "key"))
    assert commitment(loaded, b"p", "m") == commitment(real, b"p", "m")


def test_never_inside_the_model(model: Path, key: OwnerKey, report: Report) -> None:
    before = file_digests(model)
    with pytest.raises(ValueError, match="must lie beside the model, not in it"):
        write_certificate(
            model / "variables" / "c.json", model_directory=model, key=key, report=report, decision=Decision(True)
        )
    assert file_digests(model) == before
