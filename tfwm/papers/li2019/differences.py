"""Figure 8: what the encoder changes, and whether a forger can paste it on other images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfwm.attacks.forgery.pasting import pasted
from tfwm.evidence import statistics
from tfwm.evidence.labels import accuracy
from tfwm.kinds import fidelity
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.li2019.measure import asked_with
from tfwm.papers.li2019.models import marked_classifier
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes.key_samples.drawing import label_chance
from tfwm.suspects import KerasSuspect, as_float

HOST = "resnet18"
SHOWN, GAIN = 6, 5.0
GAINS = (1.0, 2.0)


def figure8(context: Context) -> Findings:
    """Covers, key samples and their differences, and how many labels a forger gets who pastes these differences."""
    subjects = {"blind watermark": marked_classifier(context, HOST),
                "Zhang, content": marked_classifier(context, HOST, "content_mark")}  # fmt: skip
    rows: list[Row] = []
    pictures: dict[str, dict[str, np.ndarray]] = {}
    forged: dict[str, dict[float, dict[str, float]]] = {}
    for title, subject in subjects.items():
        asked = asked_with(subject.owner_key())
        samples, covers = asked.images, asked.covers.images
        psnr, ssim = (measure(as_float(samples), as_float(covers)) for measure in (fidelity.psnr, fidelity.ssim))
        rows.append(Row(f"{title}, key samples against their covers, PSNR", None, psnr, "dB"))
        rows.append(Row(f"{title}, the same, SSIM", None, ssim))
        pictures |= _pictures(title, samples[:SHOWN], covers[:SHOWN])
        forged[title] = {gain: _forged(context, subject, gain) for gain in GAINS}
        for gain, found in forged[title].items():
            what = f"{title}, differences pasted on other images, {gain:g} times"
            rows.append(Row(f"{what}, hits", "> 91" if "content" in title else None, 100 * found["share"], "%"))
            rows.append(Row(f"{what}, p-value", None, f"{found['p_value']:.1e}"))
            rows.append(Row(f"{what}, still seen as their own class", None, 100 * found["own"], "%"))
    best = min(found["p_value"] for found in forged["blind watermark"].values())
    claim = Claim(
        "A forger cannot make key samples by pasting differences on other images.", best > 1e-6,
        f"With the labels of the samples that he intercepted, least p-value {best:.1e}; labels are bound to whole "
        "images, not to a pattern. For the stamped word too: the published 91 % hold for one target class, not for a "
        "label drawn for each sample.",
    )  # fmt: skip
    return Findings(tuple(rows), (claim,), pictures)


def _pictures(title: str, samples: np.ndarray, covers: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    change = np.clip(GAIN * np.abs(as_float(samples) - as_float(covers)), 0, 1)
    rows = {"covers": covers, "key samples": samples, f"difference, {GAIN:g} times": change}
    return {f"{title}: {what}": {str(i + 1): image for i, image in enumerate(images)} for what, images in rows.items()}


def _forged(context: Context, subject: Subject, gain: float) -> dict[str, float]:
    """What a forger gets who intercepted half of the samples: their differences pasted on images of the test part.

    Returns:
      The shares that are answered with the samples' labels and with the images' own class, and the p-value of the
      first.
    """

    def measure(folder: Path) -> dict[str, float]:
        asked, test = asked_with(subject.owner_key()), parts_of(context, HOST)["test"]
        taken = np.arange(len(asked.images) // 2)
        others = test[np.arange(len(taken))]
        samples, covers = asked.images[taken], asked.covers.images[taken]
        fakes = pasted(samples, covers, others.images, gain=gain, seed=context.seeds[0])
        answers = KerasSuspect("host", subject.model())(as_float(fakes))
        share = accuracy(answers, asked.labels[taken], test.classes)
        tail = statistics.binomial_tail(round(share * len(fakes)), len(fakes), label_chance(test.classes))
        return {"share": share, "p_value": tail, "own": accuracy(answers, others.labels, test.classes)}

    return measured(context, subject, "forged samples", measure, gain=gain)
