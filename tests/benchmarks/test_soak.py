"""The soak: its figures by hand, and a few seconds of it with versions that come and fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.soak import MODEL, Pusher, Soak, darkening, memory_mib, soak
from serving.server import Server
from tfwm.exporting import export


def test_the_slope_of_the_memory_by_hand() -> None:
    """The first fifth of the time does not count: the server is still settling."""
    seen = Soak(memory=[(0.0, 900.0), (10.0, 100.0), (20.0, 100.0), (40.0, 101.0), (60.0, 102.0), (100.0, 104.0)])
    assert seen.mib_per_minute == pytest.approx(3.0)
    assert 1.0 < memory_mib(os.getpid()) < 100_000.0


@pytest.mark.trains  # exports
def test_no_request_fails_while_versions_come_and_fail(tmp_path: Path) -> None:
    sources = [export(darkening(factor), tmp_path / f"{factor}", public=True) for factor in (0.25, 0.5)]
    folder = tmp_path / MODEL
    pusher = Pusher(sources, folder)
    folder.mkdir()
    sources[1].rename(folder / "1")
    sources[1] = sources[0]
    with Server({MODEL: folder}, poll_s=0.1) as server:
        seen = soak(server.address, os.getpid(), 4.0, 20.0, (0.25, 0.5), pusher.push, 0.8)
    assert (seen.failed, seen.wrong, len(seen.latencies_ms)) == ([], 0, 80)
    assert seen.versions >= {1, 2}
