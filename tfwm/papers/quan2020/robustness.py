"""Tables VI and VII: pruning and fine-tuning, beside the two baselines; the rows of VIII and IX look alike.

"Ours" is the coded variant: distance to the updated S, threshold and NCC are the paper's, and the bits give an honest
p-value beside them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tensorflow import keras

from tfwm.attacks import Prune
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.snapshots import snapshots
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.measure import own_verdict, quality_at_home
from tfwm.papers.quan2020.models import marked_host
from tfwm.papers.quan2020.pictures import thief_pairs, training_pairs
from tfwm.papers.quan2020.scales import (
    BASELINES,
    HOSTS,
    SCALES,
    Host,
    Mark,
    baseline,
    coded_scheme,
    fine_tuning,
    first_at_smoke,
    large_scheme,
    trigger_scheme,
)
from tfwm.suspects import KerasSuspect

# Pruned share: PSNR, distance in 1e-3, NCC of Base-1, of Base-2, ours.
TABLE_6 = {
    "dncnn": {0.25: (29.77, 2.09, 0.9723, 0.7501, 0.9915), 0.3: (29.42, 2.82, 0.9623, 0.7390, 0.9857),
              0.35: (29.22, 4.48, 0.9350, 0.6385, 0.9707), 0.4: (28.39, 6.36, 0.9070, 0.5490, 0.9355)},
    "red": {0.08: (26.26, 2.41, 0.9790, 0.6926, 0.9889), 0.1: (23.85, 3.83, 0.9346, 0.6549, 0.9723),
            0.15: (19.49, 5.98, 0.8627, 0.5485, 0.9500), 0.2: (23.18, 7.93, 0.8114, 0.5481, 0.8654)},
    "vdsr": {0.25: (30.04, 2.21, 0.9333, 0.6944, 0.9960), 0.3: (29.89, 3.75, 0.8834, 0.5477, 0.9880),
             0.35: (29.48, 5.01, 0.8423, 0.5258, 0.9765), 0.4: (28.94, 6.58, 0.8034, 0.5250, 0.9559)},
    "sr_dncnn": {0.25: (29.88, 2.76, 0.9837, 0.6826, 0.9920), 0.3: (29.78, 3.86, 0.9451, 0.6418, 0.9846),
                 0.35: (29.47, 5.99, 0.8938, 0.5476, 0.9609), 0.4: (29.07, 6.73, 0.8307, 0.5258, 0.9494)},
}  # fmt: skip

# Host and data: for 10, 25, 50, 75 and 100 epochs PSNR, distance in 1e-3, NCC of Base-1, of Base-2, ours.
TABLE_7 = {
    ("dncnn", "original"): ((30.42, 1.64, 0.9988, 0.5490, 0.9953), (30.41, 1.66, 0.9943, 0.5478, 0.9956),
                            (30.43, 1.81, 0.9949, 0.5477, 0.9959), (30.44, 2.38, 0.9949, 0.5268, 0.9952),
                            (30.41, 3.12, 0.9955, 0.5267, 0.9938)),
    ("dncnn", "new"): ((30.28, 1.23, 1.0000, 0.6826, 0.9979), (30.15, 1.76, 0.9877, 0.5477, 0.9944),
                       (30.09, 2.32, 0.9801, 0.5255, 0.9914), (30.11, 3.81, 0.9786, 0.5250, 0.9832),
                       (30.10, 5.69, 0.9574, 0.5245, 0.9580)),
    ("red", "original"): ((30.28, 2.08, 1.0000, 0.6111, 0.9957), (30.28, 2.09, 1.0000, 0.5560, 0.9932),
                          (30.30, 2.08, 0.9997, 0.5490, 0.9935), (30.23, 4.03, 0.9997, 0.5268, 0.9915),
                          (30.26, 5.62, 0.9988, 0.5253, 0.9836)),
    ("red", "new"): ((29.90, 1.39, 0.9994, 0.5773, 0.9969), (30.01, 1.82, 0.9860, 0.5560, 0.9936),
                     (30.09, 2.00, 0.9824, 0.5549, 0.9927), (30.05, 3.82, 0.9791, 0.5258, 0.9877),
                     (30.02, 5.83, 0.9767, 0.5244, 0.9655)),
    ("vdsr", "original"): ((30.14, 0.84, 0.8630, 0.8501, 0.9993), (30.10, 1.06, 0.7756, 0.8056, 0.9989),
                           (30.05, 1.43, 0.7594, 0.5258, 0.9979), (30.00, 1.88, 0.7609, 0.5255, 0.9966),
                           (29.96, 2.29, 0.7606, 0.5245, 0.9948)),
    ("vdsr", "new"): ((30.12, 2.40, 0.8152, 0.8504, 0.9947), (30.13, 3.04, 0.7631, 0.6926, 0.9949),
                      (30.06, 3.86, 0.7599, 0.6478, 0.9889), (30.07, 4.36, 0.7612, 0.6268, 0.9854),
                      (30.05, 4.83, 0.7598, 0.6246, 0.9815)),
    ("sr_dncnn", "original"): ((30.11, 1.68, 1.0000, 0.5476, 0.9979), (30.09, 2.18, 0.9967, 0.5257, 0.9961),
                               (30.03, 2.72, 0.9545, 0.5250, 0.9930), (30.00, 3.06, 0.9137, 0.5248, 0.9906),
                               (29.96, 3.45, 0.8843, 0.5245, 0.9878)),
    ("sr_dncnn", "new"): ((30.17, 5.20, 0.9979, 0.5490, 0.9708), (30.14, 4.97, 0.9611, 0.5478, 0.9738),
                          (30.08, 4.82, 0.9038, 0.5267, 0.9752), (30.05, 4.93, 0.8842, 0.5253, 0.9741),
                          (30.00, 4.97, 0.8682, 0.5244, 0.9734)),
}  # fmt: skip

EXTRA_SHARES = (0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4)  # pruned of every host, beside the paper's
EPOCHS = (10, 25, 50, 75, 100)  # after which table VII looks at a host
DATA = {"original": training_pairs, "new": thief_pairs}
COLUMNS = {
    "base1": "Base-1", "base2": "Base-2", "plain": "ours without the code", "large": "ours, 256 bits on 80 x 80",
    "ours": "ours",
}  # fmt: skip


def schemes_of(context: Context, name: str) -> dict[str, Mark]:
    """The schemes that the tables compare: the baselines, the paper's own scheme, and its coded variant as `ours`.

    Args:
      context: of the experiment.
      name: of the host.
    """
    plain = trigger_scheme(context, name)
    return {**{method: baseline(context, method, name) for method in BASELINES}, "plain": plain,
            "ours": coded_scheme(context, name)}  # fmt: skip


def table6(context: Context) -> Findings:
    """What is left of the mark where the smallest weights of every layer are set to 0."""
    rows: list[Row] = []
    claims = []
    for name in first_at_smoke(context, TABLE_6):
        printed = TABLE_6[name]
        title = HOSTS[name].title
        for share in sorted({*EXTRA_SHARES, *printed}):
            for column, scheme in schemes_of(context, name).items():
                subject = _pruned(context, name, scheme, share)
                verdict = own_verdict(context, subject)
                figures = quality_at_home(context, name, subject) if column == "ours" else None
                what = f"pruned {share:.0%}"
                rows += verdict_rows(HOSTS[name], what, column, verdict, figures, printed.get(share))
                if column == "ours" and share in (0.1, 0.25):
                    claims.append(survival_claim(title, what, verdict))
    return Findings(tuple(rows), tuple(claims))


def _pruned(context: Context, name: str, scheme: Mark, share: float) -> Subject:
    """Pruning is cheap, so the pruned network is not kept."""
    marked, attack = marked_host(context, name, scheme), Prune(share)

    def model() -> keras.Model:
        return attack(KerasSuspect("marked", marked.model()), training_pairs(context, name), context.run).model

    return marked.attacked(f"pruned {share:.0%}", repr(attack), model)


def verdict_rows(
    host: Host, what: str, column: str, verdict: dict[str, Any], figures: dict[str, float] | None,
    paper: tuple[float | None, ...] | None,
) -> list[Row]:  # fmt: skip
    """The rows of one scheme after an attack.

    Args:
      host: that was marked and attacked.
      what: was done to it, for the labels: `pruned 10%`.
      column: the scheme's name in `COLUMNS`.
      verdict: what its owner's key finds afterwards.
      figures: the quality of the attacked network; None where the row has none.
      paper: the PSNR in dB, the distance in 1e-3, and the NCC of Base-1, of Base-2 and of ours that the paper prints;
        None where it prints nothing.
    """
    title = f"{host.title}, {what}"
    before = dict(zip(("psnr", "distance", "base1", "base2", "ours"), paper or (None,) * 5, strict=True))
    rows = [] if figures is None else [Row(f"{title}, PSNR on {host.home}", before["psnr"], figures["psnr"], "dB")]
    if column in ("plain", "large"):
        rows.append(Row(f"{title}, distance {COLUMNS[column]}", None, 1e3 * verdict["distance_updated"], "1e-3"))
    if column == "large":
        rows.append(Row(f"{title}, bits of {verdict['n']} {COLUMNS[column]}", None, verdict["bits"]))
    if column == "ours":
        rows.append(Row(f"{title}, distance", before["distance"], 1e3 * verdict["distance_updated"], "1e-3"))
        rows.append(Row(f"{title}, eq. 8", _passed(before["distance"]), _passed(1e3 * verdict["distance_updated"])))
        rows.append(Row(f"{title}, bits of 64", None, verdict["bits"]))
    rows.append(Row(f"{title}, NCC {COLUMNS[column]}", before.get(column), verdict["ncc"]))
    rows.append(Row(f"{title}, p-value {COLUMNS[column]}", None, f"{verdict['p_value']:.1e}"))
    return rows


def _passed(distance: float | None) -> str | None:
    return None if distance is None else "succeeded" if distance <= 6.07 else "failed"


def survival_claim(title: str, what: str, verdict: dict[str, Any]) -> Claim:
    """The claim that a mark survives an attack: it holds where the verdict with an exact p-value still says marked.

    Args:
      title: of the host.
      what: was done to it.
      verdict: what its owner's key finds afterwards.
    """
    return Claim(
        f"{title}: the mark survives ({what}).", bool(verdict["marked"]),
        f"{verdict['bits']:.0f} of {verdict['n']} bits, p = {verdict['p_value']:.1e} at alpha {verdict['alpha']:g}; "
        f"distance to the updated S {verdict['distance_updated']:.2e}, eta {verdict['eta']:.2e}, "
        f"NCC {verdict['ncc']:.4f}.",
    )  # fmt: skip


def epochs_of(context: Context) -> tuple[int, ...]:
    """After which epochs table VII looks at the host; at scale smoke those that figure 9 shows."""
    return context.at(smoke=(10, 50), desk=EPOCHS, paper=EPOCHS)


def tuned_copy(context: Context, name: str, scheme: Mark, data: str, epochs: int) -> Subject:
    """A marked host after some epochs of a thief's fine-tuning; all numbers of epochs come from one training.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: that marked it.
      data: that the thief has: `original`, the owner's, or `new`, textures.
      epochs: one of `epochs_of`.
    """
    marked, attack = marked_host(context, name, scheme), fine_tuning(context, name)
    thiefs = partial(DATA[data], context, name)
    return snapshots(context, marked, f"on {data} data", attack, thiefs, epochs_of(context), {"data": data})[epochs]


def _tuned_schemes(context: Context, name: str) -> dict[str, Mark]:
    """Tuning takes long: all schemes, and one of 256 bits, at scale paper; at desk all of them on RED alone."""
    if SCALES[context.scale].tuned_baselines:
        return {**schemes_of(context, name), "large": large_scheme(context, name)}
    return schemes_of(context, name) if name == "red" else {"ours": coded_scheme(context, name)}


def table7(context: Context) -> Findings:
    """What is left of the mark while a thief fine-tunes the host on the owner's data, or on textures."""
    rows: list[Row] = []
    claims = []
    for name, data in first_at_smoke(context, TABLE_7):
        for column, scheme in _tuned_schemes(context, name).items():
            printed = dict(zip(EPOCHS, TABLE_7[name, data], strict=True))
            for epochs in epochs_of(context):
                subject = tuned_copy(context, name, scheme, data, epochs)
                verdict = own_verdict(context, subject)
                figures = quality_at_home(context, name, subject) if column == "ours" else None
                what = f"{epochs} epochs on {data} data"
                rows += verdict_rows(HOSTS[name], what, column, verdict, figures, printed[epochs])
                if column in ("ours", "large") and epochs == epochs_of(context)[-1]:
                    where = what if column == "ours" else f"{what}, {COLUMNS[column]}"
                    claims.append(survival_claim(HOSTS[name].title, where, verdict))
    return Findings(tuple(rows), tuple(claims))
