"""`tfwm audit-export`: exit codes; places are named, values are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tfwm.keys import OwnerKey

pytestmark = pytest.mark.trains


def test_what_tfwm_exports_is_clean(made: Path, key: OwnerKey, run) -> None:
    for name in ("sealed", "public"):
        assert run("audit-export", made / "served" / name / "1")["clean"] is True
        found = run("audit-export", made / "served" / name / "1", "--key", made / "key")
        assert found["findings"] == []
        assert found["key_fingerprint"] == key.fingerprint


def test_a_planted_secret_is_named_by_its_place(made: Path, key: OwnerKey, tmp_path: Path, run) -> None:
    shutil.copytree(made / "served/sealed/1", tmp_path / "1")
    weights = key.networks["extractor"].get_weights()
    largest = max(weights, key=lambda weight: weight.size)
    with next((tmp_path / "1/variables").glob("variables.data-*")).open("ab") as stream:
        stream.write(largest.tobytes()[64:160] + key.token.hex().encode())
    (tmp_path / "1/assets").mkdir(exist_ok=True)
    (tmp_path / "1/assets/key.json").write_text((made / "key/key.json").read_text())
    found = run("audit-export", tmp_path / "1", "--key", made / "key", code=3)
    named = {(finding["place"], finding["what"]) for finding in found["findings"]}
    data = "variables/variables.data-00000-of-00001"
    assert {
        ("file assets/key.json", "holds the master secret of the key"),
        (f"file {data}", "holds the token of the key"),
        (f"file {data}", "holds weights of the network `extractor` of the key"),
    } <= named  # fmt: skip
    assert any(place == data for place, _ in named)
    unkeyed = run("audit-export", tmp_path / "1", code=3)["findings"]
    assert len(unkeyed) == 2  # the file, and the bytes behind the variables


def test_what_is_no_export_or_no_key_is_a_usage_error(made: Path, tmp_path: Path, run) -> None:
    assert "holds no saved_model.pb" in run("audit-export", tmp_path, code=2)["error"]
    words = ("audit-export", made / "served/sealed/1", "--key", tmp_path / "none")
    assert "is not there" in run(*words, code=2)["error"]
