"""Commands that talk to a served model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from serving.server import Server
from tfwm.data import decode_image, encode_png, photographs, to_uint8
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_of

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module")
def endpoint(made: Path) -> Iterator[str]:
    models = {name: made / "served" / name for name in ("sealed", "public")}
    with Server(models) as server:
        yield f"grpc://{server.address}"


def test_verify_an_endpoint(made: Path, endpoint: str, run) -> None:
    found = run("verify", "--trust-key", "--suspect", f"{endpoint}/public", "--key", made / "key")
    assert found["marked"] is True
    assert found["access"] == "queries"
    assert found["served_versions"] == [1]
    assert (
        "NOT_FOUND"
        in run("verify", "--trust-key", "--suspect", f"{endpoint}/other", "--key", made / "key", code=4)["error"]
    )
    assert (
        "UNAVAILABLE"
        in run("verify", "--trust-key", "--suspect", "grpc://127.0.0.1:1/m", "--key", made / "key", code=4)["error"]
    )


def test_extract_needs_the_right_token(made: Path, key: OwnerKey, endpoint: str, tmp_path: Path, run) -> None:
    (tmp_path / "cat.png").write_bytes(encode_png(photographs("test")["chelsea"]))
    words = ("extract", "--suspect", f"{endpoint}/sealed", "--key", made / "key", "--picture")
    right = run(*words, tmp_path / "cat.png", "--through-model", tmp_path / "marked.png", "--out", tmp_path / "a.png")
    wrong = run(*words, tmp_path / "marked.png", "--out", tmp_path / "b.png", "--wrong-token")
    logo, noise, marked = (
        decode_image((tmp_path / name).read_bytes(), name) for name in ("a.png", "b.png", "marked.png")
    )
    assert marked.shape == photographs("test")["chelsea"].shape
    assert (right["token"], wrong["token"]) == ("owner", "wrong")
    expected = to_uint8(scheme_of(key).extract(marked[None], key)["logo"][0].clip(0, 1))
    # Written at 8 bits, the marked picture is not quite what the server extracted from.
    assert np.abs(logo.astype(int) - expected).max() <= 3
    assert np.abs(noise.astype(int) - expected).max() > 100
    assert abs(wrong["nc_centred"]) < 0.1


def test_extract_from_a_public_model(made: Path, endpoint: str, tmp_path: Path, run) -> None:
    (tmp_path / "cat.png").write_bytes(encode_png(photographs("test")["chelsea"]))
    words = (
        "extract",
        "--key",
        made / "key",
        "--picture",
        tmp_path / "cat.png",
        "--out",
        tmp_path / "a.png",
        "--suspect",
    )
    assert "Does the model have the signature `extract`?" in run(*words, f"{endpoint}/public", code=4)["error"]
    assert "must be grpc://host:port/model" in run(*words, made / "marked.keras", code=2)["error"]
    # Refused before anything is sent: the name is reserved, nobody has it.
    assert "anyone on the way could read it" in run(*words, "grpc://host.invalid:1/m", code=2)["error"]
    assert not (tmp_path / "a.png").exists()
