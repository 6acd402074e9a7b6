"""Tables VI to IX: pruning, fine-tuning and overwriting, beside the two baselines.

"Ours" is the coded variant: distance to the updated S, threshold and NCC are the paper's, and the bits give an honest
p-value beside them.
"""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from tfwm.attacks import Prune
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.measure import own_verdict, quality_at_home
from tfwm.papers.quan2020.models import marked_host
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.scales import (
    BASELINES,
    HOSTS,
    SCALES,
    Host,
    Mark,
    baseline,
    coded_scheme,
    first_at_smoke,
    large_scheme,
    trigger_scheme,
)
from tfwm.papers.quan2020.tables import TABLE_6, TABLE_7
from tfwm.papers.quan2020.tuned import EPOCHS, epochs_of, tuned_copy
from tfwm.suspects import KerasSuspect

EXTRA_SHARES = (0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4)
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
    return {**{kind: baseline(context, kind, name) for kind in BASELINES}, "plain": plain,
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
