"""Bits against PSNR for each carrier of the code, and what averaging many residuals shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tfwm.attacks import SelfEnsemble
from tfwm.keys import OwnerKey
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.plots import curves as plot
from tfwm.papers.engine.subjects import measured
from tfwm.papers.survival.designs import host_of, marked, pairs
from tfwm.papers.survival.tables import AFTER, BEFORE, for_seed
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.codes import correction_code, owner_code, structure_code
from tfwm.schemes.deep_watermarking.correction import log10_p
from tfwm.schemes.deep_watermarking.readings import AS_THEY_ARE, Readings
from tfwm.schemes.wrong_keys import settings_of
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float

GAINS = (0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
AMPLIFIED = 20.0
WAYS = ("as it is", "mean over eight orientations")
Model = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class _Carrier:
    """One carrier alone, at any strength: unmarked answers and a share of the residual.

    Args:
      context: of one seed.
      design: whose model has this carrier, and nothing else that is read.
    """

    context: Context
    design: str

    @cached_property
    def key(self) -> OwnerKey:
        """The owner's."""
        return marked(self.context, self.design).owner_key()

    @property
    def settings(self) -> DeepWatermarking:
        """Those of the key."""
        return settings_of(DeepWatermarking.tiny(), self.key)

    @cached_property
    def host(self) -> Model:
        """The unmarked host."""
        return KerasSuspect("host", host_of(self.context).model())

    @cached_property
    def model(self) -> Model:
        """The marked one."""
        return KerasSuspect("marked", marked(self.context, self.design).model())

    def at(self, gain: float) -> Model:
        """The host with a share of the residual.

        Args:
          gain: the share.
        """
        return lambda images: np.clip(self.host(images) + gain * (self.model(images) - self.host(images)), 0, 1)

    def hits(self, suspect: Model) -> tuple[int, int]:
        """How many bits of the carrier agree, and of how many.

        Args:
          suspect: from images to answers.
        """
        read = Readings(self.settings, self.key, np.asarray(suspect(self.key.arrays["probes"]), np.float32))
        if self.settings.structure:
            said = read.structure(AS_THEY_ARE)[0]
            code = structure_code(self.settings, self.key)
        else:
            said, code = read.responses(), owner_code(self.settings, self.key)
        return int((np.sign(said) == code).sum()), code.size

    def correction(self, suspect: Model) -> float:
        """log10 p of the correction alone, without the factor for other readings.

        Args:
          suspect: from images to answers.
        """
        read = Readings(self.settings, self.key, np.asarray(suspect(self.key.arrays["probes"]), np.float32))
        return log10_p(read.corrected, correction_code(self.settings, self.key))[1]


def curves(context: Context) -> Findings:
    """Bits that are read of a weakened mark, plain and averaged over eight orientations, and the averaged residual.

    Args:
      context: its first seed counts.
    """
    context = for_seed(context, context.seeds[0])
    rows, lines = [], {}
    for design, title in ((BEFORE, "code map"), (AFTER, "structure")):
        carrier = _Carrier(context, design)
        points = _measured_points(context, carrier)
        for way in WAYS:
            lines[f"{title}, {way}"] = ([one["psnr"] for one in points], [100 * one[way] for one in points])
        rows += [
            Row(f"{title}, {100 * one['gain']:.0f} % of the residual, {way}", None,
                f"{100 * one[way]:.0f} % of the bits at {one['psnr']:.1f} dB")
            for one in points for way in WAYS
        ]  # fmt: skip
        rows += [
            Row(f"correction, {100 * one['gain']:.0f} % of the residual, {way}", None,
                f"log10 p {one['correction, ' + way]:.1f} at {one['psnr']:.1f} dB")
            for one in points for way in WAYS if "correction, " + way in one
        ]  # fmt: skip
    kept = {design: _kept_by_the_mean(context, design) for design in (BEFORE, AFTER)}
    rows += [Row(f"{design}: share of the residual's power in its mean over pictures", None, 100 * share, "%")
             for design, (share, _) in kept.items()]  # fmt: skip
    full = {name: line[1][-1] for name, line in lines.items()}
    claims = (
        Claim("Bits in structure are read behind the mean over eight orientations, those of a code map are not.",
              full["structure, mean over eight orientations"] >= 90 > full["code map, mean over eight orientations"],
              ", ".join(f"{name}: {share:.0f} %" for name, share in full.items()) + "."),
        Claim("Less of the residual is the same on every picture than before.", kept[AFTER][0] < kept[BEFORE][0],
              f"{100 * kept[BEFORE][0]:.0f} % of its power before, {100 * kept[AFTER][0]:.0f} % after."),
    )  # fmt: skip
    chart = plot("Bits that are read", ("PSNR of marked against unmarked, dB", "% of bits"), lines)
    between = np.ones((kept[BEFORE][1].shape[0], 4, kept[BEFORE][1].shape[2]), np.float32)
    means = np.concatenate([kept[BEFORE][1], between, kept[AFTER][1]], axis=1)
    heading = f"The mean residual over clean pictures, {AMPLIFIED:.0f} times: before on the left, after on the right"
    return Findings(tuple(rows), claims, {"Bits against PSNR": {"": chart}, heading: {"": means}})


def _measured_points(context: Context, carrier: _Carrier) -> list[dict[str, float]]:
    subject = marked(context, carrier.design)
    found: list[dict[str, float]] = measured(context, subject, "bits against PSNR", lambda _: _points(carrier))
    return found


def _points(carrier: _Carrier) -> list[dict[str, float]]:
    """Figures for each strength, the weakest first."""
    eight, probes, found = SelfEnsemble(), carrier.key.arrays["probes"], []
    plain = np.asarray(carrier.host(probes))
    for gain in GAINS:
        model = carrier.at(gain)
        wrapped = eight(FunctionSuspect("m", model), pairs(carrier.context, "attacker"), carrier.context.run)
        ways = dict(zip(WAYS, (model, wrapped)))
        hits = {way: carrier.hits(suspect) for way, suspect in ways.items()}
        error = float(np.mean((np.asarray(model(probes)) - plain) ** 2))
        psnr = -10 * float(np.log10(max(error, 1e-12)))
        found.append({"gain": gain, "psnr": psnr, **{way: agreeing / n for way, (agreeing, n) in hits.items()}})
        if carrier.settings.corrected:
            found[-1] |= {f"correction, {way}": carrier.correction(suspect) for way, suspect in ways.items()}
    return found


def _kept_by_the_mean(context: Context, design: str) -> tuple[float, np.ndarray]:
    """How much of the residual's power is in its mean over pictures, and that mean as a picture."""
    carrier, images = _Carrier(context, design), pairs(context, "attacker").targets[:256]
    residuals = np.asarray(carrier.model(images)) - np.asarray(carrier.host(as_float(images)))
    mean = residuals.mean(axis=0)
    share = float(np.mean(mean**2) / max(float(np.mean(residuals**2)), 1e-12))
    return share, np.clip(0.5 + AMPLIFIED * mean, 0, 1).astype(np.float32)
