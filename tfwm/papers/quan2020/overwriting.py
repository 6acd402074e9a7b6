"""Tables VIII and IX: the thief embeds keys of his own with the same algorithm."""

from __future__ import annotations

from pathlib import Path

from tensorflow import keras

from tfwm.attacks import Overwrite
from tfwm.papers import Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, attacked_once
from tfwm.papers.quan2020.measure import own_verdict, quality_at_home
from tfwm.papers.quan2020.models import marked_host
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.robustness import schemes_of, survival_claim, verdict_rows
from tfwm.papers.quan2020.scales import HOSTS, Mark, coded_scheme, first_at_smoke
from tfwm.schemes import scheme_to_dict
from tfwm.suspects import KerasSuspect

# PSNR, distance in 1e-3, NCC of Base-1, of Base-2, ours.
TABLE_8 = {
    "dncnn": (30.41, 3.66, 0.8128, 0.7957, 0.9751), "red": (30.27, 3.47, 0.8915, 0.8689, 0.9779),
    "vdsr": (30.10, 3.07, 0.7628, 0.6581, 0.9915), "sr_dncnn": (30.13, 3.19, 0.7875, 0.8833, 0.9891),
}  # fmt: skip

# For one to five new keys: distance in 1e-3, NCC, PSNR.
TABLE_9 = {
    "dncnn": ((3.66, 0.9751, 30.41), (4.62, 0.9605, 30.41), (4.93, 0.9542, 30.41), (5.17, 0.9505, 30.39),
              (5.28, 0.9500, 30.39)),
    "red": ((3.47, 0.9779, 30.27), (4.52, 0.9628, 29.95), (4.83, 0.9583, 30.23), (5.14, 0.9558, 29.23),
            (5.20, 0.9530, 30.19)),
    "vdsr": ((3.07, 0.9923, 30.10), (3.04, 0.9917, 30.13), (3.22, 0.9902, 30.07), (3.16, 0.9912, 30.09),
             (3.24, 0.9904, 30.08)),
    "sr_dncnn": ((3.19, 0.9891, 30.13), (3.97, 0.9841, 30.11), (4.99, 0.9736, 30.13), (4.30, 0.9803, 30.10),
                 (4.89, 0.9747, 30.09)),
}  # fmt: skip


def overwritten(context: Context, name: str, scheme: Mark, keys: int) -> Subject:
    """A marked host in which a thief has embedded keys of his own by the same scheme, one after the other.

    Args:
      context: of the experiment.
      name: of the host.
      scheme: of the owner's mark and of the thief's.
      keys: how many the thief embeds, at least 1.
    """
    marked, settings = marked_host(context, name, scheme), scheme_to_dict(scheme)

    def make(folder: Path) -> keras.Model:
        before = marked if keys == 1 else overwritten(context, name, scheme, keys - 1)
        run = context.run_in(folder, seed=100 + keys)  # another key of the thief at every turn
        attack = Overwrite(scheme=settings, count=1)
        return attack(KerasSuspect("stolen", before.model()), training_pairs(context, name), run).model

    return attacked_once(context, marked, f"overwritten with {keys}", {"keys": keys, **settings}, make)


def table8(context: Context) -> Findings:
    """What is left of the marks of all schemes after a thief embedded one key of his own by the same scheme."""
    rows: list[Row] = []
    claims = []
    for name in first_at_smoke(context, TABLE_8):
        for column, scheme in schemes_of(context, name).items():
            subject = overwritten(context, name, scheme, 1)
            verdict = own_verdict(context, subject)
            figures = quality_at_home(context, name, subject) if column == "ours" else None
            rows += verdict_rows(HOSTS[name], "one new key", column, verdict, figures, TABLE_8[name])
            if column == "ours":
                claims.append(survival_claim(HOSTS[name].title, "one new key", verdict))
    return Findings(tuple(rows), tuple(claims))


def table9(context: Context) -> Findings:
    """What is left of our mark after a thief embedded one to five keys of his own."""
    rows: list[Row] = []
    claims = []
    for name in context.at(smoke=("red",), desk=("red", "vdsr"), paper=tuple(TABLE_9)):
        printed = TABLE_9[name]
        for keys, (distance, ncc, psnr) in enumerate(printed, start=1):
            subject = overwritten(context, name, coded_scheme(context, name), keys)
            verdict, figures = own_verdict(context, subject), quality_at_home(context, name, subject)
            paper = (psnr, distance, None, None, ncc)
            rows += verdict_rows(HOSTS[name], f"{keys} new keys", "ours", verdict, figures, paper)
        claims.append(survival_claim(HOSTS[name].title, f"{len(printed)} new keys", verdict))
    return Findings(tuple(rows), tuple(claims))
