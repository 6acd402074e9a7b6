"""Tables IV and V: do wrong keys verify, and do two owners' keys?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.evidence import statistics
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.quan2020.measure import verdict_of
from tfwm.papers.quan2020.models import VERSION, Subject, host_subject, marked_subject
from tfwm.papers.quan2020.scales import HOSTS, coded_scheme, hosts_of, scale_of, trigger_scheme
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.verification import agreement, distance, threshold
from tfwm.suspects import KerasSuspect

# The least distance among P wrong keys, in 1e-3.
TABLE_4 = {"dncnn": (11.1,) * 5, "red": (11.7,) * 5, "sr_dncnn": (9.5,) * 5, "vdsr": (9.4,) * 5}
TABLE_5 = {
    "dncnn": (7.02,) * 5, "red": (7.28, 7.28, 7.28, 7.24, 7.23), "sr_dncnn": (7.42, 7.38, 7.38, 7.38, 7.38),
    "vdsr": (6.97,) * 5,
}  # fmt: skip
SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
ALPHA = 1e-6
STRANGERS = b"wrong keys of tables IV and V"


def table4(context: Context) -> Findings:
    """P wrong keys on unmarked hosts, and the owner's own key on them."""
    findings = _table(context, TABLE_4, marked=False)
    rows, claims = _unmarked(context)
    return replace(findings, rows=(*findings.rows, *rows), claims=(*findings.claims, *claims))


def table5(context: Context) -> Findings:
    """P wrong keys on marked hosts, then two owners' keys exchanged."""
    findings = _table(context, TABLE_5, marked=True)
    rows, claims = _exchanged(context)
    return replace(findings, rows=(*findings.rows, *rows), claims=(*findings.claims, *claims))


def _unmarked(context: Context) -> tuple[list[Row], list[Claim]]:
    """What the owner's key finds on the host as it was before the embedding."""
    rows, claims = [], []
    for name in hosts_of(context, TABLE_4):
        for scheme in (trigger_scheme(context, name), coded_scheme(context, name)):
            key, kind = marked_subject(context, name, scheme), "coded key" if scheme.coded else "key"
            host = replace(host_subject(context, name), key=key.key)
            verdict = verdict_of(context, host.attacked(f"asked with the owner's {kind}", key.recipe, host.model))
            title = f"{HOSTS[name].title} unmarked, asked with the owner's {kind}"
            rows.append(Row(f"{title}, distance to the updated S", None, 1e3 * verdict["distance_updated"], "1e-3"))
            rows.append(Row(f"{title}, p-value", None, f"{verdict['p_value']:.2g}"))
            claims.append(Claim(
                f"Eq. 8 against the updated S rejects {title}.", not verdict["accepted_by_eq_8"],
                f"distance {verdict['distance_updated']:.2e}, eta {verdict['eta']:.2e}, NCC {verdict['ncc']:.4f}; the "
                f"honest p-value is {verdict['p_value']:.2g}.",
            ))  # fmt: skip
    return rows, claims


def _table(context: Context, paper: Mapping[str, tuple[float, ...]], *, marked: bool) -> Findings:
    rows, claims = [], []
    count, state = scale_of(context).keys, "marked" if marked else "unmarked"
    for name in hosts_of(context, paper):
        for coded in (False, True):
            scheme = coded_scheme(context, name) if coded else trigger_scheme(context, name)
            subject = marked_subject(context, name, scheme) if marked else host_subject(context, name)
            wrong = _strangers(context, scheme, subject)
            title = f"{HOSTS[name].title} {state}{', coded' if coded else ''}"
            rows += [
                Row(f"{title}, P={round(share * count)}, least distance", None if coded else before,
                    1e3 * min(wrong["distances"][: round(share * count)]), "1e-3")
                for share, before in zip(SHARES, paper[name], strict=True)
            ]  # fmt: skip
            claims.append(_coded_claim(title, wrong) if coded else _distance_claim(title, wrong, context, name))
    return Findings(tuple(rows), tuple(claims))


