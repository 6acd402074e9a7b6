"""Certificates that earlier releases wrote check for ever: what they hash, and how, must never change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ownership.network import Network
from tfwm.digests import commitment, file_digests, model_digest
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership import InvalidCertificateError, check_certificate
from tfwm.ownership.signing import public_key_of

RELEASED = Path(__file__).parents[1] / "fixtures/certificates/certificate-1.json"


def _key(settings: dict[str, float]) -> OwnerKey:
    arrays = {"probes": np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1), "code": np.array([0.5, -1.0], np.float16)}
    return OwnerKey("cells", settings, new_secret(3), arrays, {"extractor": Network(0.5)})  # type: ignore[dict-item]


KEY = _key({"size": 8, "alpha": 1e-6})


def test_a_released_certificate_checks_with_its_model_and_its_key(model: Path) -> None:
    found = check_certificate(RELEASED, model_directory=model, key=KEY)
    assert (found.scheme, found.blessed, found.fidelity) == ("cells", True, {"host_psnr_db": 31.5})
    assert found.verdicts[0]["suspect"] == "jpeg(50)"
    assert (found.key_fingerprint, found.public_key) == (KEY.fingerprint, public_key_of(KEY).hex())
    with pytest.raises(InvalidCertificateError, match="the commitment does not open"):
        check_certificate(RELEASED, key=_key({"size": 9, "alpha": 1e-6}))


def test_the_digests_of_that_day(model: Path) -> None:
    files = {
        "saved_model.pb": "eef93e1d14482804277fca0172464032d1a4fdbcc338524059fa1e861454ad4d",
        "variables/variables.index": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
    }
    digest = "7bd0d8f1af66dfe7ef3cb2ad13fe7817fc25db578ce35204a43e903e58028271"
    assert (file_digests(model), model_digest(files)) == (files, digest)
    assert KEY.fingerprint == "0ea32893257edfd4"
    bound = commitment(KEY, public_key_of(KEY), digest)
    assert bound == "6905b17febe9db6fa2cb34876f3fdb5c9fe962ec437c8c17d938a453f14e19c3"
