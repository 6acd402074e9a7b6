"""Certificates: what they say, what they hide, and what they are about."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ownership.network import Network
from tfwm.digests import commitment, file_digests
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership import InvalidCertificateError, check_certificate, write_certificate
from tfwm.ownership.signing import public_key_of


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


def test_litter_in_the_models_folder_is_no_file_of_it(
    path: Path, model: Path, key: OwnerKey, report: Report
) -> None:  # fmt: skip
    (model / ".DS_Store").write_bytes(b"litter")
    check_certificate(path, model_directory=model)
    again = write_certificate(path, model_directory=model, key=key, report=report, decision=Decision(True))
    (model / ".DS_Store").unlink()
    assert ".DS_Store" not in check_certificate(again, model_directory=model).files


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
