"""The owner's key on disk: who may read it, what a changed byte does, and that no half key is left."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tfwm.keys import InvalidKeyError, OwnerKey, Pieces, derive, derive_bits, derive_generator, new_secret

FILES = ("key.json", "arrays.npz", "extractor.keras", "manifest.json")


@pytest.fixture(scope="module")
def key() -> OwnerKey:
    image = keras.Input((4, 4, 1))
    network = keras.Model(image, keras.layers.Conv2D(1, 1)(image))
    arrays = {"probes": np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1), "baseline": np.float16([0.5, -1.0])}
    return OwnerKey("deep_watermarking", {"cells": 4, "alpha": 0.1}, new_secret(0), arrays, {"extractor": network})


@pytest.fixture
def folder(key: OwnerKey, tmp_path: Path) -> Path:
    return key.save(tmp_path / "key")


def test_only_the_owner_may_read_it(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(FILES, 0o600)


def test_the_round_trip(key: OwnerKey, folder: Path) -> None:
    again = OwnerKey.load(folder)
    assert (again.scheme, dict(again.settings), again.secret) == (key.scheme, dict(key.settings), key.secret)
    assert (again.fingerprint, again.token) == (key.fingerprint, key.token)
    for name, array in key.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
        assert again.arrays[name].dtype == array.dtype
    picture = np.random.default_rng(0).random((1, 4, 4, 1), np.float32)
    np.testing.assert_array_equal(again.networks["extractor"](picture), key.networks["extractor"](picture))


def test_two_saves_of_one_key_load_alike(key: OwnerKey, folder: Path, tmp_path: Path) -> None:
    assert OwnerKey.load(OwnerKey.load(folder).save(tmp_path / "copy")).fingerprint == key.fingerprint


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0.0, 0.5, 0.999])
def test_a_changed_byte_is_detected_and_named(folder: Path, name: str, where: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(where * len(content))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(InvalidKeyError, match=name) as caught:
        OwnerKey.load(folder)
    assert "key" in str(caught.value)
    assert new_secret(0).hex() not in str(caught.value)


def test_every_single_byte_of_the_document_matters(folder: Path) -> None:
    content = (folder / "key.json").read_bytes()
    for place in range(0, len(content), 7):
        (folder / "key.json").write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(InvalidKeyError):
            OwnerKey.load(folder)


@pytest.mark.parametrize("name", ["arrays.npz", "extractor.keras"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidKeyError, match=rf"was changed since it was written \({name}\)"):
        OwnerKey.load(folder)


def test_an_added_file_is_named(folder: Path) -> None:
    (folder / "classifier.keras").write_bytes(b"planted")
    with pytest.raises(InvalidKeyError, match=r"\(classifier.keras\)"):
        OwnerKey.load(folder)


@pytest.mark.parametrize("name", [".DS_Store", "._key.json", "Thumbs.db", "desktop.ini", ".directory"])
def test_what_file_managers_leave_does_not_void_a_key(key: OwnerKey, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"litter")
    again = OwnerKey.load(folder)
    assert again.fingerprint == key.fingerprint
    assert sorted(path.name for path in again.save(folder.parent / "copy").iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", [".DS_Store.keras", ".hidden", "key.json~", "_.DS_Store"])
def test_any_other_file_voids_it(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"planted")
    with pytest.raises(InvalidKeyError, match=rf"was changed since it was written \({name}\)"):
        OwnerKey.load(folder)


@pytest.mark.parametrize("name", ["key.json", "manifest.json"])
def test_a_folder_without_document_or_manifest_is_no_key(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidKeyError, match="is not a key: expected a directory with key.json and manifest.json"):
        OwnerKey.load(folder)


def test_neither_nothing_nor_a_file_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(InvalidKeyError, match="is not a key"):
            OwnerKey.load(path)


@pytest.mark.parametrize("version", [1, 3, "2", None])
def test_another_format_is_refused(folder: Path, version: object) -> None:
    document = json.loads((folder / "key.json").read_text())
    (folder / "key.json").write_text(json.dumps({**document, "format": version}))
    with pytest.raises(InvalidKeyError, match=r"has key format .*this version of tfwm reads 2"):
        OwnerKey.load(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\udcff", '{"format": 2}', '{"format": 2, "secret": 3}'])
def test_a_document_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / "key.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InvalidKeyError):
        OwnerKey.load(folder)


def test_a_forged_manifest_without_the_secret_is_detected(folder: Path) -> None:
    """A thief who swaps an array and mends its digest still lacks the HMAC key of another secret."""
    import hashlib

    np.savez(folder / "arrays.npz", probes=np.zeros((2, 4, 4, 1), np.uint8))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["arrays.npz"] = hashlib.sha256((folder / "arrays.npz").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidKeyError, match="manifest.json"):
        OwnerKey.load(folder)


@pytest.mark.parametrize("files", [[], None, {"key.json": 1}, "x"])
def test_a_manifest_with_odd_files_is_refused(folder: Path, files: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": files}))
    with pytest.raises(InvalidKeyError, match="manifest.json"):
        OwnerKey.load(folder)


def test_a_key_is_not_overwritten_unasked(key: OwnerKey, folder: Path) -> None:
    other = replace(key, secret=new_secret(1))
    with pytest.raises(FileExistsError, match="exists already. Choose another place, or allow overwriting"):
        other.save(folder)
    assert OwnerKey.load(folder).fingerprint == key.fingerprint
    assert OwnerKey.load(other.save(folder, overwrite=True)).fingerprint == other.fingerprint
    assert [path.name for path in folder.parent.iterdir()] == ["key"]


class _Fails:
    """A network that cannot be written."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failed_save_leaves_no_half_key(key: OwnerKey, tmp_path: Path, overwrite: bool) -> None:
    if overwrite:
        key.save(tmp_path / "key")
    broken = replace(key, secret=new_secret(1), networks={**key.networks, "zz": _Fails()})
    with pytest.raises(OSError, match="No space left"):
        broken.save(tmp_path / "key", overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["key"] * overwrite
    if overwrite:
        assert OwnerKey.load(tmp_path / "key").fingerprint == key.fingerprint


def test_repr_shows_the_fingerprint_only(key: OwnerKey) -> None:
    assert repr(key) == str(key) == f"OwnerKey(deep_watermarking, {key.fingerprint})"
    assert len(key.fingerprint) == 16
    assert key.secret.hex()[:16] != key.fingerprint


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`secret` must be 32 bytes, got 5. Use tfwm.keys.new_secret\(\)"):
        OwnerKey("x", {}, b"short")


def test_fresh_secrets_differ_and_seeded_ones_repeat() -> None:
    assert len({new_secret() for _ in range(20)} | {new_secret(seed) for seed in range(20)}) == 40
    assert new_secret(7) == new_secret(7)


def test_derive_is_hkdf_sha256() -> None:
    """RFC 5869 with its two HMAC steps written out."""
    import hashlib
    import hmac

    secret, label = bytes(range(32)), "label"
    extracted = hmac.new(b"tfwm/1", secret, hashlib.sha256).digest()
    first = hmac.new(extracted, label.encode() + b"\x01", hashlib.sha256).digest()
    second = hmac.new(extracted, first + label.encode() + b"\x02", hashlib.sha256).digest()
    assert derive(secret, label, 48) == (first + second)[:48]


def test_labels_and_secrets_are_kept_apart(key: OwnerKey) -> None:
    derived = {derive(secret, label, 16) for secret in (new_secret(0), new_secret(1)) for label in ("a", "b", "ab", "")}
    assert len(derived) == 8
    assert len(key.token) == 16
    assert key.token != derive(key.secret, "fingerprint", 16)


def test_bits_are_unpacked_from_the_derived_bytes() -> None:
    secret = new_secret(0)
    bits = derive_bits(secret, "code", 19)
    assert (
        bits.tolist() == [(byte >> shift) & 1 for byte in derive(secret, "code", 3) for shift in range(7, -1, -1)][:19]
    )


def test_generators_repeat_and_differ() -> None:
    first, again = derive_generator(new_secret(0), "a"), derive_generator(new_secret(0), "a")
    assert first.integers(2**63) == again.integers(2**63) != derive_generator(new_secret(0), "b").integers(2**63)


def test_pieces_are_checked_against_the_settings() -> None:
    pieces = Pieces(3, bytes(32), {1: bytes(32)})
    pieces.check(3)
    for wrong in (Pieces(3, bytes(32), {}), Pieces(3, bytes(32), {3: bytes(32)}), Pieces(4, bytes(32), {1: bytes(32)})):
        with pytest.raises(InvalidKeyError, match="`pieces` must be some of 3, as the settings say"):
            wrong.check(3)
    assert "secrets" not in repr(pieces)
