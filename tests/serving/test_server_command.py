"""The command line of the server, and what importing it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving import server
from serving.client import predict
from tests.serving.brightener import TOKEN, images

pytestmark = pytest.mark.trains  # whole commands

ROOT = Path(__file__).parents[2]


def test_the_command_serves_and_stops_on_sigterm(versions: dict[float, Path], tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "serving.server", "--model", f"m={versions[0.5]}", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "--port-file", str(port_file), "--verbose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(port_file.read_text()) if line else 0
        assert line == f"serving on 127.0.0.1:{port}\n"
        inputs = {"image": images(1, 4, 4, 3), "token": TOKEN}
        assert predict(f"127.0.0.1:{port}", "m", inputs, "extract")["code"].shape == (16,)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "loaded model m version 1" in errors
    assert TOKEN[1:-1].decode() not in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`models` is empty"),
        (["--model", "m"], "`--model` must be name=folder, got 'm'"),
        (["--model", "m=/x", "--tls-cert", "c"], "`--tls-cert` and `--tls-key` go together"),
        (["--model", "m=/x", "--tls-client-ca", "c"], "`--tls-client-ca` needs"),
        (["--model", "m=/x", "--host", "0.0.0.0"], "can be reached from other machines"),
        (["--config", "/nowhere"], "No such file"),
        (["--model", "m=/x", "--max-batch", "-1"], "`batch` must be at least 0, got -1"),
    ],
)
def test_wrong_arguments_exit_with_two(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert server.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_help_needs_no_tensorflow() -> None:
    code = "import serving.server, serving.client, sys; assert 'tensorflow' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
