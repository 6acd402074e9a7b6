"""Changed code must change the digest that checkpoints and caches are keyed by."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfwm import digests as codedigest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub" / "b.py").write_text("y = 2\n")
    monkeypatch.setattr(codedigest, "PACKAGE", tmp_path)
    return tmp_path


def _digest() -> str:
    codedigest.code_digest.cache_clear()
    try:
        return codedigest.code_digest()
    finally:
        codedigest.code_digest.cache_clear()


def test_content_names_and_places_count(package: Path) -> None:
    digests = [_digest()]
    (package / "sub" / "b.py").write_text("y = 3\n")
    digests.append(_digest())
    (package / "sub" / "b.py").rename(package / "sub" / "c.py")
    digests.append(_digest())
    (package / "c.py").write_text("")
    digests.append(_digest())
    assert len(set(digests)) == 4
    assert {len(digest) for digest in digests} == {16}


def test_other_files_do_not(package: Path) -> None:
    before = _digest()
    (package / "notes.txt").write_text("nothing")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert _digest() == before
