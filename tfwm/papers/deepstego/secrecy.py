"""Table 3: steganalysis, by ATS as the paper runs it and by a classifier that was shown examples.

ATS needs no labelled example, but an idea of the embedding. The supervised analyst trains the same features and the
same kind of support vector machine on covers and stego images of his own; he is what a method must stand up to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.data.key_images import KEY_IMAGES
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.deepstego.tables import SCHEME
from tfwm.papers.detection.spam import spam_features
from tfwm.papers.detection.steganalysis import ats_detect, detection_rate, trained_detector
from tfwm.papers.engine.subjects import measured
from tfwm.papers.li2019.models import marked_classifier, scheme_for, strangers_encoder
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes.deep_stego.settings import without_host
from tfwm.schemes.key_samples.networks import encoded

HOST = "vgg16"
# Method of `KEY_IMAGES`, how the paper calls it, its detection rate there in percent, and the settings here.
CLASSIC: dict[str, tuple[str, int | None, dict[str, float]]] = {
    "lsb": ("LSB, 0.4 bits per pixel", None, {"rate": 0.4}),
    "wow": ("WOW, 0.4 bits per pixel", 69, {}),
    "hugo": ("HUGO, 0.4 bits per pixel", 72, {}),
    "suniward": ("S-UNIWARD, 0.4 bits per pixel", 73, {}),
    "content": ("Zhang, content", 94, {}),
    "signature": ("Guo, signature", 80, {}),
}
HARD = {"wow": "WOW", "hugo": "HUGO", "suniward": "S-UNIWARD"}  # those that the stego-model is held against
FOREIGN = ("abstract", "Adi, abstract", 97)
KNOWN, UNKNOWN = "DeepStego, weights known", "DeepStego, weights unknown"
PRINTED = {KNOWN: 98, UNKNOWN: 59}
ANALYST = 77  # seed of the analyst's own stego-model
Embed = Callable[[np.ndarray, int], np.ndarray]
"""From covers, uint8 `[n, h, w, c]`, and a seed to stego images alike."""
Rates = dict[str, Any]
"""Detection rates in [0, 1] of the analysts `ats` (None where it has nothing to say) and `supervised`."""


def table3(context: Context) -> Findings:
    """Detection rates: the share of pictures that are told rightly, half of them covers."""
    rows, rates = [], {}
    for title, (paper, owner, analyst) in _methods(context).items():
        found = _rates(context, title, owner, analyst)
        rates[title] = found
        rows.append(Row(f"{title}, ATS", paper, None if found["ats"] is None else 100 * found["ats"], "%"))
        rows.append(Row(f"{title}, supervised", None, 100 * found["supervised"], "%"))
    return Findings(tuple(rows), _claims(rates))


def _claims(rates: Mapping[str, Rates]) -> tuple[Claim, ...]:
    """What the paper says of its stego-model; the comparison with classic methods only where one was measured."""
    unknown, known = rates[UNKNOWN], rates[KNOWN]
    claims = [
        Claim("Without its weights, ATS detects the stego-model hardly better than by guessing.",
              unknown["ats"] <= 0.65,
              f"ATS {unknown['ats']:.0%} (paper 59 %); but a supervised analyst with a stego-model of his own seed "
              f"reaches {unknown['supervised']:.0%}."),
        Claim("With its weights, it is detected.", max(known["ats"], known["supervised"]) >= 0.9,
              f"ATS {known['ats']:.0%} (paper 98 %), supervised {known['supervised']:.0%}."),
    ]  # fmt: skip
    hard = {title: rates[CLASSIC[name][0]]["supervised"] for name, title in HARD.items() if CLASSIC[name][0] in rates}
    if hard:
        listed = ", ".join(f"{title} {rate:.0%}" for title, rate in hard.items())
        claims.append(Claim(
            "The stego-model is harder to detect than WOW, HUGO and S-UNIWARD.",
            unknown["supervised"] < min(hard.values()),
            f"Supervised: {listed}; the stego-model, weights unknown, "
            f"{unknown['supervised']:.0%}. The classic methods change 7 % of the pixels by one "
            "grey level in pictures of 32 x 32, a stego-model nearly all by several.",
        ))  # fmt: skip
    return tuple(claims)


def _methods(context: Context) -> dict[str, tuple[int | None, Embed, Embed | None]]:
    """By title the paper's rate, how the owner embeds, and how the analyst believes that he does."""
    names = ("lsb", "signature") if context.scale == "smoke" else tuple(CLASSIC)
    methods: dict[str, tuple[int | None, Embed, Embed | None]] = {}
    for name in names:
        title, paper, settings = CLASSIC[name]
        embed = _by_method(context, name, settings)
        methods[title] = (paper, embed, embed)
    methods[FOREIGN[1]] = (FOREIGN[2], _by_method(context, FOREIGN[0], {}), None)
    owner = _owners_model(context)
    methods[KNOWN] = (PRINTED[KNOWN], owner, owner)
    methods[UNKNOWN] = (PRINTED[UNKNOWN], owner, _analysts_model(context))
    return methods


def _by_method(context: Context, name: str, settings: dict[str, float]) -> Embed:
    logo = scheme_for(context, HOST, SCHEME).logo_pixels()
    return lambda images, seed: KEY_IMAGES[name](images, draw=np.random.default_rng(seed), logo=logo, **settings)


def _owners_model(context: Context) -> Embed:
    marked = marked_classifier(context, HOST, SCHEME)

    def embed(images: np.ndarray, seed: int) -> np.ndarray:
        key = marked.owner_key()
        return encoded(key.networks["encoder"], images, key.arrays["logo"])

    return embed


def _analysts_model(context: Context) -> Embed:
    """A stego-model of the owner's architecture and logo that the analyst trains on images of his own."""
    settings, seed = without_host(scheme_for(context, HOST, SCHEME)), context.seeds[0] + ANALYST
    covers, logo = parts_of(context, HOST)["attacker"].images[: settings.samples], settings.logo_pixels()

    def embed(images: np.ndarray, _: int) -> np.ndarray:
        what = "stego-model of the analyst"
        return encoded(
            strangers_encoder(context, what, settings, settings.new_encoder, covers, seed=seed), images, logo
        )

    return embed


def _rates(context: Context, title: str, owner: Embed, analyst: Embed | None) -> Rates:
    """Half of some test images are embedded by the owner; the analyst's examples are his own images."""
    count = context.at(smoke=12, desk=150, paper=500)

    def measure(folder: Path) -> Rates:
        parts, seed = parts_of(context, HOST), context.seeds[0]
        test, own = parts["test"].images[: 2 * count], parts["attacker"].images[-count:]
        mixed = np.concatenate([test[:count], owner(test[count:], seed + 1)])
        truth = np.arange(2 * count) >= count
        examples = spam_features(own), spam_features((analyst or owner)(own, seed + 2))
        supervised = trained_detector(*examples, seed).predict(spam_features(mixed)).astype(bool)
        # Pictures that replace the cover cannot be embedded twice: ATS has nothing to say of them.
        ats = None if analyst is None else detection_rate(ats_detect(mixed, analyst, seed=seed), truth)
        return {"ats": ats, "supervised": detection_rate(supervised, truth)}

    return measured(context, marked_classifier(context, HOST, SCHEME), f"steganalysis of {title}", measure)
