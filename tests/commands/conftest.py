"""One small marked model, made by the command itself, and exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.canary import CANARY
from tfwm.cli import main
from tfwm.keys import OwnerKey


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds what `tfwm protect` wrote, and `served/<name>/1`; copy it, do not change it."""
    out = tmp_path_factory.mktemp("cli") / "mine"
    fields = ("extractor_blocks=1", "embedder_downs=2", "proxy_downs=2", "probes=24", "adversarial.steps_per_epoch=2")
    smaller = [word for field in fields for word in ("--set", field)]
    words = ["protect", "--preset", "tiny", "--epochs-scale", "1.0", "--patches", "96", "--out", str(out), *smaller]
    # As a killed run leaves it: the secret is known beforehand, so that it can be searched for.
    (out / "work").mkdir(parents=True, mode=0o700)
    (out / "work/secret.hex").write_text(CANARY.hex())
    assert main(words) == 0
    model = ["export", "--model", str(out / "marked.keras")]
    assert main([*model, "--key", str(out / "key"), "--out", str(out / "served/sealed/1")]) == 0
    assert main([*model, "--public", "--out", str(out / "served/public/1")]) == 0
    return out


@pytest.fixture(scope="session")
def key(made: Path) -> OwnerKey:
    return OwnerKey.load(made / "key")


@pytest.fixture
def run(made: Path, key: OwnerKey, capsys):
    """Runs a command with `--json`; nothing secret may show in what it prints."""
    return runner(key, capsys)


def runner(key: OwnerKey, capsys) -> Callable[..., dict[str, Any]]:
    """See `run`, for the secrets of this key."""

    def call(*words: object, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert main([*map(str, words), "--json"]) == code
        captured = capsys.readouterr()
        printed = captured.out + captured.err
        for secret in (key.secret, key.token):
            assert secret.hex() not in printed
            assert repr(secret)[2:-1] not in printed
        return json.loads(captured.out)

    return call
