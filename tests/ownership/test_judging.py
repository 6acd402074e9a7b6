"""The judge asks: what is ours is verified, and every lie that a bundle's form does not betray loses here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from tests.ownership.authority import Authority, serving
from tests.ownership.toys import CLASSES, SAMPLES, SCHEME, SHOWN, controls, innocent, key_of, pool, thief
from tfwm.evidence.claims import GRINDABLE, UNCOMMITTED, Standing, committed
from tfwm.keys import OwnerKey, new_secret
from tfwm.ownership.bundle import opening_for, write_bundle
from tfwm.ownership.commitments import commit
from tfwm.ownership.identity import fresh_signing_key
from tfwm.ownership.judging import Judgement, judge
from tfwm.ownership.ledger import Block, choices
from tfwm.ownership.reading import Evidence, InvalidEvidenceError, read_bundle
from tfwm.ownership.standing import checked_time, earliest, read_date, standing_of
from tfwm.ownership.timestamps import request_timestamp
from tfwm.ownership.transcript import Transcript, read_transcript
from tfwm.schemes import scheme_of
from tfwm.schemes.key_samples.marking import marked_with_key
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.suspects import FunctionSuspect, UnreachableError
from tfwm.suspects.trivial import constant_class, hashed_class, random_scores
from tfwm.types import Suspect
from tfwm.untrusted import UntrustedError

ALPHA = 1e-6
FIRST = Block(0, SHOWN)
JOINT = replace(SCHEME, labels="joint", samples=20, host_weight=0.5, alpha=0.9)
COMMITTED = committed("2026-03-01", "a test")
AUTHORITY = Authority()
RELEASED = datetime(2026, 4, 1, tzinfo=timezone.utc)


def evidence_of(folder: Path, key: OwnerKey, block: Block = FIRST, **options: bytes | None) -> Evidence:
    return read_bundle(write_bundle(folder, scheme_of(key), key, block, **options).path)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return evidence_of(tmp_path_factory.mktemp("bundles") / "bundle", key_of())


def asked(evidence: Evidence, suspect: Suspect, standing: Standing = UNCOMMITTED, alpha: float = ALPHA) -> Judgement:
    return judge(evidence, suspect, controls(), standing, alpha, Transcript())


def test_the_marked_model_is_verified_at_a_price(evidence: Evidence) -> None:
    found = asked(evidence, thief(key_of()))
    assert found.verified
    # 30 of 30 labels, each by a chance of 1 / 9; 2^40 keys; blocks of 1 to 60 of 60 pieces.
    looks = sum(SAMPLES // size for size in range(1, SAMPLES + 1))
    assert found.log10_p == pytest.approx(-SHOWN * math.log10(CLASSES - 1))
    assert (found.looks, found.standing.tries) == (looks, 2.0**40)
    assert found.log10_claim == pytest.approx(found.log10_p + math.log10(looks) + 40 * math.log10(2))
    assert len(found.controls) == 6


@pytest.mark.parametrize(
    "suspect",
    [
        innocent(), constant_class(3, CLASSES), random_scores(CLASSES, seed=5), hashed_class(CLASSES, seed=5),
        FunctionSuspect("not a number", lambda images: np.full((len(images), CLASSES), np.nan, np.float32)),
        FunctionSuspect("infinite", lambda images: np.full((len(images), CLASSES), np.inf, np.float32)),
    ],
    ids=lambda suspect: suspect.name,
)  # fmt: skip
@pytest.mark.parametrize("standing", [UNCOMMITTED, COMMITTED], ids=["uncommitted", "committed"])
def test_suspects_that_know_nothing(suspect: Suspect, standing: Standing, evidence: Evidence) -> None:
    assert not asked(evidence, suspect, standing).verified


def test_somebody_elses_model(evidence: Evidence) -> None:
    assert not asked(evidence, thief(key_of(5)), COMMITTED).verified


def test_what_a_commitment_is_worth(evidence: Evidence) -> None:
    """A model that has lost much of its mark: enough for a key that was fixed before, not for one of today."""
    half = thief(key_of(), share=0.27)
    before, after = asked(evidence, half, COMMITTED), asked(evidence, half, UNCOMMITTED)
    assert before.log10_p == after.log10_p
    assert (before.verified, after.verified) == (True, False)
    assert before.log10_claim < -6
    assert after.log10_claim == pytest.approx(min(0.0, before.log10_claim + math.log10(GRINDABLE)))


def test_ground_secrets(tmp_path: Path) -> None:
    """The liar has seen an innocent model, and tries secret after secret offline until its answers fit."""
    encoder, logo = SCHEME.new_encoder(3), SCHEME.logo_pixels()

    def hits(seed: int) -> tuple[int, int]:
        made = new_samples(SCHEME, pool(), logo, encoder, new_secret(seed))
        return int((innocent()(made.images).argmax(axis=1) == made.labels).sum()), seed

    best, seed = max(hits(seed) for seed in range(40))
    made = new_samples(SCHEME, pool(), logo, encoder, new_secret(seed))
    key = marked_with_key(SCHEME, encoder, made, logo, new_secret(seed), [], encoder=encoder).key
    found = asked(evidence_of(tmp_path / "bundle", key, Block(0, SAMPLES)), innocent(), alpha=0.01)
    assert best > SAMPLES / (CLASSES - 1) + 3  # much better than chance
    assert found.log10_p < -1
    assert not found.verified
    assert found.log10_claim == 0.0


def test_samples_that_suit_the_liar(tmp_path: Path) -> None:
    """Of an innocent model's answers he shows the block that fits best; the judge reckons with every block."""
    key = key_of(covers=2)
    right = innocent()(SCHEME.asked(key).images).argmax(axis=1) == SCHEME.asked(key).labels
    size = 4
    best = int(right.reshape(-1, size).sum(axis=1).argmax())
    found = asked(evidence_of(tmp_path / "bundle", key, Block(best, size)), innocent(), COMMITTED, 0.9999)
    assert not found.verified
    assert found.looks == choices(SAMPLES)


