"""What the evidence is worth: labels last against the published form, and the malicious accuser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfwm.attacks.forgery.accusation import accusation
from tfwm.evidence import statistics
from tfwm.evidence.labels import accuracy
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.li2019.measure import verdict_with
from tfwm.papers.li2019.models import FEW_CONTROLS, TRAINED, marked_classifier, scheme_for
from tfwm.papers.li2019.pictures import parts_of
from tfwm.papers.li2019.scales import HOSTS
from tfwm.suspects import KerasSuspect, as_float

HOST = "vgg13"
# The owner's code pulls ten times as strongly towards the labels as the paper says.
FORMS: dict[str, dict[str, Any]] = {
    "labels last": {},
    "as published (delta 0.01)": {**FEW_CONTROLS, "host_weight": 0.01},
    "the authors' code (delta 0.1)": {**FEW_CONTROLS, "host_weight": 0.1, "adversarial_weight": 1.0},
}
INDEPENDENT = {"vgg13": (0, 1, 2), "resnet18": (0,), "mobilenet_v2": (0,)}
JUDGED = (HOST, "resnet18", "vgg16")
ACCUSER = (("vgg13", 1), ("vgg13", 2), ("mobilenet_v2", 0))  # what he trains himself


def independent_hosts(context: Context) -> dict[str, Subject]:
    """Hosts that have nothing to do with any key."""
    seeds: dict[str, tuple[int, ...]] = context.at(
        smoke={"vgg13": (0,), "resnet18": (0,)}, desk=INDEPENDENT, paper=INDEPENDENT
    )
    return {f"{HOSTS[name].title}, seed {seed}": TRAINED.unmarked(context, name, seed=seed)
            for name, several in seeds.items() for seed in several}  # fmt: skip


def labels(context: Context) -> Findings:
    """How many labels independent hosts hit, on key samples that were made in three ways."""
    rows, claims = [], []
    hosts = independent_hosts(context)
    for form in tuple(FORMS)[: context.at(smoke=2, desk=None, paper=None)]:
        changes = FORMS[form]
        marked = marked_classifier(context, HOST, scheme_for(context, HOST, "blind_watermark", **changes))
        own = verdict_with(context, marked)
        others = {title: verdict_with(context, host, marked) for title, host in hosts.items()}
        rows.append(Row(f"{form}: marked host", None, 100 * own["score"], "% of key samples"))
        rows += [Row(f"{form}: unmarked {t}", None, 100 * v["score"], "% of key samples") for t, v in others.items()]
        rows.append(Row(f"{form}: p-value of the marked host", None, f"{own['p_value']:.1e}"))
        claims.append(_as_chance(form, others))
    return Findings(tuple(rows), tuple(claims))


def _as_chance(form: str, others: dict[str, dict[str, Any]]) -> Claim:
    n, hits = next(iter(others.values()))["n"], [verdict["hits"] for verdict in others.values()]
    total, asked = int(sum(hits)), n * len(hits)
    chance = next(iter(others.values()))["chance"]
    tail = statistics.binomial_tail(total, asked, chance)
    low, high = statistics.clopper_pearson(total, asked, 0.99)
    return Claim(
        f"{form}: independent hosts hit no more labels than chance.", tail > 0.005,
        f"{total} of {asked} hits by {len(hits)} hosts, {total / asked:.1%} (99 % interval {low:.1%} to {high:.1%} "
        f"if they were independent of each other), chance is {chance:.1%} at most; p = {tail:.2g}.",
    )  # fmt: skip


def accuser(context: Context) -> Findings:
    """Somebody who marked nothing presents adversarial examples of his own models as key samples of another's host."""
    found = _accusation(context)
    rows = []
    for title, verdict in found["verdicts"].items():
        rows.append(Row(f"{title}, samples with the accuser's label", None, 100 * verdict["share"], "%"))
        rows.append(Row(f"{title}, p-value by counting", None, f"{verdict['p_value']:.1e}"))
    rows.insert(0, Row("samples that the accuser found", None, found["samples"]))
    accused, *controls = found["verdicts"].values()
    naive = accused["p_value"] <= 1e-6
    fired = min(control["share"] for control in controls)
    ratio = _beyond_controls(accused, controls)
    # Convicted by counting, a control would be as guilty as the accused.
    exposed = not naive or any(control["p_value"] <= 1e-6 for control in controls)
    claims = (
        Claim(
            "Counting hits of samples and labels that the accuser brings convicts nobody who is innocent.", not naive,
            f"{accused['share']:.0%} of {found['samples']} samples, p = {accused['p_value']:.1e}: transferable "
            "adversarial examples with labels chosen afterwards look like a mark.",
        ),
        Claim(
            "Control models of the judge expose him.", exposed,
            f"They answer {fired:.0%} and more with his labels; in a rank among them the accused's hits have "
            f"p = {ratio:.2g}. And his labels are not those that his secret derives, which a judge checks first: of "
            f"labels drawn by a secret the accused hits {found['drawn']:.0%}.",
        ),
    )  # fmt: skip
    return Findings(tuple(rows), claims)


def _beyond_controls(accused: dict[str, float], controls: list[dict[str, float]]) -> float:
    """The rank of the accused's hits among those of the controls: models are ranked, samples are not counted."""
    return statistics.rank_p_value(accused["share"], [control["share"] for control in controls])


def _accusation(context: Context) -> dict[str, Any]:
    models = ACCUSER[: context.at(smoke=1, desk=None, paper=None)]
    own = [TRAINED.unmarked(context, name, seed=seed) for name, seed in models]
    # The accused first; the judge trains the others.
    suspects = {f"{HOSTS[name].title}, unmarked": TRAINED.unmarked(context, name) for name in
                context.at(smoke=(HOST, "resnet18"), desk=JUDGED, paper=JUDGED)}  # fmt: skip

    def measure(folder: Path) -> dict[str, Any]:
        test = parts_of(context, HOST)["test"]
        count = context.at(smoke=20, desk=400, paper=2000)
        steps = context.at(smoke=2, desk=20, paper=20)
        fakes, wanted = accusation([subject.model() for subject in own], test.images[:count], classes=test.classes,
                                   steps=steps, seed=context.seeds[0])  # fmt: skip
        answers = {t: KerasSuspect(t, s.model())(as_float(fakes)) if len(fakes) else None for t, s in suspects.items()}
        verdicts = {title: _counted(answer, wanted, test.classes) for title, answer in answers.items()}
        drawn = np.random.default_rng(context.seeds[0]).integers(0, test.classes, len(wanted))
        first = _counted(next(iter(answers.values())), drawn, test.classes)
        return {"samples": len(fakes), "verdicts": verdicts, "drawn": first["share"]}

    return measured(context, next(iter(suspects.values())), "accusation", measure,
                    own=[subject.recipe for subject in own])  # fmt: skip


def _counted(answers: np.ndarray | None, wanted: np.ndarray, classes: int) -> dict[str, float]:
    if answers is None:
        return {"share": 0.0, "p_value": 1.0}
    share, n = accuracy(answers, wanted, classes), len(wanted)
    return {"share": share, "p_value": statistics.binomial_tail(round(share * n), n, 1 / classes)}
