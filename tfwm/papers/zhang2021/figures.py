"""Figures 5 to 7: what marked pictures, their histograms, and the outputs of surrogates look like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfwm.data import with_channels
from tfwm.evidence import statistics
from tfwm.kinds import fidelity
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.plots import curves
from tfwm.papers.zhang2021.baselines import TSIW, shown_in_residual
from tfwm.papers.zhang2021.measure import answers_to_test, extracted
from tfwm.papers.zhang2021.models import host, marked
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.papers.zhang2021.robustness import surrogate_of
from tfwm.papers.zhang2021.scales import CASES, DEBONE, DERAIN, TASKS, Case, first_at_smoke, surrogates
from tfwm.suspects import as_float

SHOWN = 0  # number of the test picture that is shown
ENHANCED = 10
RECOGNISABLE, HINTING = 0.9, 0.1  # centred NC
ALIKE = 0.02  # share of the pixels whose grey level would have to change


def figure5(context: Context) -> Findings:
    """Of TSIW-64 and of each case an unmarked and a marked picture, ten times their difference, the mark, as read."""
    additive, rows = shown_in_residual(context)
    sheets, drawn, hints = {f"{TSIW}, {TASKS[DEBONE.task].title}": additive}, {}, {}
    for case in first_at_smoke(context, CASES):
        subject = marked(context, case)
        one = slice(SHOWN, SHOWN + 1)
        unmarked = answers_to_test(context, host(context, case.task))[one]
        answer, key = answers_to_test(context, subject)[one], subject.owner_key()
        mark, read = as_float(key.arrays["logo"]), extracted(answer, key)[0]
        psnr, nc = fidelity.psnr(answer, unmarked), statistics.nc(read, mark)
        drawn[case.title], hints[case.title] = statistics.centred_nc(read, mark), hint(answer[0] - unmarked[0], mark)
        sheets[case.title] = {
            "(A) unmarked": unmarked[0], f"(B) marked\n{psnr:.2f} dB": answer[0],
            f"(C) residual, {ENHANCED} x": 0.5 + ENHANCED * (answer[0] - unmarked[0]), "(D) mark": mark,
            f"(E) extracted\nNC {nc:.4f}, centred {drawn[case.title]:.3f}": read,
        }  # fmt: skip
        rows += [
            Row(f"{case.title}, PSNR of the picture", None, psnr, "dB"), Row(f"{case.title}, NC", None, nc),
            Row(f"{case.title}, centred NC", None, drawn[case.title]),
            Row(f"{case.title}, correlation of the residual with the mark", None, hints[case.title]),
        ]  # fmt: skip
    return Findings(tuple(rows), (_recognised(drawn), _hidden(hints)), sheets)


def hint(residual: np.ndarray, mark: np.ndarray) -> float:
    """How much of a mark is seen in a residual: the larger correlation, by size, of its value or its strength.

    Args:
      residual: `[h, w, c]`.
      mark: `[h, w, any]`, in [0, 1].
    """
    grey = mark.mean(axis=-1)
    seen = (residual.mean(axis=-1), np.abs(residual).mean(axis=-1))
    return max((statistics.centred_nc(one, grey) for one in seen), key=abs)


def _recognised(drawn: Mapping[str, float]) -> Claim:
    return Claim(
        "R extracts every mark from the picture, the rich ones too.", min(drawn.values()) >= RECOGNISABLE,
        f"Centred NC of at least {RECOGNISABLE:g} wanted: {_listed(drawn, '.3f')}.",
    )  # fmt: skip


def _hidden(hints: Mapping[str, float]) -> Claim:
    largest = max(hints.values(), key=abs)
    return Claim(
        "The residual shows no hint of the mark, even ten times enlarged.", abs(largest) <= HINTING,
        f"Correlation of the residual, or of its strength, with the mark, by size at most {HINTING:g} wanted: "
        f"{_listed(hints, '+.2f')}. The code's cells may show; they are no part of the mark.",
    )  # fmt: skip


def figure6(context: Context) -> Findings:
    """Grey levels of unmarked and marked outputs of Derain-Flower, over all test pictures."""
    unmarked = answers_to_test(context, host(context, DERAIN.task))
    answers = answers_to_test(context, marked(context, DERAIN))
    first, second = grey_histogram(unmarked), grey_histogram(answers)
    apart = 0.5 * float(np.abs(first - second).sum())
    beside = 0.5 * float(np.abs(first - grey_histogram(_noisy(unmarked, answers))).sum())
    claim = Claim(
        "The grey histograms of unmarked and marked pictures are almost identical.", apart <= ALIKE,
        f"{apart:.4f} of the pixels would have to change their grey level, at most {ALIKE:g} wanted; noise as strong "
        f"as the mark moves {beside:.4f}.",
    )  # fmt: skip
    levels = range(256)
    chart = curves(
        f"{DERAIN.title}: grey levels of the test pictures", ("grey level", "share of the pixels"),
        {"unmarked": (levels, first.tolist()), "marked": (levels, second.tolist())},
    )  # fmt: skip
    rows = (
        Row("Unmarked and marked, distance of the histograms", None, apart, "share of the pixels"),
        Row("Unmarked and noise as strong as the mark", None, beside, "share of the pixels"),
    )
    return Findings(rows, (claim,), {"Histograms": {"unmarked and marked": chart}})


def grey_histogram(images: np.ndarray) -> np.ndarray:
    """Shares of the 256 grey levels, float64 `[256]`.

    Args:
      images: float `[n, h, w, 1 or 3]` in [0, 1].
    """
    levels = np.concatenate([with_channels(one, 1) for one in np.rint(255.0 * images).astype(np.uint8)])
    return np.bincount(levels.ravel(), minlength=256) / levels.size


def _noisy(unmarked: np.ndarray, answers: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(unmarked.shape)
    return np.clip(unmarked + np.std(answers - unmarked) * noise, 0.0, 1.0).astype(np.float32)


def figure7(context: Context) -> Findings:
    """What surrogates answer, and what R extracts from it."""
    rows, claims, sheets = [], [], {}
    for case in first_at_smoke(context, (DEBONE, DERAIN)):
        key = marked(context, case).owner_key()
        shown = _outputs(context, case)
        marks = {label: extracted(picture[None], key)[0] for label, picture in shown.items()}
        found = {label: statistics.centred_nc(one, as_float(key.arrays["logo"])) for label, one in marks.items()}
        sheets[f"{case.title}: outputs"] = shown
        sheets[f"{case.title}: what R extracts"] = {
            f"{label}\ncentred NC {found[label]:.2f}": one for label, one in marks.items()
        }
        rows += [Row(f"{case.title}, {label}, centred NC", None, value) for label, value in found.items()]
        claims.append(_followed(case, found))
    return Findings(tuple(rows), tuple(claims), sheets)


def _outputs(context: Context, case: Case) -> dict[str, np.ndarray]:
    """The input, the marked output, and those of the surrogates, by label."""
    given = {
        "(A) input": as_float(pairs(context, case.task, "test").inputs)[SHOWN],
        "(B) marked": answers_to_test(context, marked(context, case))[SHOWN],
    }
    copies = {
        f"({letter}) {column}": answers_to_test(context, surrogate_of(context, case, True, column))[SHOWN]
        for letter, column in zip("CDEFGHIJK", surrogates(context))
    }
    return {**given, **copies}


def _followed(case: Case, found: Mapping[str, float]) -> Claim:
    copies = {label: value for label, value in found.items() if label not in ("(A) input", "(B) marked")}
    return Claim(
        f"{case.title}: the mark is recognised in every surrogate's output, and not in the input.",
        min(copies.values()) >= RECOGNISABLE > found["(A) input"],
        f"Centred NC of at least {RECOGNISABLE:g} wanted: {_listed(copies, '.2f')}; input "
        f"{found['(A) input']:.2f}.",
    )  # fmt: skip


def _listed(values: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{label} {value:{form}}" for label, value in values.items())
