"""Tables VIII and IX: the thief embeds keys of his own with the same algorithm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tensorflow import keras

from tfwm.attacks import Overwrite
from tfwm.papers import Context, Findings, Row
from tfwm.papers.quan2020.measure import quality_at_home, verdict_of
from tfwm.papers.quan2020.models import Subject, marked_subject
from tfwm.papers.quan2020.pictures import training_pairs
from tfwm.papers.quan2020.robustness import schemes_of, survival_claim, verdict_rows
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, hosts_of
from tfwm.papers.quan2020.tables import TABLE_8, TABLE_9
from tfwm.schemes import scheme_to_dict
from tfwm.suspects import KerasSuspect


def overwritten(context: Context, name: str, scheme: Any, keys: int) -> Subject:
    """A marked host after `keys` keys of a thief, one after the other."""
    marked = marked_subject(context, name, scheme)
    settings = scheme_to_dict(replace(scheme, visualizer=False) if hasattr(scheme, "visualizer") else scheme)

    def make(folder: Any) -> keras.Model:
        before = marked if keys == 1 else overwritten(context, name, scheme, keys - 1)
        run = context.run_in(folder, seed=100 + keys)  # another key of the thief at every turn
        attack = Overwrite(scheme=settings, count=1)
        return attack(KerasSuspect("stolen", before.model()), training_pairs(context, name), run).model

    subject = marked.attacked(f"overwritten with {keys}", {"keys": keys, **settings}, lambda: None)
    return replace(subject, model=lambda: context.cache.model(subject.recipe, make))


def table8(context: Context) -> Findings:
    """One new key, on all three schemes."""
    rows: list[Row] = []
    claims = []
    for name in hosts_of(context, TABLE_8):
        for column, scheme in schemes_of(context, name).items():
            subject = overwritten(context, name, scheme, 1)
            verdict = verdict_of(context, subject)
            figures = quality_at_home(context, name, subject) if column == "ours" else None
            rows += verdict_rows(HOSTS[name], "one new key", column, verdict, figures, TABLE_8[name])
            if column == "ours":
                claims.append(survival_claim(HOSTS[name].title, "one new key", verdict))
    return Findings(tuple(rows), tuple(claims))


def table9(context: Context) -> Findings:
    """One to five new keys."""
    rows: list[Row] = []
    claims = []
    for name in context.at(smoke=("red",), desk=("red", "vdsr"), paper=tuple(TABLE_9)):
        printed = TABLE_9[name]
        for keys, (distance, ncc, psnr) in enumerate(printed, start=1):
            subject = overwritten(context, name, coded_scheme(context, name), keys)
            verdict, figures = verdict_of(context, subject), quality_at_home(context, name, subject)
            paper = (psnr, distance, None, None, ncc)
            rows += verdict_rows(HOSTS[name], f"{keys} new keys", "ours", verdict, figures, paper)
        claims.append(survival_claim(HOSTS[name].title, f"{len(printed)} new keys", verdict))
    return Findings(tuple(rows), tuple(claims))