def test_evidence_that_fires_on_everybody(evidence: Evidence) -> None:
    """Samples to which every model gives the label, transferable adversarial ones for instance."""
    transcript = Transcript()
    liars = [*controls(), replace(thief(key_of()), name="a control")]
    with pytest.raises(InvalidEvidenceError, match="fires on 1 of 7 controls.*`a control`") as caught:
        judge(evidence, _never(), liars, UNCOMMITTED, ALPHA, transcript)
    assert caught.value.code == "fires-on-controls"


def _never() -> FunctionSuspect:
    def fail(images: np.ndarray) -> np.ndarray:
        raise AssertionError("the suspect was asked, and could have learnt the samples")

    return FunctionSuspect("suspect", fail)


@pytest.mark.parametrize(
    ("controls_given", "alpha", "message"),
    [
        ([], ALPHA, "at least one model that has nothing to do with the owner"),
        (controls(), 1e-30, "`--alpha` 1e-30 is asked for over 261 looks and 1.1e"),
        ([FunctionSuspect("other", lambda images: np.zeros((len(images), 3), np.float32))], ALPHA,
         "`--controls`: `other` is no model of this task"),
    ],
)  # fmt: skip
def test_questions_that_cannot_be_asked(controls_given, alpha: float, message: str, evidence: Evidence) -> None:
    with pytest.raises(ValueError, match=message):
        judge(evidence, _never(), controls_given, UNCOMMITTED, alpha, Transcript())


def test_a_suspect_of_another_task_or_of_none(evidence: Evidence) -> None:
    with pytest.raises(ValueError, match="scores"):
        asked(evidence, FunctionSuspect("other", lambda images: np.zeros((len(images), 3), np.float32)))

    def gone(images: np.ndarray) -> np.ndarray:
        raise UnreachableError("nobody")

    transcript = Transcript()
    with pytest.raises(UnreachableError):
        judge(evidence, FunctionSuspect("gone", gone), controls(), UNCOMMITTED, ALPHA, transcript)


def test_no_state_between_two_judgements(evidence: Evidence) -> None:
    assert asked(evidence, thief(key_of())) == asked(evidence, thief(key_of()))


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory) -> tuple[OwnerKey, Evidence]:
    """The published form, labels first: the owner's controls, of which he says that none answers a label."""
    secret, logo, encoder = new_secret(3), JOINT.logo_pixels(), JOINT.new_encoder(3)
    made = new_samples(JOINT, pool(), logo, encoder, secret)
    none = {"control_hits": np.zeros((9, 20), bool)}
    key = marked_with_key(JOINT, encoder, made, logo, secret, [], arrays=none, encoder=encoder).key
    return key, evidence_of(tmp_path_factory.mktemp("joint") / "bundle", key, Block(0, 20))


def _many(count: int) -> list[FunctionSuspect]:
    draw = np.random.default_rng(1)
    shifts = draw.integers(0, 256, (count, 2))
    return [
        FunctionSuspect(f"control {index}", _scores(int(first), int(second)))
        for index, (first, second) in enumerate(shifts)
    ]


