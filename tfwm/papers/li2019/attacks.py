"""Attacks that the paper did not try: on the weights, on the queries, by training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tensorflow import keras

from tfwm.attacks import (
    ExtractClassifier,
    FinePrune,
    NeuralCleanse,
    Overwrite,
    Prune,
    Quantize,
    RequestJpeg,
    RequestResize,
    WeightNoise,
    attack_to_dict,
)
from tfwm.evidence.labels import accuracy
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.classifiers.measure import measured
from tfwm.papers.classifiers.models import Subject, data_of, host_subject, marked_subject
from tfwm.papers.classifiers.scales import HOSTS, host_settings, scale_of, scheme_for
from tfwm.schemes import scheme_of, scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent
from tfwm.types import Attack

HOST = "vgg13"


def attacks_of(context: Context) -> tuple[Attack, ...]:
    """What a thief would do; those that train have his 3,000 images."""
    scale = scale_of(context)
    short = context.at(smoke=Descent(1, 2, 20, 1e-3, "constant"), desk=Descent(10, 24, 100, 1e-2, "cosine"),
                       paper=Descent(20, 80, 100, 1e-2, "cosine"))  # fmt: skip
    long = context.at(smoke=short, desk=Descent(40, 24, 100, 2e-2, "cosine"),
                      paper=Descent(100, 80, 100, 1e-2, "cosine"))  # fmt: skip
    width = host_settings(context, HOST).width
    second = replace(
        scheme_for(context, HOST, "blind_watermark", host=long, samples=min(100, scale.samples or 100)),
        from_scratch=False,
    )  # fmt: skip
    return (
        Prune(0.2), Prune(0.4), Prune(0.6), Quantize(8), Quantize(4), WeightNoise(0.05), WeightNoise(0.2),
        RequestJpeg(90), RequestJpeg(50), RequestResize(0.5), FinePrune(0.3, short),
        NeuralCleanse(steps=context.at(smoke=2, desk=100, paper=1000), schedule=short),
        ExtractClassifier(HOSTS[HOST].network, width, "scores", schedule=long),
        Overwrite(scheme_to_dict(second)),
    )  # fmt: skip


def more_attacks(context: Context) -> Findings:
    """Each on the marked host, and beside it how many key samples are left."""
    marked, control = marked_subject(context, HOST), host_subject(context, HOST)
    rows, claims = [], []
    for title, subject, attack in [("unattacked", marked, None), ("unmarked host", control, None),
                                   *((repr(attack), marked, attack) for attack in attacks_of(context))]:  # fmt: skip
        found = _found(context, marked, subject, attack)
        rows.append(Row(f"{title}, key samples with their label", None, 100 * found["score"], "%"))
        rows.append(Row(f"{title}, p-value", None, f"{found['p_value']:.1e}"))
        rows.append(Row(f"{title}, accuracy", None, found["accuracy"], "%"))
        if attack is not None:
            claims.append(Claim(
                f"The mark survives {title}.", bool(found["marked"]),
                f"{found['hits']:.0f} of {found['n']} key samples, p = {found['p_value']:.1e}; the copy is at "
                f"{found['accuracy']:.1f} % accuracy.",
            ))  # fmt: skip
    return Findings(tuple(rows), tuple(claims))


def _found(context: Context, marked: Subject, subject: Subject, attack: Attack | None) -> dict[str, Any]:
    settings = None if attack is None else attack_to_dict(attack)
    parts = data_of(context, HOST)

    def measure_in(folder: Path) -> dict[str, Any]:
        model: keras.Model = subject.model()
        suspect: Any = KerasSuspect("suspect", model)
        if attack is not None:
            suspect = attack(suspect, parts["attacker"], context.run_in(folder, seed=context.seeds[0]))
        key = marked.owner_key()
        clean = accuracy(suspect(parts["test"].images), parts["test"].labels, parts["test"].classes)
        verdict = scheme_of(key).verify(suspect, key)
        return {**verdict.as_dict(), "accuracy": 100 * clean}

    return measured(context, subject, f"attack {attack!r}", measure_in, attack=settings, key=marked.recipe)
