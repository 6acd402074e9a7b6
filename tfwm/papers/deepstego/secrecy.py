"""Table 3: steganalysis, by ATS as the paper runs it and by a classifier that was shown examples.

ATS needs no labelled example, but an idea of the embedding. The supervised analyst trains the same features and the
same kind of support vector machine on covers and stego images of his own; he is what a method must stand up to.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfwm.data.key_images import KEY_IMAGES
from tfwm.keys import new_secret
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.classifiers.measure import measured
from tfwm.papers.classifiers.models import KEY_SEED, data_of, marked_subject
from tfwm.papers.classifiers.scales import scheme_for
from tfwm.papers.deepstego.tables import SCHEME
from tfwm.papers.detection.spam import spam_features
from tfwm.papers.detection.steganalysis import ats_detect, detection_rate, trained_detector
from tfwm.schemes.deep_stego.training import stego_builder, without_host
from tfwm.schemes.key_samples.joint import train_encoder
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
FOREIGN = ("abstract", "Adi, abstract", 97)
KNOWN, UNKNOWN = "DeepStego, weights known", "DeepStego, weights unknown"
PRINTED = {KNOWN: 98, UNKNOWN: 59}
Embed = Callable[[np.ndarray, int], np.ndarray]


def table3(context: Context) -> Findings:
    """Detection rates: share of pictures that are called rightly, half of them covers."""
    rows, rates = [], {}
    for title, (paper, owner, analyst) in _methods(context).items():
        found = _rates(context, title, owner, analyst)
        rates[title] = found
        rows.append(Row(f"{title}, ATS", paper, None if found["ats"] is None else 100 * found["ats"], "%"))
        rows.append(Row(f"{title}, supervised", None, 100 * found["supervised"], "%"))
    unknown, known = rates[UNKNOWN], rates[KNOWN]
    classic = {title: rates[CLASSIC[name][0]]["supervised"] for name, title in (("wow", "WOW"), ("hugo", "HUGO"),
               ("suniward", "S-UNIWARD")) if CLASSIC[name][0] in rates}  # fmt: skip
    claims = [
        Claim("Without its weights, ATS detects the stego-model hardly better than by "
              "guessing.", unknown["ats"] <= 0.65,
              f"ATS {unknown['ats']:.0%} (paper 59 %); but a supervised analyst with a stego-model of his own seed "
              f"reaches {unknown['supervised']:.0%}."),
        Claim("With its weights, it is detected.", max(known["ats"], known["supervised"]) >= 0.9,
              f"ATS {known['ats']:.0%} (paper 98 %), supervised {known['supervised']:.0%}."),
    ]  # fmt: skip
    if classic:
        listed = ", ".join(f"{title} {rate:.0%}" for title, rate in classic.items())
        claims.append(Claim(
            "The stego-model is harder to detect than WOW, HUGO and S-UNIWARD.",
            unknown["supervised"] < min(classic.values()),
            f"Supervised: {listed}; the stego-model, weights unknown, "
            f"{unknown['supervised']:.0%}. The classic methods change 7 % of the pixels by one "
            "grey level in pictures of 32 x 32, a stego-model nearly all by several.",
        ))  # fmt: skip
    return Findings(tuple(rows), tuple(claims))


def _methods(context: Context) -> dict[str, tuple[int | None, Embed, Embed | None]]:
    """Title -> the paper's rate, how the owner embeds, and how the analyst believes that he does."""
    names = ("lsb", "signature") if context.scale == "smoke" else tuple(CLASSIC)
    methods: dict[str, tuple[int | None, Embed, Embed | None]] = {}
    for name in names:
        title, paper, settings = CLASSIC[name]
        embed = _by_method(context, name, settings)
        methods[title] = (paper, embed, embed)
    methods[FOREIGN[1]] = (FOREIGN[2], _by_method(context, FOREIGN[0], {}), None)
    owner, stranger = _owners_model(context), _strangers_model(context)
    methods[KNOWN] = (PRINTED[KNOWN], owner, owner)
    methods[UNKNOWN] = (PRINTED[UNKNOWN], owner, stranger)
    return methods


def _by_method(context: Context, name: str, settings: dict[str, float]) -> Embed:
    logo = scheme_for(context, HOST, SCHEME).logo_pixels()
    return lambda images, seed: KEY_IMAGES[name](images, draw=np.random.default_rng(seed), logo=logo, **settings)


def _owners_model(context: Context) -> Embed:
    marked = marked_subject(context, HOST, SCHEME)

    def embed(images: np.ndarray, seed: int) -> np.ndarray:
        key = marked.owner_key()
        return encoded(key.networks["encoder"], images, key.arrays["logo"])

    return embed


def _strangers_model(context: Context) -> Embed:
    """Of the same architecture and logo, trained by the analyst on images of his own."""
    settings, seed = without_host(scheme_for(context, HOST, SCHEME)), context.seeds[0] + 77
    covers, logo = data_of(context, HOST)["attacker"].images[: settings.samples], settings.logo_pixels()
    recipe = {"what": "stego-model of the analyst", "recipe_version": 1, "seed": seed, "scheme": settings.to_dict()}

    def make(folder: Path) -> Any:
        run = context.run_in(folder, seed=seed)
        return train_encoder(settings, stego_builder(settings), covers, logo, run, new_secret(KEY_SEED + seed))[0]

    return lambda images, _: encoded(context.cache.model(recipe, make), images, logo)


def _rates(context: Context, title: str, owner: Embed, analyst: Embed | None) -> dict[str, Any]:
    """Half of some test images embedded by the owner; the analyst's examples are his own images."""
    count = context.at(smoke=12, desk=150, paper=500)

    def measure(folder: Path) -> dict[str, Any]:
        parts, seed = data_of(context, HOST), context.seeds[0]
        test, own = parts["test"].images[: 2 * count], parts["attacker"].images[-count:]
        mixed = np.concatenate([test[:count], owner(test[count:], seed + 1)])
        truth = np.arange(2 * count) >= count
        believed = analyst or owner
        examples = spam_features(own), spam_features(believed(own, seed + 2))
        supervised = trained_detector(*examples, seed).predict(spam_features(mixed)).astype(bool)
        # Pictures that replace the cover cannot be embedded twice: ATS has nothing to say of them.
        ats = None if analyst is None else detection_rate(ats_detect(mixed, analyst, seed=seed), truth)
        return {"ats": ats, "supervised": detection_rate(supervised, truth)}

    return measured(context, marked_subject(context, HOST, SCHEME), f"steganalysis of {title}", measure)
