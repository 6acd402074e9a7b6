"""Table XIII: minutes of embedding, seconds of verification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any, cast

import numpy as np
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.bookkeeping import Spent
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.scales import HOSTS, baseline
from tfwm.papers.quan2020.sizes import COMPARED, sized_subject, sized_title, sizes_of
from tfwm.schemes import scheme_of
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.schemes.trigger_image.verification import asked_for, distance, threshold
from tfwm.suspects import KerasSuspect

# Minutes of embedding: Base-1, Base-2, ours; seconds of verification, the same.
TABLE_13 = {
    "dncnn": {
        40: (23.98, 25.35, 22.70, 2.81, 2.96, 2.77), 80: (24.54, 25.84, 22.82, 2.84, 3.09, 2.80),
        160: (26.78, 28.65, 24.81, 2.87, 3.15, 2.84), 320: (37.56, 39.85, 33.37, 2.89, 3.17, 2.85),
        480: (70.21, 73.41, 67.58, 2.91, 3.19, 2.86), 600: (183.32, 190.13, 174.25, 3.01, 3.30, 2.98),
    },
    "red": {
        40: (18.28, 19.32, 16.95, 2.61, 2.74, 2.56), 80: (19.39, 20.21, 17.26, 2.63, 2.75, 2.57),
        160: (20.89, 22.24, 18.66, 2.65, 2.78, 2.59), 320: (26.18, 27.96, 24.60, 2.69, 2.84, 2.62),
        480: (37.72, 39.71, 34.47, 2.76, 2.94, 2.71), 600: (51.19, 55.54, 47.85, 2.92, 3.11, 2.84),
    },
    "vdsr": {
        40: (35.17, 36.64, 33.13, 2.52, 2.61, 2.47), 80: (36.43, 37.45, 33.89, 2.53, 2.64, 2.48),
        160: (39.29, 40.51, 37.82, 2.55, 2.65, 2.49), 320: (77.78, 79.95, 74.97, 2.63, 2.71, 2.54),
        480: (71.15, 84.15, 78.50, 2.69, 2.76, 2.58), 600: (109.96, 115.21, 102.52, 2.75, 2.80, 2.61),
    },
    "sr_dncnn": {
        40: (36.81, 38.88, 35.48, 2.80, 2.93, 2.75), 80: (47.74, 49.46, 45.08, 2.82, 2.94, 2.76),
        160: (68.16, 70.85, 65.74, 2.83, 2.97, 2.78), 320: (83.35, 86.69, 80.51, 2.87, 3.01, 2.81),
        480: (85.59, 91.58, 84.75, 2.90, 3.09, 2.86), 600: (205.18, 213.21, 197.68, 2.99, 3.18, 2.93),
    },
}  # fmt: skip

TIMED = (40, 80, 160, 320, 480, 600)
CALLS, RANKED_CALLS = 20, 5
SHARE_ALLOWED, SECONDS_ALLOWED = 0.15, 0.05
ONE_TRIGGER = {"eq_8": "by eq. 8", "coded": "by the bits (as if coded)"}
MINUTES = "min on the clock / of the processors"


def table13(context: Context) -> Findings:
    """How long embedding and verification take: as measured when each was first done, however long ago."""
    rows: list[Row] = []
    claims: list[Claim] = []
    slowest = {}
    for name in HOSTS:
        sizes = sizes_of(context, name, TIMED)
        for size in sizes:
            rows += _embedding_rows(context, name, size)
            seconds = verification_seconds(context, name, size, ranked=size == sizes[0])
            rows += _verification_rows(name, size, seconds)
            if size == sizes[0]:
                slowest[name] = max(seconds[way] for way in ONE_TRIGGER)
        row, claim = _share(context, name, sizes[0])
        rows.append(row)
        claims.append(claim)
    return Findings(tuple(rows), (*claims, _seconds_claim(slowest, sizes_of(context, "dncnn", TIMED)[0])))


def _embedding_rows(context: Context, name: str, size: int) -> list[Row]:
    """The time of embedding ours at every size, Base-1 where table XII needs it, and Base-2 at the default size."""
    printed = TABLE_13[name].get(size, (None,) * 6)
    subjects = {"ours": (sized_subject(context, name, size), printed[2])}
    if size in sizes_of(context, name, COMPARED):
        subjects["Base-1"] = (sized_subject(context, name, size, "base1"), printed[0])
    if size == sizes_of(context, name, TIMED)[0]:
        subjects["Base-2"] = (marked_host(context, name, baseline(context, "base2", name)), printed[1])
    return [Row(f"{sized_title(context, name, size)}, embedding, {label}", paper, _minutes(context, subject), MINUTES)
            for label, (subject, paper) in subjects.items()]  # fmt: skip


def _spent(context: Context, subject: Subject) -> Spent:
    """What making a subject took; it is made where nobody did so before."""
    subject.model()
    return context.cache.spent(subject.recipe)


def _minutes(context: Context, subject: Subject) -> str:
    spent = _spent(context, subject)
    return f"{spent.seconds / 60:.2f} / {spent.processor_seconds / 60:.2f}"


def _share(context: Context, name: str, size: int) -> tuple[Row, Claim]:
    host, mark = _spent(context, TRAINED.unmarked(context, name)), _spent(context, sized_subject(context, name, size))
    clock, processor = mark.seconds / host.seconds, mark.processor_seconds / host.processor_seconds
    row = Row(f"{sized_title(context, name, size)}, embedding as a share of the host's training", None,
              f"{100 * clock:.1f} / {100 * processor:.1f}", "% on the clock / of the processors")  # fmt: skip
    return row, Claim(
        f"Embedding costs at most {SHARE_ALLOWED:.0%} of the time that training {HOSTS[name].title} took.",
        processor <= SHARE_ALLOWED,
        f"{processor:.1%} in processor time, which decides, since the machine may have been busy; {clock:.1%} on the "
        f"clock ({mark.seconds:.0f} s against {host.seconds:.0f} s).",
    )


def verification_seconds(context: Context, name: str, size: int, *, ranked: bool) -> dict[str, float]:
    """How long each way to verify takes with the model and the key loaded; measured once.

    Args:
      context: of the experiment.
      name: of the host.
      size: of its trigger in pixels.
      ranked: whether to time the rank among 999 other triggers too, which takes long.

    Returns:
      The median seconds of `eq_8`, of `coded`, and where it was asked for of `ranked`.
    """
    subject = sized_subject(context, name, size)
    key = subject.owner_key
    return measured(
        context, subject, "seconds of verification", lambda folder: _timed(subject.model(), key(), ranked),
        ranked=ranked, calls=[CALLS, RANKED_CALLS],
    )  # fmt: skip


def _timed(model: keras.Model, key: OwnerKey, ranked: bool) -> dict[str, float]:
    suspect = KerasSuspect("suspect", model)
    scheme = cast(TriggerImage, scheme_of(key))
    coded, coded_key = _coded(scheme, key)
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "eq_8": (lambda: eq_8(scheme, suspect, key), CALLS),
        "coded": (lambda: coded.verify(suspect, coded_key), CALLS),
    }
    if ranked:
        ways["ranked"] = (lambda: scheme.verify(suspect, key), RANKED_CALLS)
    return {way: median_seconds(call, calls) for way, (call, calls) in ways.items()}


def _coded(scheme: TriggerImage, key: OwnerKey) -> tuple[TriggerImage, OwnerKey]:
    """The same key read as a coded one: its verdict on this host means nothing, but takes as long."""
    coded = replace(scheme, coded=True)
    return coded, replace(key, settings=to_dict(coded))


def eq_8(scheme: TriggerImage, suspect: KerasSuspect, key: OwnerKey) -> bool:
    """The paper's own verification: whether the answer to one trigger lies within eta of the updated S.

    Args:
      scheme: of the key.
      suspect: that is asked.
      key: of the owner.
    """
    asked = asked_for(scheme, key).images[:1]
    answer = answers_to(suspect, asked)
    return bool(distance(answer, key.arrays["updated"][:1])[0] <= threshold(asked[0].size, scheme.significance))


def median_seconds(call: Callable[[], Any], calls: int) -> float:
    """How many seconds a call takes: the median of some, after one that warms up and is not counted.

    Args:
      call: what is timed.
      calls: how often it is, at least 1.
    """
    call()
    seconds = []
    for _ in range(calls):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return float(np.median(seconds))


def _verification_rows(name: str, size: int, seconds: dict[str, float]) -> list[Row]:
    printed = TABLE_13[name].get(size, (None,) * 6)[5]
    title = f"{HOSTS[name].title}, {size} x {size}, verification"
    rows = [Row(f"{title} {text}", printed if way == "eq_8" else None, seconds[way], "s")
            for way, text in ONE_TRIGGER.items()]  # fmt: skip
    if "ranked" in seconds:
        rows.append(Row(f"{title} by the rank among 999 others", None, seconds["ranked"], "s"))
    return rows


def _seconds_claim(slowest: dict[str, float], size: int) -> Claim:
    listed = ", ".join(f"{HOSTS[name].title} {1e3 * seconds:.1f}" for name, seconds in slowest.items())
    return Claim(
        f"A verification that sends one trigger of {size} x {size} takes under {1e3 * SECONDS_ALLOWED:.0f} ms, the "
        "model loaded.",
        max(slowest.values()) < SECONDS_ALLOWED,
        f"Median of {CALLS} calls after one to warm up, the slower of eq. 8 and the bits, in ms: {listed}. Loading the "
        "model is not in it; the paper's 2.5 to 3 s do not say.",
    )
