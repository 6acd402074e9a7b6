from __future__ import annotations

import pytest

from tests.evaluation.doubles import CellScheme, FakeRun, fake_from_dict, fake_to_dict


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A quiet machine on which only the doubles' attacks exist."""
    monkeypatch.setattr("tfwm.attacks.attack_to_dict", fake_to_dict)
    monkeypatch.setattr("tfwm.attacks.attack_from_dict", fake_from_dict)
    CellScheme.calls.clear()
    return FakeRun(tmp_path)
