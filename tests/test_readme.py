"""The README's script runs as it stands there, and what it prints is what the README says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfwm.keys import new_secret

pytestmark = pytest.mark.trains

README = Path(__file__).parents[1] / "README.md"


def test_the_ten_lines_run(tmp_path, monkeypatch, capsys):
    (script,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    monkeypatch.chdir(tmp_path)
    # A passing secret decides 16 bits after a minute's training: now and then two of them are wrong.
    fixed = new_secret(1)
    monkeypatch.setattr("tfwm.keys.secrets.token_bytes", lambda count: fixed[:count])
    scope: dict = {}
    exec(compile(script, "README.md", "exec"), scope)
    assert scope["verdict"].marked
    assert not scope["control"].marked
    assert (tmp_path / "runs/readme/serving/1/saved_model.pb").is_file()
    assert "True" in capsys.readouterr().out