def _strangers(context: Context, scheme: TriggerImage, subject: Subject) -> dict[str, Any]:
    """Distances, and bits where there are some, of wrong keys on one network."""
    count, kind = scale_of(context).keys, "coded" if scheme.coded else "plain"
    recipe = {"what": f"{count} wrong {kind} keys on {subject.recipe['what']}", "recipe_version": VERSION,
              "scheme": scheme.to_dict(), "count": count, "of": subject.recipe}  # fmt: skip
    return context.cache.value(recipe, lambda folder: _measured(subject.model(), replace(scheme, triggers=count)))


def _measured(model: keras.Model, scheme: TriggerImage) -> dict[str, Any]:
    """One wrong key a trigger: their secrets are one, their images and bits are independent."""
    secret = derive(STRANGERS.ljust(32), "strangers", 32)
    asked = images.triggers(scheme, secret)
    codes = images.owner_codes(scheme, secret) if scheme.coded else None
    answers = answers_to(KerasSuspect("suspect", model), asked)
    result: dict[str, Any] = {"distances": distance(answers, images.verification_images(scheme, asked, codes))}
    if scheme.coded:
        key = OwnerKey(scheme.name, scheme.to_dict(), secret)
        bits = agreement(scheme, key, np.arange(len(asked)), asked, answers)
        result["bits"] = bits.sum(axis=(1, 2))
    return result


def _distance_claim(title: str, wrong: dict[str, Any], context: Context, name: str) -> Claim:
    eta = threshold(trigger_scheme(context, name).side ** 2)
    nearest, accepted = min(wrong["distances"]), sum(d <= eta for d in wrong["distances"])
    return Claim(
        f"By eq. 8 no wrong key verifies on {title}.", accepted == 0,
        f"{accepted} of {len(wrong['distances'])} wrong keys lie within eta = {eta:.2e}; the nearest at {nearest:.2e}. "
        "G is a linear filter: any answer near K lies near G(K), and a host that learns G for one random image answers "
        "others alike.",
    )  # fmt: skip


def _coded_claim(title: str, wrong: dict[str, Any]) -> Claim:
    hits = wrong["bits"]
    p_values = [statistics.binomial_tail(int(h), 64) for h in hits]
    return Claim(
        f"At a false-claim probability of {ALPHA:g} every wrong key is rejected on {title}.", min(p_values) > ALPHA,
        f"{len(hits)} wrong keys; bits {min(hits)} to {max(hits)} of 64, {np.mean(hits):.2f} on average; least p "
        f"{min(p_values):.1e}, where the least of as many fair ones is about {1 / len(hits):.0e}.",
    )  # fmt: skip


def _exchanged(context: Context) -> tuple[list[Row], list[Claim]]:
    """Section V-D.3: another owner's key on DnCNN and RED, and on a second RED from another start."""
    titles = ("DnCNN", "RED", "RED of another start")
    subjects = [marked_subject(context, name, trigger_scheme(context, name), key=key, seed=seed)
                for name, key, seed in (("dncnn", 0, 0), ("red", 1, 0), ("red", 2, 1))]  # fmt: skip
    rows, found = [], []
    for (first, second), before in {(0, 1): 7.03, (1, 0): 7.62, (1, 2): 7.87, (2, 1): 7.56}.items():
        crossed = replace(subjects[first], key=subjects[second].key)
        crossed = crossed.attacked(f"asked with key {second}", {"key": subjects[second].recipe}, crossed.model)
        verdict = verdict_of(context, crossed)
        rows.append(Row(f"{titles[first]} asked with the key of {titles[second]}, distance", before,
                        1e3 * verdict["distance_updated"], "1e-3"))  # fmt: skip
        found.append(verdict)
    own = [verdict_of(context, subject)["p_value"] for subject in subjects]
    within = sum(bool(verdict["accepted_by_eq_8"]) for verdict in found)
    least, alpha = min(verdict["p_value"] for verdict in found), trigger_scheme(context, "dncnn").alpha
    return rows, [
        Claim("By eq. 8 exchanged keys do not verify.", within == 0, f"{within} of four exchanges lie within eta."),
        Claim("By rank exchanged keys do not verify.", least > alpha,
              f"least p-value {least:.3g} among four exchanges, alpha {alpha:g}; the owners' own keys reach "
              f"{', '.join(f'{p:.2g}' for p in own)}."),
    ]  # fmt: skip