def _scores(first: int, second: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda images: np.eye(CLASSES, dtype=np.float32)[
        (np.round(images[:, 0, 0, 0] * 255).astype(int) * first + second) % 251 % CLASSES
    ]


def test_labels_that_came_first_are_worth_a_rank_among_the_judges_models(joint: tuple[OwnerKey, Evidence]) -> None:
    key, evidence = joint
    with pytest.raises(ValueError, match=r"a rank among the judge's 3 controls, never below 0\.25"):
        asked(evidence, thief(), COMMITTED)
    made = JOINT.asked(key)
    table = {image.tobytes(): label for image, label in zip(made.images, made.labels)}

    def answer(images: np.ndarray) -> np.ndarray:
        return np.eye(CLASSES, dtype=np.float32)[
            [table[image.tobytes()] for image in np.round(images * 255).astype(np.uint8)]
        ]

    looks, many = choices(20), _many(79)
    assert looks == 66
    found = judge(evidence, FunctionSuspect("marked", answer), many, COMMITTED, 0.9, Transcript())
    assert found.verified
    assert 10**found.log10_p == pytest.approx(1 / 80)
    assert "exchangeable with the judge's 79 controls" in found.null
    # The owner's own controls would have given an innocent model 1/10 at one hit; the judge's give it its rank.
    assert not judge(evidence, many[0], many[1:], COMMITTED, 0.9, Transcript()).verified


def stamped(folder: Path, key: OwnerKey, authority: Authority = AUTHORITY) -> Evidence:
    """Evidence with a commitment and a time stamp."""
    model = folder / "model"
    model.mkdir(parents=True)
    (model / "saved_model.pb").write_bytes(b"graph")
    envelope = commit(opening_for(SCHEME, key), model, "Example Labs", fresh_signing_key())
    with serving(authority) as url:
        token = request_timestamp(url, envelope)
    return evidence_of(folder / "bundle", key, commitment=envelope, timestamp=token)


def test_a_commitment_before_the_release(tmp_path: Path) -> None:
    evidence = stamped(tmp_path, key_of())
    stamp = checked_time(evidence, [AUTHORITY.root])
    assert stamp is not None
    found = standing_of(evidence, stamp, RELEASED)
    assert (found.name, found.tries) == ("committed", 1.0)
    assert "Test Time" in found.sentence
    many = standing_of(evidence, stamp, RELEASED, commitments=1000)
    assert (many.name, many.tries) == ("committed", 1000.0)
    assert "one of 1000 commitments" in many.sentence
    with pytest.raises(ValueError, match="at least 1"):
        standing_of(evidence, stamp, RELEASED, commitments=0)


@pytest.mark.parametrize(
    ("authorities", "released", "why"),
    [
        ([AUTHORITY.root], datetime(2026, 3, 1, tzinfo=timezone.utc), "not before 2026-03-01"),
        # A second before the stamp, and within the second by which the authority's clock may be wrong.
        ([AUTHORITY.root], datetime(2026, 3, 1, 12, 0, 1, tzinfo=timezone.utc), "not before"),
        ([AUTHORITY.root], None, "nobody said when the suspect was first seen"),
        ([], RELEASED, "was not checked"),
    ],
)
def test_a_commitment_without_a_time_that_counts(authorities, released, why: str, tmp_path: Path) -> None:
    evidence = stamped(tmp_path, key_of())
    found = standing_of(evidence, checked_time(evidence, authorities), released)
    assert (found.name, found.tries) == ("uncommitted", 2.0**40)
    assert why in found.sentence


def test_a_time_stamp_of_another_commitment(tmp_path: Path) -> None:
    first, second = stamped(tmp_path / "a", key_of()), stamped(tmp_path / "b", key_of(5))
    swapped = replace(first, timestamp=second.timestamp)
    with pytest.raises(UntrustedError) as caught:
        checked_time(swapped, [AUTHORITY.root])
    assert caught.value.code == "timestamp"
    bare = replace(first, timestamp=None)
    assert checked_time(bare, [AUTHORITY.root]) is None
    assert "no time but the owner's own" in standing_of(bare, None, RELEASED).sentence


def test_of_two_genuine_marks_the_earlier_wins(tmp_path: Path) -> None:
    """An overwritten model answers to both keys."""
    late = replace(AUTHORITY, time=datetime(2026, 3, 20, tzinfo=timezone.utc))
    thieves = stamped(tmp_path / "thief", key_of(5), late)
    owners = stamped(tmp_path / "owner", key_of())
    suspect = thief(key_of(), key_of(5))
    stamps = [checked_time(each, [AUTHORITY.root]) for each in (thieves, owners)]
    for each, stamp in zip((thieves, owners), stamps):
        assert asked(each, suspect, standing_of(each, stamp, RELEASED)).verified
    assert earliest(stamps) == 1
    assert earliest([stamps[0], None]) == 0
    assert earliest([None, None]) is None
    assert earliest([stamps[0], stamps[0]]) is None
    assert earliest([None]) == 0


def test_dates() -> None:
    assert read_date("2026-04-01") == RELEASED
    assert read_date("2026-04-01T02:00:00+02:00") == RELEASED
    assert read_date("2026-04-01T00:00:00Z") == RELEASED
    with pytest.raises(ValueError, match="--released"):
        read_date("yesterday")


def test_the_transcript_has_every_question(evidence: Evidence, tmp_path: Path) -> None:
    transcript = Transcript()
    judge(evidence, thief(key_of()), controls(), UNCOMMITTED, ALPHA, transcript)
    lines = read_transcript(transcript.save(tmp_path / "t.jsonl", fresh_signing_key()))
    answers = [line["facts"] for line in lines if line["event"] == "answer"]
    assert [each["role"] for each in answers] == ["control"] * 6 + ["suspect"]
    assert len({each["request"] for each in answers}) == 1
    assert len({each["response"] for each in answers}) == 7
    assert lines[-2]["facts"]["verified"] is True
