"""From what a user writes to a suspect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.doubles import smoothing_host
from tfwm.suspects import KerasSuspect, SavedModelSuspect, open_suspect
from tfwm.suspects.remote import GrpcSuspect

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 3)).astype(np.uint8)


def test_open_suspect_knows_endpoints() -> None:
    suspect = open_suspect("grpc://host:8500/derain")
    assert suspect == GrpcSuspect("host:8500", "derain")
    assert suspect.name == "grpc://host:8500/derain"
    assert open_suspect("grpcs://host:1/m:extract") == GrpcSuspect("host:1", "m", "extract", secure=True)


def test_open_suspect_knows_files(saved: Path, tmp_path: Path) -> None:
    assert isinstance(open_suspect(str(saved)), SavedModelSuspect)
    smoothing_host().save(tmp_path / "host.keras")
    suspect = open_suspect(str(tmp_path / "host.keras"))
    np.testing.assert_allclose(suspect(PICTURES), KerasSuspect("h", smoothing_host())(PICTURES), atol=1e-6)
    assert suspect.name == "host"


def test_a_file_that_only_looks_like_a_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"cut.keras` is no .keras file, or was cut off"):
        open_suspect(str(tmp_path / "cut.keras"))


def test_hdf5_is_refused_before_it_is_read(tmp_path: Path) -> None:
    smoothing_host().save(tmp_path / "host.h5")
    with pytest.raises(ValueError, match=r"host.h5` must be a .keras file: others may run a stranger's code"):
        open_suspect(str(tmp_path / "host.h5"))


def test_an_authority_is_for_endpoints_with_tls_only() -> None:
    assert open_suspect("grpcs://host:1/m", tls_ca="ca.pem") == GrpcSuspect("host:1", "m", secure=True, tls_ca="ca.pem")
    for text in ("grpc://host:1/m", "model.keras"):
        with pytest.raises(ValueError, match="`tls_ca` is for grpcs://host:port/model, got the suspect"):
            open_suspect(text, tls_ca="ca.pem")


@pytest.mark.parametrize("text", ["grpc://host", "grpc://", "grpc://host:1/a/b", "grpc:///m"])
def test_endpoints_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="`suspect` must look like grpc://host:port/model, got"):
        open_suspect(text)


@pytest.mark.parametrize("text", ["", "nothing", "nothing.keras", "nothing.npz", "http://host/m"])
def test_texts_that_are_no_suspect(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"`suspect` must be grpc://host:port/model, a .keras file.*Does the path exist"
    ):
        open_suspect(text)
