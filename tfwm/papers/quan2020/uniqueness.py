"""Tables IV and V: do wrong keys verify, and do two owners' keys?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm import statistics
from tfwm.keys import OwnerKey, derive
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.quan2020.measure import found
from tfwm.papers.quan2020.models import VERSION, host_of, host_recipe, marked_of, marked_recipe
from tfwm.papers.quan2020.scales import HOSTS, scale_of, trigger_scheme
from tfwm.schemes.asking import answers_to
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
    """P wrong keys on unmarked hosts."""
    return _table(context, TABLE_4, marked=False)


def table5(context: Context) -> Findings:
    """P wrong keys on marked hosts, then two owners' keys exchanged."""
    findings = _table(context, TABLE_5, marked=True)
    rows, claim = _exchanged(context)
    return replace(findings, rows=(*findings.rows, *rows), claims=(*findings.claims, claim))


def _table(context: Context, paper: dict[str, tuple[float, ...]], *, marked: bool) -> Findings:
    rows, claims = [], []
    count, state = scale_of(context).keys, "marked" if marked else "unmarked"
    for name, printed in paper.items():
        for coded in (False, True):
            scheme = trigger_scheme(context, name, coded=coded)
            recipe = marked_recipe(context, name, scheme) if marked else host_recipe(context, name)
            wrong = _strangers(context, name, scheme, recipe, marked)
            title = f"{HOSTS[name].title} {state}{', coded' if coded else ''}"
            rows += [
                Row(f"{title}, P={round(share * count)}, least distance", None if coded else before,
                    1e3 * min(wrong["distances"][: round(share * count)]), "1e-3")
                for share, before in zip(SHARES, printed, strict=True)
            ]  # fmt: skip
            claims.append(_coded_claim(title, wrong) if coded else _distance_claim(title, wrong, context, name))
    return Findings(tuple(rows), tuple(claims))


def _strangers(context: Context, name: str, scheme: TriggerImage, recipe: dict[str, Any], marked: bool) -> Any:
    """Distances, and bits where there are some, of wrong keys on one network."""
    count = scale_of(context).keys

    def make(folder: Any) -> dict[str, Any]:
        model = marked_of(context, name, scheme).model if marked else host_of(context, name)
        return _measured(model, replace(scheme, triggers=count))

    coded = "coded" if scheme.coded else "plain"
    return context.cache.value({"what": f"{count} wrong {coded} keys on {recipe['what']}", "recipe_version": VERSION,
                                "count": count, "coded": scheme.coded, "of": recipe}, make)  # fmt: skip


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
        "K - grad K is a linear filter: a host that learns it for one random image answers others alike.",
    )  # fmt: skip


def _coded_claim(title: str, wrong: dict[str, Any]) -> Claim:
    hits = wrong["bits"]
    p_values = [statistics.binomial_tail(int(h), 64) for h in hits]
    return Claim(
        f"At a false-claim probability of {ALPHA:g} every wrong key is rejected on {title}.", min(p_values) > ALPHA,
        f"{len(hits)} wrong keys; bits {min(hits)} to {max(hits)} of 64, {np.mean(hits):.2f} on average; least p "
        f"{min(p_values):.1e}, where the least of as many fair ones is about {1 / len(hits):.0e}.",
    )  # fmt: skip


def _exchanged(context: Context) -> tuple[list[Row], Claim]:
    """Section V-D.3: another owner's key on DnCNN and RED, and on a second RED from another start."""
    pairs = (("dncnn", 0, 0), ("red", 1, 0), ("red", 2, 1))
    marked = {pair: _one(context, *pair) for pair in pairs}
    printed = {(0, 1): 7.03, (1, 0): 7.62, (1, 2): 7.87, (2, 1): 7.56}
    rows, nearest = [], 1.0
    for (first, second), before in printed.items():
        model, key = marked[pairs[first]], marked[pairs[second]]
        value = context.cache.value(
            {"what": f"exchanged keys {first} {second}", "recipe_version": VERSION,
             "model": model[0], "key": key[0]},
            lambda folder, m=model, k=key: found(m[1]().model, k[1]().key),
        )  # fmt: skip
        title = f"{_title(pairs[first])} asked with the key of {_title(pairs[second])}"
        rows.append(Row(f"{title}, distance", before, 1e3 * value["distance_updated"], "1e-3"))
        nearest = min(nearest, value["p_value"])
    claim = Claim("Exchanged keys do not verify.", nearest > trigger_scheme(context, "dncnn").alpha,
                  f"least rank p-value {nearest:.3g} among four exchanges.")  # fmt: skip
    return rows, claim


def _title(pair: tuple[str, int, int]) -> str:
    name, key, seed = pair
    return f"{HOSTS[name].title}{f' (start {seed})' if seed else ''} with key {key}"


def _one(context: Context, name: str, key: int, seed: int) -> tuple[dict[str, Any], Any]:
    scheme = trigger_scheme(context, name)
    return (marked_recipe(context, name, scheme, key=key, seed=seed),
            lambda: marked_of(context, name, scheme, key=key, seed=seed))  # fmt: skip
