"""Table 3 and figure 8: methods that hide bits in outputs, beside deep watermarking.

The paper reads single pictures, blindly: NC of their bits, and the share of pictures that are read. The verdict reads
what all answers to the key's probe pictures have in common, less what the unmarked host's answers have; it finds far
weaker marks, and has an exact p.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from tfwm.kinds import fidelity
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured, verdict_on
from tfwm.papers.zhang2021.fidelity import innocent
from tfwm.papers.zhang2021.measure import AIM, Figures, answers_to_test, quality, quality_rows
from tfwm.papers.zhang2021.models import TRAINED, copied, host, marked, secret_of
from tfwm.papers.zhang2021.printed import TABLE_3
from tfwm.papers.zhang2021.robustness import BY_C, THE_MODEL, UNMARKED, figures_of
from tfwm.papers.zhang2021.scales import DEBONE, TASKS, surrogates
from tfwm.schemes import scheme_of
from tfwm.schemes.coded_outputs.reading import picture_figures
from tfwm.schemes.coded_outputs.scheme import CodedOutputs
from tfwm.schemes.hidden import Hidden
from tfwm.schemes.spread_spectrum import DctMark, DftMark, DwtMark, SpreadSpectrum

NETWORKS = ("CNet", "Res9", "Res16", "UNet")
LOST, FOUND = 5.0, 50.0  # SR_NC in percent: at most of a mark that is lost, and at least of one that is not
OURS, TSIW, NOISELESS = "ours", "TSIW-64", "HiDDeN, trained without noise"
DARK, LIGHT = 0.1, 0.8  # of bits that are drawn
SHOWN = 0  # number of the test picture that is shown


def methods(context: Context) -> dict[str, CodedOutputs]:
    """The methods that hide bits, by what the table calls them; the last three are in the paper's text alone.

    Args:
      context: of the experiment.
    """

    def sized(kind: type[CodedOutputs], **changes: Any) -> CodedOutputs:
        preset = context.at(smoke="tiny", desk="fast", paper="paper")
        side = {"image_size": context.at(smoke=32, desk=64, paper=256), "channels": TASKS[DEBONE.task].channels}
        return replace(getattr(kind, preset)(), **side, **changes)

    bits = context.at(smoke={}, desk={}, paper={"bits": 64})
    return {
        "HiDDeN": sized(Hidden, noise="combined", **bits), NOISELESS: sized(Hidden, noise="identity", **bits),
        TSIW: sized(SpreadSpectrum), "DCT": sized(DctMark), "DFT": sized(DftMark), "DWT": sized(DwtMark),
    }  # fmt: skip


def networks_of(context: Context, method: str) -> tuple[str, ...]:
    """The surrogates that are tried on a method: those of the table, and the U-Net alone where the text speaks of it.

    Args:
      context: of the experiment.
      method: in `methods`, or ours.
    """
    tried = NETWORKS if method in TABLE_3 else ("UNet",)
    return tuple(name for name in tried if name in surrogates(context))


def marked_by(context: Context, method: str) -> Subject:
    """The debone host, marked by a method, and its key.

    Args:
      context: of the experiment.
      method: in `methods`.
    """
    return TRAINED.marked(
        context, DEBONE.task, methods(context)[method], method, secret=secret_of(context, f"debone {method}")
    )  # fmt: skip


def read_bits(context: Context, suspect: Subject, owner: Subject) -> Figures:
    """`nc` and `sr_nc` in percent of single test pictures, and the verdict's `bits`, `n` and `p_value`.

    Args:
      context: of the experiment.
      suspect: any network.
      owner: with the key of a method.
    """

    def measure(folder: Path) -> Figures:
        key = owner.owner_key()
        scheme, verdict = cast(CodedOutputs, scheme_of(key)), verdict_on(suspect.model(), key)
        single = scheme.extract(answers_to_test(context, suspect), key)["message"]
        figures = picture_figures(single, scheme.message(key))
        told = {"bits": verdict["hits"], "n": verdict["n"], "p_value": verdict["p_value"]}
        return {"nc": figures["nc"], "sr_nc": 100.0 * figures["sr_nc"], **told}

    return measured(context, suspect, f"bits by the key of {owner.recipe['what']}", measure, key=owner.recipe)


def table3(context: Context) -> Findings:
    """What each method costs, and what its single pictures and its verdict keep in four surrogates."""
    rows: list[Row] = []
    found: dict[str, dict[str, Figures]] = {}
    for method in methods(context):
        owner = marked_by(context, method)
        suspects = {THE_MODEL: owner, **_copies(context, method, owner), **_unmarked(context)}
        found[method] = {name: read_bits(context, suspect, owner) for name, suspect in suspects.items()}
        rows += quality_rows(method, quality(context, owner), TABLE_3[method][:2] if method in TABLE_3 else None)
        rows += _bit_rows(method, found[method])
    rows += _our_rows(context, found)
    return Findings(tuple(rows), (_reads(found), _lost(found), _best(found), _spared(found)))


def _copies(context: Context, method: str, owner: Subject) -> dict[str, Subject]:
    return {name: copied(context, owner, surrogates(context)[name]) for name in networks_of(context, method)}


def _unmarked(context: Context) -> dict[str, Subject]:
    return dict(zip(UNMARKED, (host(context, DEBONE.task), innocent(context, DEBONE))))


def _bit_rows(method: str, found: Mapping[str, Figures]) -> list[Row]:
    """NC of the model's pictures, and of every suspect SR_NC, bits and p."""
    printed = dict(zip(NETWORKS, TABLE_3[method][3:])) if method in TABLE_3 else {}
    rows = [Row(f"{method}, NC", TABLE_3[method][2] if method in TABLE_3 else None, found[THE_MODEL]["nc"])]
    for name, one in found.items():
        rows.append(Row(f"{method}, {name}, SR_NC", printed.get(name), f"{one['sr_nc']:.0f}", "%"))
        rows.append(Row(f"{method}, {name}, bits of {one['n']}; p", None, f"{one['bits']:.0f}; {one['p_value']:.1e}"))
    return rows


