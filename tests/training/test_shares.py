"""Batches that replicas can share, and the others, which are refused before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.doubles import smallest_scheme
from tfwm.attacks import ATTACKS
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.training import Run, Schedule, check_run
from tfwm.training.shares import batch_sizes, check_shares


@pytest.mark.parametrize("size, fitting", [(8, "6 or 12"), (4, "6"), (2, "6"), (100, "96 or 102")])
def test_batches_that_three_replicas_cannot_share_are_refused(size: int, fitting: str) -> None:
    check_shares({"batch_size": size}, 1)
    check_shares({"batch_size": size}, 2)
    check_shares({"batch_size": 6, "key_images": 9}, 3)
    message = rf"`batch_size` must be a multiple of the 3 replicas .*, got {size}\. Use {fitting}, or train on fewer"
    with pytest.raises(ValueError, match=message):
        check_shares({"batch_size": size}, 3)


def test_examples_that_belong_together_count_as_one() -> None:
    check_shares({"batch_size": 16}, 4, together=4)
    check_shares({"batch_size": 6}, 1, together=4)
    message = "multiple of the 4 replicas that share a batch and of 4 examples that stay together, got 24. Use 16 or 32"
    with pytest.raises(ValueError, match=message):
        check_shares({"batch_size": 24}, 4, together=4)


@dataclass(frozen=True)
class Inner:
    late: Schedule = field(default_factory=lambda: Schedule(1, 1, 10))


@dataclass(frozen=True)
class Settings:
    early: Schedule = field(default_factory=lambda: Schedule(1, 1, 4))
    unused: Schedule = field(default_factory=lambda: Schedule(1, 1, 2))
    parts: tuple[Inner, ...] = field(default_factory=lambda: (Inner(), Inner(Schedule(1, 1, 6))))
    key_batch: int = 5
    other: int = 7
    idle: tuple[str, ...] = ("unused",)


def test_every_batch_of_the_settings_is_found() -> None:
    assert batch_sizes(Settings()) == {
        "early.batch_size": 4, "parts.0.late.batch_size": 10, "parts.1.late.batch_size": 6, "key_batch": 5
    }  # fmt: skip


def test_the_last_stage_is_looked_at_before_the_first_one_runs(tmp_path: Path) -> None:
    settings = Settings(key_batch=6)
    check_run(Run(tmp_path, strategy="mirrored"), settings)
    check_run(Run(tmp_path), replace(settings, key_batch=5))
    with pytest.raises(ValueError, match=r"`key_batch` must be a multiple of the 2 replicas .* got 5\. Use 4 or 6"):
        check_run(Run(tmp_path, strategy="mirrored"), settings, replace(settings, key_batch=5))


def test_a_scheme_says_what_it_leaves_unused_and_what_stays_together() -> None:
    coded = smallest_scheme(clean_stride=4)
    assert coded.together == 4
    assert {"initial.batch_size", "proxy.batch_size", "adversarial.batch_size"} == set(batch_sizes(coded))
    plain = replace(coded, coded=False, controls=4, alpha=0.25, adversarial_stage=False)
    assert {"initial.batch_size", "adversarial.batch_size", "control_schedule.batch_size"} == set(batch_sizes(plain))
    trigger = make_scheme("trigger_image", "tiny")
    assert "drawing.batch_size" in batch_sizes(trigger)
    assert "drawing.batch_size" not in batch_sizes(replace(trigger, visualizer=False))


@pytest.mark.parametrize("preset", ["paper", "fast", "tiny"])
def test_all_presets_can_be_trained_on_two_replicas(preset: str, tmp_path: Path) -> None:
    for name in SCHEMES:
        check_run(Run(tmp_path, strategy="mirrored"), make_scheme(name, preset))


def test_all_attacks_can_be_trained_on_two_replicas(tmp_path: Path) -> None:
    simple = []
    for cls in ATTACKS.values():
        try:
            simple.append(cls())
        except TypeError:  # it asks for something that has no default
            continue
    assert any(batch_sizes(attack) for attack in simple)
    check_run(Run(tmp_path, strategy="mirrored"), *simple)


def test_training_asks_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = make_scheme("blind_watermark", "tiny")
    monkeypatch.setattr(Run, "replicas", 3)
    with pytest.raises(ValueError, match="`key_batch` must be a multiple of the 3 replicas"):
        scheme.train(None, None, Run(tmp_path, strategy="mirrored"))
    monkeypatch.undo()
    coded = smallest_scheme(clean_stride=4)
    coded = replace(coded, adversarial=replace(coded.adversarial, batch_size=4))
    with pytest.raises(ValueError, match=r"`adversarial.batch_size` must be .* of 4 examples that stay together"):
        coded.train(None, None, Run(tmp_path, strategy="mirrored"))
    assert not list(tmp_path.iterdir())
