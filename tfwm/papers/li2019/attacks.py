"""Attacks that the paper did not try: on the weights, on the queries, by training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

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
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.li2019.measure import accuracy_on_test
from tfwm.papers.li2019.models import TRAINED, marked_classifier, scheme_for
from tfwm.papers.li2019.pictures import parts_of
from tfwm.papers.li2019.scales import HOSTS, SCALES, classifier_settings
from tfwm.schemes import scheme_of, scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Descent
from tfwm.types import Attack, Suspect

HOST = "vgg13"


def tried_attacks(context: Context) -> tuple[Attack, ...]:
    """The attacks that are tried; those that train do so on the thief's images."""
    scale = SCALES[context.scale]
    short = context.at(smoke=Descent(1, 2, 20, 1e-3, "constant"), desk=Descent(10, 24, 100, 1e-2, "cosine"),
                       paper=Descent(20, 80, 100, 1e-2, "cosine"))  # fmt: skip
    long = context.at(smoke=short, desk=Descent(40, 24, 100, 2e-2, "cosine"),
                      paper=Descent(100, 80, 100, 1e-2, "cosine"))  # fmt: skip
    width = classifier_settings(context, HOST).width
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
    """How many key samples still get their label after each attack, beside what it costs the thief in accuracy."""
    marked, control = marked_classifier(context, HOST), TRAINED.unmarked(context, HOST)
    rows, claims = [], []
    for title, subject, attack in [("unattacked", marked, None), ("unmarked host", control, None),
                                   *((repr(attack), marked, attack) for attack in tried_attacks(context))]:  # fmt: skip
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
    """What the marked host's key finds on a subject after an attack, and its accuracy in percent."""
    settings = None if attack is None else attack_to_dict(attack)

    def measure(folder: Path) -> dict[str, Any]:
        suspect: Suspect = KerasSuspect("suspect", subject.model())
        if attack is not None:
            thief = parts_of(context, HOST)["attacker"]
            suspect = attack(suspect, thief, context.run_in(folder, seed=context.seeds[0]))
        key = marked.owner_key()
        clean = accuracy_on_test(context, HOST, suspect)
        return {**scheme_of(key).verify(suspect, key).as_dict(), "accuracy": clean}

    return measured(context, subject, f"attack {attack!r}", measure, attack=settings, key=marked.recipe)
