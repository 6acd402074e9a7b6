"""Tables IV and V: do wrong keys verify, and do two owners' keys?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.config import to_dict
from tfwm.evidence import statistics
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.measure import own_verdict
from tfwm.papers.quan2020.models import TRAINED, marked_host
from tfwm.papers.quan2020.scales import HOSTS, SCALES, coded_scheme, first_at_smoke, trigger_scheme
from tfwm.schemes.trigger_image import TriggerImage, images
from tfwm.schemes.trigger_image.verification import agreement, asked_for, distance, threshold
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
    """What P wrong keys, and then the owner's key, find on unmarked hosts."""
    findings = _table(context, TABLE_4, marked=False)
    rows, claims = _unmarked(context)
    return replace(findings, rows=(*findings.rows, *rows), claims=(*findings.claims, *claims))


def table5(context: Context) -> Findings:
    """What P wrong keys find on marked hosts, and two owners' keys on each other's."""
    findings = _table(context, TABLE_5, marked=True)
    rows, claims = _exchanged(context)
    return replace(findings, rows=(*findings.rows, *rows), claims=(*findings.claims, *claims))


def _unmarked(context: Context) -> tuple[list[Row], list[Claim]]:
    """What the owner's key finds on each host as it was before the embedding."""
    rows, claims = [], []
    for name in first_at_smoke(context, TABLE_4):
        for scheme in (trigger_scheme(context, name), coded_scheme(context, name)):
            key, which = marked_host(context, name, scheme), "coded key" if scheme.coded else "key"
            host = replace(TRAINED.unmarked(context, name), key=key.key)
            verdict = own_verdict(context, host.attacked(f"asked with the owner's {which}", key.recipe, host.model))
            title = f"{HOSTS[name].title} unmarked, asked with the owner's {which}"
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
    count, state = SCALES[context.scale].keys, "marked" if marked else "unmarked"
    for name in first_at_smoke(context, paper):
        for coded in (False, True):
            scheme = coded_scheme(context, name) if coded else trigger_scheme(context, name)
            subject = marked_host(context, name, scheme) if marked else TRAINED.unmarked(context, name)
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
    """What wrong keys find on one network; see `answers_to_strangers`."""
    count, which = SCALES[context.scale].keys, "coded" if scheme.coded else "plain"
    wrong = replace(scheme, triggers=count, reveal=count)
    recipe = {"what": f"{count} wrong {which} keys on {subject.recipe['what']}", "recipe_version": TRAINED.version,
              "scheme": to_dict(scheme), "count": count, "of": subject.recipe}  # fmt: skip
    return context.cache.value(recipe, lambda folder: answers_to_strangers(subject.model(), wrong))


def answers_to_strangers(model: keras.Model, scheme: TriggerImage) -> dict[str, Any]:
    """How near a network's answers to wrong keys are to what eq. 8 wants.

    Each trigger of the scheme counts as a key of its own: all come from one secret, but their images and bits are
    independent of each other.

    Args:
      model: images to images of the same size.
      scheme: with as many `triggers` as there shall be wrong keys, all of which are asked for at once.

    Returns:
      `distances`, `[triggers]`, to the verification images; and with a coded scheme `bits`, how many of each key's
      bits the answers agree with.
    """
    asked = asked_for(scheme, OwnerKey(scheme.name, to_dict(scheme), derive(STRANGERS.ljust(32), "strangers", 32)))
    codes = images.owner_codes(scheme, asked.draws) if scheme.coded else None
    answers = answers_to(KerasSuspect("suspect", model), asked.images)
    result: dict[str, Any] = {"distances": distance(answers, images.verification_images(scheme, asked.images, codes))}
    if scheme.coded:
        result["bits"] = agreement(asked, answers).sum(axis=(1, 2))
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
    """Section V-D.3: what other owners' keys find on DnCNN, on RED, and on a second RED that began elsewhere."""
    titles = ("DnCNN", "RED", "RED of another start")
    subjects = [marked_host(context, name, trigger_scheme(context, name), key=key, seed=seed)
                for name, key, seed in (("dncnn", 0, 0), ("red", 1, 0), ("red", 2, 1))]  # fmt: skip
    rows, found = [], []
    for (first, second), before in {(0, 1): 7.03, (1, 0): 7.62, (1, 2): 7.87, (2, 1): 7.56}.items():
        crossed = replace(subjects[first], key=subjects[second].key)
        crossed = crossed.attacked(f"asked with key {second}", {"key": subjects[second].recipe}, crossed.model)
        verdict = own_verdict(context, crossed)
        rows.append(Row(f"{titles[first]} asked with the key of {titles[second]}, distance", before,
                        1e3 * verdict["distance_updated"], "1e-3"))  # fmt: skip
        found.append(verdict)
    own = [own_verdict(context, subject)["p_value"] for subject in subjects]
    within = sum(bool(verdict["accepted_by_eq_8"]) for verdict in found)
    least, alpha = min(verdict["p_value"] for verdict in found), trigger_scheme(context, "dncnn").alpha
    return rows, [
        Claim("By eq. 8 exchanged keys do not verify.", within == 0, f"{within} of four exchanges lie within eta."),
        Claim("By rank exchanged keys do not verify.", least > alpha,
              f"least p-value {least:.3g} among four exchanges, alpha {alpha:g}; the owners' own keys reach "
              f"{', '.join(f'{p:.2g}' for p in own)}."),
    ]  # fmt: skip
