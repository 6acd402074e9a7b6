"""What `tfwm` writes and prints around one key holds nothing that is drawn from its secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canary import CANARY, short_secrets
from tfwm.cli import main
from tfwm.data import encode_png, photographs
from tfwm.keys import OwnerKey

pytestmark = pytest.mark.trains


def test_the_canary_is_what_marks(key: OwnerKey) -> None:
    assert key.secret == CANARY


def test_protect_and_export_write_it_into_the_key_folder_alone(made: Path, key: OwnerKey) -> None:
    found = short_secrets(key).found_under(made)
    assert "the master secret" in found["key/key.json"]
    assert all(name.startswith("key/") for name in found)
    # `protect` deletes what it kept for a killed run.
    assert not (made / "work/secret.hex").exists()


@pytest.mark.parametrize("verbose", [[], ["--verbose"]])
def test_commands_print_nothing_of_it(made: Path, key: OwnerKey, tmp_path: Path, capfd, verbose: list[str]) -> None:
    (tmp_path / "cat.png").write_bytes(encode_png(photographs("test")["chelsea"][:64, :64]))
    folder = str(made / "key")
    commands = [
        ["inspect", folder],
        ["verify", "--trust-key", "--suspect", str(made / "marked.keras"), "--key", folder],
        ["audit-export", str(made / "served/sealed/1"), "--key", folder],
        ["export", "--model", str(made / "marked.keras"), "--key", folder, "--out", str(tmp_path / "again/1")],
        ["commit", folder, "--model", str(made / "served/sealed/1"), "--identity", "Example Labs",
         "--new-signing-key", str(tmp_path / "owner.pem"), "--out", str(tmp_path / "commitment.json")],
        ["probes", "--key", folder, "--out", str(tmp_path / "probes")],
    ]  # fmt: skip
    for words in commands:
        assert main([*words, *verbose]) in (0, 1), words
    printed = capfd.readouterr()
    canary = short_secrets(key)
    assert canary.found(printed.out.encode()) == []
    assert canary.found(printed.err.encode()) == []
    assert canary.found_under(tmp_path) == {}
