"""Transcripts: no line can be changed, moved, added or taken out without a trace."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tfwm.ownership.identity import public_bytes
from tfwm.ownership.transcript import Transcript, read_transcript
from tfwm.untrusted import UntrustedError

JUDGE = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = public_bytes(JUDGE).hex()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ticks = count()
    transcript = Transcript(clock=lambda: f"2026-03-01T00:00:{next(ticks):02d}")
    transcript.add("start", suspect="a")
    transcript.add("answer", request="1", response="2")
    transcript.add("judgement", verified=True)
    return transcript.save(tmp_path / "transcript.jsonl", JUDGE)


def test_says_what_happened_in_order(path: Path) -> None:
    lines = read_transcript(path, public_key=PUBLIC)
    assert [line["event"] for line in lines] == ["start", "answer", "judgement", "end"]
    assert lines[0]["facts"]["suspect"] == "a"
    assert lines[1]["facts"] == {"request": "1", "response": "2"}
    assert lines[-1]["facts"]["public_key"] == PUBLIC


def _refused(path: Path, **options: str) -> str:
    with pytest.raises(UntrustedError) as caught:
        read_transcript(path, **options)
    return caught.value.code


def test_every_changed_bit_is_found(path: Path) -> None:
    content = path.read_bytes()
    for place in range(0, len(content), 5):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert _refused(path), place


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:], lambda lines: lines[:1] + lines[2:], lambda lines: lines[:-1],
        lambda lines: [lines[0], lines[2], lines[1], lines[3]], lambda lines: lines[:2] + lines[1:],
        lambda lines: [*lines, lines[-1]], lambda lines: [], lambda lines: lines[-1:],
    ],
)  # fmt: skip
def test_lines_stay_where_they_are(path: Path, change) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert _refused(path)


def test_a_transcript_made_anew_has_another_signature(path: Path, tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.add("start", suspect="a")
    forged = transcript.save(tmp_path / "forged.jsonl", Ed25519PrivateKey.from_private_bytes(bytes([1] * 32)))
    assert _refused(forged, public_key=PUBLIC) == "transcript"
    lines = forged.read_bytes().splitlines(keepends=True)
    end = json.loads(lines[-1])
    end["facts"]["public_key"] = PUBLIC
    forged.write_bytes(lines[0] + json.dumps(end).encode() + b"\n")
    assert _refused(forged) == "transcript"


def test_no_line_twice_after_another_count(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_transcript(tmp_path / "nothing.jsonl")
