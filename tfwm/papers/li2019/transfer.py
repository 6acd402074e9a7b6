"""Figure 9: do key samples of one training work on the host of another?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfwm.evidence import statistics
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.plots import matrix
from tfwm.papers.engine.subjects import Subject, measured
from tfwm.papers.li2019.measure import secret_labels, share_labelled, verdict_with
from tfwm.papers.li2019.models import marked_classifier
from tfwm.papers.li2019.scales import HOSTS
from tfwm.schemes.key_samples.drawing import label_chance
from tfwm.schemes.key_samples.networks import encoded

SEEDS = {"smoke": 2, "desk": 5, "paper": 5}
HOST = {"smoke": "vgg13", "desk": "vgg13", "paper": "mobilenet_v2"}


def figure9(context: Context) -> Findings:
    """Hosts of several seeds asked with each other's keys; then with their own key but another seed's encoder."""
    name, count = HOST[context.scale], SEEDS[context.scale]
    subjects = [marked_classifier(context, name, seed=seed) for seed in range(count)]
    whole = np.array([[100 * verdict_with(context, host, key)["score"] for host in subjects] for key in subjects])
    verdicts = [verdict_with(context, host, key) for host in subjects for key in subjects if host is not key]
    leaked = np.array([[100 * _with_encoder(context, host, maker) for host in subjects] for maker in subjects])
    labels = [str(seed + 1) for seed in range(count)]
    off = ~np.eye(count, dtype=bool)
    n = verdicts[0]["n"]
    rows = (
        *_rows(HOSTS[name].title, "key of another owner", whole, off, "3 to 68"),
        Row("key of another owner, least p-value", None, f"{min(v['p_value'] for v in verdicts):.2g}"),
        *_rows(HOSTS[name].title, "owner's covers and labels, encoder of another seed", leaked, off, None),
        Row("the same, least p-value", None, f"{_tail(leaked[off].max(), n):.1e}"),
    )
    names = ("host of seed", "key samples of seed")
    charts = {
        "A key of another "
        "owner": {"": matrix("key exchanged whole, % of samples with their label", names, whole, labels)},
        "The owner's covers and labels, and an encoder of another seed": {
            "": matrix("only the encoder is the stranger's, % of samples with their label", names, leaked, labels)
        },
    }  # fmt: skip
    return Findings(rows, _claims(whole, leaked, off, verdicts, n), charts)


def _rows(title: str, what: str, values: np.ndarray, off: np.ndarray, paper: str | None) -> tuple[Row, ...]:
    return (
        Row(f"{title}, {what}, own (least)", "high", float(np.diag(values).min()), "% of key samples"),
        Row(f"{title}, {what}, others (mean)", None, float(values[off].mean()), "% of key samples"),
        Row(f"{title}, {what}, others (largest)", paper, float(values[off].max()), "% of key samples"),
    )


def _claims(whole: np.ndarray, leaked: np.ndarray, off: np.ndarray, verdicts: list, n: int) -> tuple[Claim, ...]:
    least, most = min(v["p_value"] for v in verdicts), float(leaked[off].max())
    return (
        Claim(
            "Key samples work on their own host only.", least > 1e-6 and float(np.diag(whole).min()) >= 90,
            f"Own hosts at least {np.diag(whole).min():.0f} %, others at most {whole[off].max():.1f} %, least p-value "
            f"{least:.2g} of {len(verdicts)}: labels are drawn from each owner's secret, so chance is all there is.",
        ),
        Claim(
            "Nobody without the encoder can make samples that the host knows, even with the owner's covers and labels.",
            _tail(most, n) > 1e-6,
            f"An encoder of another seed reaches {leaked[off].mean():.1f} % on average and up to {most:.1f} % "
            f"(p = {_tail(most, n):.1e}): the host has learnt the covers with some difference, not this one. "
            "Evidence then rests on the labels, which are 120 secret draws: who has them has the secret. They "
            "are drawn from the encoder too, so that no other encoder has these labels.",
        ),
    )  # fmt: skip


def _tail(percent: float, n: int, classes: int = 10) -> float:
    return statistics.binomial_tail(round(percent / 100 * n), n, label_chance(classes))


def _with_encoder(context: Context, host: Subject, maker: Subject) -> float:
    """How often the host gives the owner's labels to his covers where another seed's encoder drew the samples."""
    host_key, maker_key = host.owner_key, maker.owner_key

    def measure(folder: Path) -> float:
        key = host_key()
        samples = encoded(maker_key().networks["encoder"], key.arrays["covers"], key.arrays["logo"])
        return share_labelled(host.model(), samples, secret_labels(key))

    return measured(context, host, f"hits with the encoder of {maker.recipe['what']}", measure, maker=maker.recipe)
