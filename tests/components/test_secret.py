import os
import stat

import pytest

from tfwm.components.secret import KEPT, fingerprint, owner_secret
from tfwm.keys import OwnerKey


def test_a_drawn_secret_is_kept_for_its_owner_alone(tmp_path):
    first = owner_secret("", tmp_path / "work")
    assert owner_secret("", tmp_path / "work") == first
    assert len(first) == 32
    assert stat.S_IMODE((tmp_path / "work" / KEPT).stat().st_mode) == 0o600


def test_two_folders_draw_different_secrets(tmp_path):
    assert owner_secret("", tmp_path / "one") != owner_secret("", tmp_path / "two")


def test_a_given_file_is_read_and_nothing_is_drawn(tmp_path):
    file = tmp_path / "secret"
    file.write_text("0f" * 32 + "\n")
    file.chmod(0o600)
    assert owner_secret(str(file), tmp_path / "work") == bytes([15]) * 32
    assert not (tmp_path / "work").exists()


def test_a_byte_order_mark_before_the_secret_is_passed_over(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xef\xbb\xbf" + b"0f" * 32 + b"\r\n")
    file.chmod(0o600)
    assert owner_secret(str(file), tmp_path / "work") == bytes([15]) * 32


def test_a_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_text("0f" * 32)
    file.chmod(0o640)
    with pytest.raises(PermissionError, match=r"can be read by others \(mode 640\)\. chmod 600"):
        owner_secret(str(file), tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_ours_to_close(tmp_path):
    file = tmp_path / "secret"
    file.write_text("0f" * 32)
    file.chmod(0o444)
    os.chown(file, 12345, 12345)
    assert owner_secret(str(file), tmp_path) == bytes([15]) * 32


@pytest.mark.parametrize("content", ["", "0f" * 31, "0f" * 33, "zz" * 32])
def test_another_content_is_refused_without_quoting_it(tmp_path, content):
    file = tmp_path / "secret"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ValueError, match="must hold 64 hex digits") as refused:
        owner_secret(str(file), tmp_path)
    assert not content or content not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"`secret_file` .*nowhere is not there"):
        owner_secret(str(tmp_path / "nowhere"), tmp_path)


def test_the_fingerprint_is_the_keys(tmp_path):
    secret = owner_secret("", tmp_path)
    assert fingerprint(secret) == OwnerKey("deep_watermarking", {}, secret).fingerprint