def _our_rows(context: Context, found: dict[str, dict[str, Figures]]) -> list[Row]:
    """Ours, as in tables 1 and 2; added to `found` under its name."""
    psnr, ssim, nc, *printed = TABLE_3[OURS]
    names = networks_of(context, OURS)
    found[OURS] = {name: figures_of(context, DEBONE, True, name) for name in (THE_MODEL, *names)}
    rows = quality_rows(OURS, quality(context, marked(context, DEBONE)), (psnr, ssim))
    rows.append(Row(f"{OURS}, NC", nc, found[OURS][THE_MODEL]["nc"]))
    for name, one in found[OURS].items():
        paper = dict(zip(NETWORKS, printed)).get(name)
        rows.append(Row(f"{OURS}, {name}, SR_NC / SR_C", paper, f"{one['sr_nc']:.0f} / {one['sr_c']:.0f}", "%"))
        rows.append(Row(f"{OURS}, {name}, bits of {one['n']}; p", None, f"{one['bits']:.0f}; {one['p_value']:.1e}"))
    return rows


def _reads(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    own = {method: one[THE_MODEL] for method, one in found.items()}
    return Claim(
        f"Every method marks its host: p is at most {AIM:g} (not in the paper, but a baseline that does not work would "
        "say nothing).",
        max(one["p_value"] for one in own.values()) <= AIM,
        "; ".join(f"{method} {one['bits']:.0f} of {one['n']} bits, p {one['p_value']:.1e}"
                  for method, one in own.items()) + ".",
    )  # fmt: skip


def copies_in(found: Mapping[str, Figures]) -> dict[str, Figures]:
    """What was found in the surrogates of a marked model.

    Args:
      found: in all suspects of one method, by name.
    """
    return {name: one for name, one in found.items() if name not in (THE_MODEL, *UNMARKED)}


def _lost(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    rates = {(m, name): one["sr_nc"] for m, all_of_it in found.items() for name, one in copies_in(all_of_it).items()}
    survivor = rates.pop((TSIW, "UNet"))
    others = {pair: rate for pair, rate in rates.items() if pair[0] != OURS}
    kept = [f"{method} under {name}" for method, all_of_it in found.items() if method != OURS
            for name, one in copies_in(all_of_it).items() if one["p_value"] <= AIM]  # fmt: skip
    return Claim(
        "Read picture by picture, no baseline outlives a surrogate, but TSIW-64 the U-Net: SR_NC is at least "
        f"{FOUND:g} % there, and at most {LOST:g} % everywhere else.",
        survivor >= FOUND and max(others.values()) <= LOST,
        f"TSIW-64 under UNet {survivor:.0f} %; others at most {max(others.values()):.0f} %. By what all answers "
        f"have in common p is at most {AIM:g} for {', '.join(kept) or 'none'}.",
    )  # fmt: skip


def _best(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    ours = copies_in(found[OURS])
    return Claim(
        f"Ours is read in every surrogate: SR_C is at least {BY_C:g} %.",
        min(one["sr_c"] for one in ours.values()) >= BY_C,
        "; ".join(f"{name} SR_NC {one['sr_nc']:.0f}, SR_C {one['sr_c']:.0f} %, p {one['p_value']:.1e}"
                  for name, one in ours.items()) + ".",
    )  # fmt: skip


def _spared(found: Mapping[str, Mapping[str, Figures]]) -> Claim:
    innocent_ones = [one[name] for method, one in found.items() if method != OURS for name in UNMARKED]
    rate, least = max(one["sr_nc"] for one in innocent_ones), min(one["p_value"] for one in innocent_ones)
    return Claim(
        f"No baseline calls the unmarked host or its surrogate marked: SR_NC is 0 %, and p stays above {AIM:g}.",
        rate == 0.0 and least > AIM, f"Highest SR_NC {rate:.0f} %, smallest p {least:.1e}.",
    )  # fmt: skip


def figure8(context: Context) -> Findings:
    """TSIW-64: an unmarked and a marked picture, two surrogates' outputs, and the bits that are read in each."""
    owner, stranger = marked_by(context, TSIW), host(context, DEBONE.task)
    names = [name for name in ("UNet", "Res9") if name in surrogates(context)]
    suspects = {"(b) marked": owner, **{
        f"({letter}) {name}": copied(context, owner, surrogates(context)[name]) for letter, name in zip("cd", names)
    }}  # fmt: skip
    key = owner.owner_key()
    scheme = cast(CodedOutputs, scheme_of(key))
    message = scheme.message(key) > 0
    pictures = {"(a) unmarked": answers_to_test(context, stranger)[SHOWN]}
    bits = {"(e) the message": _map(message, scheme.rows)}
    right: dict[str, int] = {}
    for letter, (label, suspect) in zip("fgh", suspects.items()):
        pictures[label] = answers_to_test(context, suspect)[SHOWN]
        read = scheme.extract(pictures[label][None], key)["message"][0] > 0
        right[label] = int((read == message).sum())
        bits[f"({letter}) read in {label[:3]}\n{right[label]} of {message.size}"] = _map(read, scheme.rows)
    rows = tuple(Row(f"{label}, bits right of {message.size}", None, count) for label, count in right.items())
    return Findings(rows, (_mostly(right, message.size),), {"TSIW-64: pictures": pictures, "Bits": bits})


def shown_in_residual(context: Context) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Figure 5's first column: an unmarked and a marked picture, ten times their difference, the bits, those read.

    Args:
      context: of the experiment.
    """
    owner, key = marked_by(context, TSIW), marked_by(context, TSIW).owner_key()
    scheme = cast(CodedOutputs, scheme_of(key))
    unmarked, answer = (
        answers_to_test(context, subject)[SHOWN] for subject in (host(context, DEBONE.task), owner)
    )  # fmt: skip
    message, read = scheme.message(key) > 0, scheme.extract(answer[None], key)["message"][0] > 0
    psnr, right = fidelity.psnr(answer[None], unmarked[None]), int((read == message).sum())
    pictures = {
        "(A) unmarked": unmarked, f"(B) marked\n{psnr:.2f} dB": answer,
        "(C) residual, 10 x": 0.5 + 10 * (answer - unmarked), "(D) message": _map(message, scheme.rows),
        f"(E) read\n{right} of {message.size}": _map(read, scheme.rows),
    }  # fmt: skip
    rows = [
        Row(f"{TSIW}, PSNR of the picture", None, psnr, "dB"),
        Row(f"{TSIW}, bits right of {message.size}", None, right),
    ]
    return pictures, rows


def _map(bits: np.ndarray, rows: int) -> np.ndarray:
    """Dark and light greys: white ones would not be seen on the page."""
    return np.where(bits.reshape(rows, -1, 1), np.float32(LIGHT), np.float32(DARK))


def _mostly(right: Mapping[str, int], bits: int) -> Claim:
    wanted = 0.75 * bits
    others = [name for name in ("(d) Res9",) if name in right]
    return Claim(
        "The message is mostly read in the marked picture and in the U-Net's output, and not in that of Res9: three "
        "quarters of the bits.",
        min(right["(b) marked"], right["(c) UNet"]) >= wanted and all(right[name] < wanted for name in others),
        ", ".join(f"{label} {count} of {bits}" for label, count in right.items()) + "; half of them is chance.",
    )  # fmt: skip
