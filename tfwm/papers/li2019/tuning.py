"""Table 2: key accuracy while a thief fine-tunes the stolen host on his own images."""

from __future__ import annotations

from typing import Any

from tfwm.attacks import TuneClassifier
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.plots import curves
from tfwm.papers.engine.snapshots import snapshots
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.li2019.measure import clean_accuracy, p_text, verdict_with
from tfwm.papers.li2019.models import marked_classifier
from tfwm.papers.li2019.pictures import parts_of
from tfwm.papers.li2019.scales import HOSTS, SCALES, hosts_at

TABLE_2 = {
    "vgg13": (95.75, 92.50, 90.25, 90.00, 90.00, 90.00, 90.00, 90.15, 90.00, 90.25, 90.00),
    "vgg16": (96.50, 95.50, 95.25, 95.50, 95.20, 95.75, 95.25, 95.00, 95.25, 95.50, 95.50),
    "resnet18": (97.00, 92.00, 91.75, 90.50, 89.75, 89.50, 89.00, 88.00, 87.75, 87.50, 87.50),
    "resnet34": (93.40, 90.70, 89.75, 88.75, 88.50, 87.75, 87.00, 86.75, 86.25, 85.50, 84.75),
    "preact_resnet18": (91.75, 90.75, 90.00, 89.25, 88.50, 88.25, 88.25, 88.00, 87.50, 87.50, 87.00),
}
DESK = ("vgg13", "resnet18")


def table2(context: Context) -> Findings:
    """Key accuracy and clean accuracy before and after every tenth epoch of a thief's fine-tuning."""
    names = DESK if context.scale == "desk" else hosts_at(context, tuple(TABLE_2), smoke=1)
    rows, claims, lines = [], [], {}
    for name in names:
        subjects = {0: marked_classifier(context, name), **tuned_subjects(context, name)}
        printed = dict(zip(range(0, 101, 10), TABLE_2[name], strict=True))
        title = HOSTS[name].title
        verdicts = {epochs: verdict_with(context, subject) for epochs, subject in subjects.items()}
        for epochs, verdict in verdicts.items():
            rows.append(Row(f"{title}, {epochs} epochs", printed[epochs], 100 * verdict["score"], "% of key samples"))
            rows.append(Row(f"{title}, {epochs} epochs, p-value", None, f"{verdict['p_value']:.1e}"))
            rows.append(
                Row(f"{title}, {epochs} epochs, accuracy", None, clean_accuracy(context, subjects[epochs]), "%")
            )
        lines[title] = (list(verdicts), [100 * verdict["score"] for verdict in verdicts.values()])
        lines[f"{title}, paper"] = (list(printed), list(printed.values()))
        claims += _claims(title, verdicts)
    chart = curves("li2019.table2", ("epochs of fine-tuning", "% of key samples with their label"), lines)
    return Findings(tuple(rows), tuple(claims), {"Fine-tuning": {"": chart}})


def _claims(title: str, verdicts: dict[int, dict[str, Any]]) -> list[Claim]:
    last = max(verdicts)
    drop = 100 * (verdicts[0]["score"] - verdicts[last]["score"])
    return [
        Claim(f"{title}: the mark survives {last} epochs of fine-tuning.", verdicts[last]["p_value"] <= 1e-6,
              f"{verdicts[last]['hits']:.0f} of {verdicts[last]['n']} key samples, {p_text(verdicts[last])}."),
        Claim(f"{title}: key accuracy drops by at most 9.5 points in {last} epochs.", drop <= 9.5, f"By {drop:.1f}."),
    ]  # fmt: skip


def tuned_subjects(context: Context, name: str) -> dict[int, Subject]:
    """Copies of a marked host that a thief tuned on his images, at the rate that the hosts end with.

    Args:
      context: of the experiment.
      name: of the host.

    Returns:
      The copies by their number of epochs, all from one training.
    """
    scale, marked = SCALES[context.scale], marked_classifier(context, name)
    attack = TuneClassifier(schedule=scale.tuning, augment="none" if context.scale == "smoke" else "crop_flip")
    return snapshots(
        context, marked, "of fine-tuning", attack, lambda: parts_of(context, name)["attacker"], scale.tuned_epochs,
        {"epochs": list(scale.tuned_epochs)},
    )  # fmt: skip
