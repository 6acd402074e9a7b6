"""What the tables print of a network: quality, the paper's NC and success rates, and what makes them honest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.keys import OwnerKey
from tfwm.kinds import fidelity
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.findings import Row
from tfwm.papers.engine.subjects import Subject, measured, verdict_on
from tfwm.papers.zhang2021.models import host
from tfwm.papers.zhang2021.pictures import pairs
from tfwm.schemes import scheme_of
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.extraction import extract
from tfwm.schemes.deep_watermarking.verification import called_marked
from tfwm.suspects import as_float, in_batches

SUCCESS = 0.95  # of the paper's NC
AIM = 1e-6  # p that a claim takes
Figures = dict[str, Any]


def answers_of(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """A network's answers, float32 `[n, h, w, c]` in [0, 1].

    Args:
      model: images to images of the same size.
      inputs: uint8.
    """
    return np.clip(in_batches(lambda part: model(part, training=False), inputs), 0.0, 1.0).astype(np.float32)


def answers_to_test(context: Context, subject: Subject) -> np.ndarray:
    """A network's answers to the test part's inputs.

    Args:
      context: of the experiment.
      subject: the network.
    """
    return answers_of(subject.model(), pairs(context, subject.host, "test").inputs)


def extracted(images: np.ndarray, key: OwnerKey) -> np.ndarray:
    """What R draws from each image, float32 `[n, s, s, c]`.

    Args:
      images: float `[n, h, w, c]` in [0, 1].
      key: of an owner.
    """
    return extract(cast(DeepWatermarking, scheme_of(key)), images, key)["logo"]


def quality(context: Context, subject: Subject) -> Figures:
    """`psnr` in dB and `ssim` against the unmarked host's answers, means over the test pictures; `task_psnr` in dB
    against the clean targets.

    Args:
      context: of the experiment.
      subject: a marked host, or a surrogate.
    """

    def measure(folder: Path) -> Figures:
        answers, targets = answers_to_test(context, subject), as_float(pairs(context, subject.host, "test").targets)
        unmarked = answers_to_test(context, host(context, subject.host))
        return {
            "psnr": fidelity.mean_psnr(answers, unmarked), "ssim": fidelity.ssim(answers, unmarked),
            "task_psnr": fidelity.mean_psnr(answers, targets),
        }  # fmt: skip

    return measured(context, subject, "quality", measure)


def task_quality(context: Context, subject: Subject) -> Figures:
    """`psnr` in dB and `ssim` against the clean targets, means over the test pictures.

    Args:
      context: of the experiment.
      subject: a network.
    """

    def measure(folder: Path) -> Figures:
        answers, targets = answers_to_test(context, subject), as_float(pairs(context, subject.host, "test").targets)
        return {"psnr": fidelity.mean_psnr(answers, targets), "ssim": fidelity.ssim(answers, targets)}

    return measured(context, subject, "task quality", measure)


def read_marks(images: np.ndarray, key: OwnerKey) -> Figures:
    """The paper's figures of what R draws, and those beside which they have to be seen.

    `nc`, `centred` and `blank` (means over the images; a blank picture has one NC), `sr_nc` and `sr_c` in percent.

    Args:
      images: float `[n, h, w, c]` in [0, 1].
      key: of an owner; it holds R and C.

    Paper: sections 3.4.4 and 4.1, eq. 13.
    """
    drawn, mark = extracted(images, key), as_float(key.arrays["logo"])
    each = statistics.nc_of_each(drawn, mark)
    return {
        "nc": float(each.mean()), "centred": float(np.mean([statistics.centred_nc(one, mark) for one in drawn])),
        "blank": statistics.nc(np.ones_like(mark), mark), "sr_nc": 100.0 * float((each > SUCCESS).mean()),
        "sr_c": 100.0 * float(called_marked(drawn, key).mean()),
    }  # fmt: skip


def judged(context: Context, suspect: Subject, owner: Subject | None = None) -> Figures:
    """What an owner's key finds in a network: `read_marks` of its answers to the test part, and the verdict on it.

    Of the verdict `bits`, `n` and `p_value`: the code in its answers to the key's probe pictures.

    Args:
      context: of the experiment.
      suspect: any network.
      owner: with the key; None for the suspect's own.
    """
    accuser = owner or suspect

    def measure(folder: Path) -> Figures:
        model, key = suspect.model(), accuser.owner_key()
        verdict = verdict_on(model, key)
        told = {name: verdict[name] for name in ("bits", "n", "p_value")}
        return {**read_marks(answers_to_test(context, suspect), key), **told}

    whose = "its own key" if owner is None else f"the key of {owner.recipe['what']}"
    return measured(context, suspect, f"marks by {whose}", measure, key=accuser.recipe)


def over_seeds(values: Sequence[Any], text: Callable[[Any], str]) -> str:
    """One value as a text, or the median of several and their range.

    Args:
      values: numbers, one for each seed.
      text: of one of them.
    """
    if len(values) == 1:
        return text(values[0])
    return f"{text(float(np.median(values)))} ({text(min(values))} to {text(max(values))})"


def mark_rows(title: str, found: Sequence[Figures], *, nc: float | None = None, rates: str | None = None) -> list[Row]:
    """Four rows: success rates and NC of the paper, then what is not in it.

    Args:
      title: the beginning of every label.
      found: of `judged`, one for each seed.
      nc: the paper's NC; None where it prints none.
      rates: its SR_NC / SR_C in percent; None where it prints none.
    """

    def said(name: str, form: str) -> str:
        return over_seeds([one[name] for one in found], lambda value: format(value, form))

    return [
        Row(f"{title}, SR_NC / SR_C", rates, f"{said('sr_nc', '.0f')} / {said('sr_c', '.0f')}", "%"),
        Row(f"{title}, NC", nc, said("nc", ".4f")),
        Row(f"{title}, centred NC; NC of a blank", None, f"{said('centred', '.3f')}; {said('blank', '.3f')}"),
        Row(f"{title}, bits of {found[0]['n']}; p", None, f"{said('bits', '.0f')}; {said('p_value', '.1e')}"),
    ]


def quality_rows(title: str, found: Figures, paper: tuple[float, float] | None = None) -> list[Row]:
    """PSNR and SSIM between marked and unmarked answers.

    Args:
      title: the beginning of every label.
      found: of `quality`.
      paper: what the paper prints; None where it prints nothing.
    """
    psnr, ssim = paper or (None, None)
    return [Row(f"{title}, PSNR", psnr, found["psnr"], "dB"), Row(f"{title}, SSIM", ssim, found["ssim"])]
