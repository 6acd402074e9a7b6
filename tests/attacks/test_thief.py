"""The thief's own draws, and the files that he leaves."""

from __future__ import annotations

import stat

import numpy as np
import pytest

from tests.attacks.toys import patches, same_weights
from tfwm.attacks.thief import keep_stolen, thief_run, thief_seed, write_network
from tfwm.suspects import KerasSuspect


def test_he_draws_apart_from_the_owner(run) -> None:
    assert len({thief_seed(seed) for seed in range(100)} | set(range(100))) == 200
    assert thief_run(run).seed == thief_seed(run.seed)
    assert thief_run(run).directory == run.directory


def test_what_he_keeps_is_what_is_in_the_file(host, run) -> None:
    kept = keep_stolen(host, run, "kept")
    path = run.directory / "model.keras"
    assert kept.name == "kept"
    assert kept.model is not host
    assert same_weights(kept, KerasSuspect("host", host))
    images = patches(2, seed=3)
    np.testing.assert_array_equal(kept(images), KerasSuspect("host", host)(images))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_network_is_written_whole_or_not_at_all(host, tmp_path, monkeypatch) -> None:
    def killed(path, *_, **__):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(host, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        write_network(host, tmp_path / "folder" / "model.keras")
    assert not list((tmp_path / "folder").iterdir())
