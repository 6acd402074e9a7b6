"""Figures 6 and 7: can somebody who answers queries tell key samples from ordinary ones?

The thief makes key samples of his own by each published method and trains a detector on them; it is asked about the
owner's. For ours there are two thieves: one who trains an encoder of his own, and one who has stolen the owner's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.classifiers.measure import measured
from tfwm.papers.classifiers.models import KEY_SEED, data_of, host_subject, marked_subject
from tfwm.papers.classifiers.scales import scheme_for
from tfwm.papers.detection.detectors import dense_detector, feature_detector
from tfwm.papers.detection.roc import auc, roc_curve
from tfwm.papers.engine.plots import curves
from tfwm.schemes import SCHEMES
from tfwm.schemes.blind_watermark.training import encoder_builder
from tfwm.schemes.key_samples.joint import train_encoder
from tfwm.schemes.key_samples.networks import encoded

HOST = "resnet18"
STRIKING = {
    "abstract_images": "Adi, abstract", "content_mark": "Zhang, content", "noise_mark": "Zhang, noise",
    "unrelated_images": "Zhang, unrelated", "signature_mask": "Guo, signature", "random_images": "Rouhani, random",
}  # fmt: skip
OURS = "blind watermark"
OURS_STOLEN = "blind watermark, encoder stolen"
THIEF = 50  # seed of the thief's own encoder
Maker = Callable[[np.ndarray, int], np.ndarray]
"""From covers and which side makes them (0 the owner, 1 the thief) to key samples."""


def makers_of(context: Context) -> dict[str, Maker]:
    """Each method's key samples, as owner and thief make them."""
    key = marked_subject(context, HOST).owner_key
    makers: dict[str, Maker] = {OURS: _ours(key, lambda: _thiefs_encoder(context)),
                                OURS_STOLEN: _ours(key, lambda: key().networks["encoder"])}  # fmt: skip
    for name, title in STRIKING.items():
        makers[title] = _by_method(scheme_for(context, HOST, name))
    return makers


def _ours(key: Callable[[], OwnerKey], thiefs: Callable[[], keras.Model]) -> Maker:
    def make(covers: np.ndarray, side: int) -> np.ndarray:
        encoder = thiefs() if side else key().networks["encoder"]
        return encoded(encoder, covers, key().arrays["logo"])

    return make


def _thiefs_encoder(context: Context) -> keras.Model:
    """Of the owner's architecture, settings and logo, trained by the thief on images and with a seed of his own."""
    settings, seed = scheme_for(context, HOST, "blind_watermark"), context.seeds[0] + THIEF
    covers, logo = data_of(context, HOST)["attacker"].images[-settings.samples :], settings.logo_pixels()
    recipe = {"what": "encoder of the thief", "recipe_version": 1, "seed": seed, "scheme": settings.to_dict()}

    def make(folder: Path) -> keras.Model:
        secret, run = new_secret(KEY_SEED + seed), context.run_in(folder, seed=seed)
        return train_encoder(settings, encoder_builder(settings), covers, logo, run, secret)[0]

    return context.cache.model(recipe, make)


def _by_method(scheme: Any) -> Maker:
    assert scheme.name in SCHEMES
    return lambda covers, side: scheme.samples_of(covers, new_secret(KEY_SEED + side))


def figure6(context: Context) -> Findings:
    """Three dense layers on the pixels."""
    return _figure(context, "li2019.fig6", 0.5, 0.94, lambda *sets: dense_detector(*sets, seed=context.seeds[0]))


def figure7(context: Context) -> Findings:
    """A linear unit on the features of an unmarked ResNet-18."""
    host = host_subject(context, HOST)

    def detect(*sets: np.ndarray) -> Any:
        model: keras.Model = host.model()
        return feature_detector(model, *sets, seed=context.seeds[0])

    return _figure(context, "li2019.fig7", 0.65, 0.98, detect)


def _figure(context: Context, title: str, ours: float, others: float, detect: Callable[..., Any]) -> Findings:
    sets, scores = _split(context), {}
    for name, make in makers_of(context).items():
        scores[name] = _scores(context, title, name, make, sets, detect)
    areas = {name: auc(*map(np.asarray, pair)) for name, pair in scores.items()}
    lines = {}
    for name, pair in scores.items():
        false, true = roc_curve(*map(np.asarray, pair))
        lines[f"{name} ({areas[name]:.2f})"] = (list(false), list(true))
    chart = curves(title, ("false alarms", "key samples found"), lines, diagonal=True)
    rows = [Row(f"{name}, AUC", ours if name == OURS else None if name == OURS_STOLEN else f"> {others}", area)
            for name, area in areas.items()]  # fmt: skip
    return Findings(tuple(rows), _claims(areas, ours), {"ROC of the detector": {"": chart}})


def _claims(areas: dict[str, float], ours: float) -> tuple[Claim, ...]:
    distance = {name: abs(area - 0.5) for name, area in areas.items()}
    nearest = min((name for name in areas if name in STRIKING.values()), key=distance.__getitem__)
    return (
        Claim("Blind watermarks are nearer to chance than every striking method's samples.",
              distance[OURS] < distance[nearest],
              f"AUC {areas[OURS]:.3f} (paper {ours}); with the owner's own encoder {areas[OURS_STOLEN]:.3f}; of "
              f"the others the hardest to tell is {nearest} with {areas[nearest]:.3f}. "
              "The thief draws words, noise and signatures from a secret of his own, so he learns other patterns than "
              "the owner's; with the owner's own the paper has 0.94 and more."),
        Claim("The detector does hardly better than guessing on blind watermarks.", distance[OURS] <= 0.15,
              f"AUC {areas[OURS]:.3f}; {areas[OURS_STOLEN]:.3f} for a thief who has the owner's encoder."),
    )  # fmt: skip


def _split(context: Context) -> dict[str, np.ndarray]:
    """A tenth of the training images for the thief, half of them as covers; and as many test images."""
    parts = data_of(context, HOST)
    thief, test = parts["attacker"].images, parts["test"].images
    half = min(len(parts["owner"]) // 20, len(thief) // 2, len(test) // 2)
    return {"clean": thief[:half], "covers": thief[half : 2 * half], "clean_test": test[:half],
            "covers_test": test[half : 2 * half]}  # fmt: skip


def _scores(context: Context, title: str, name: str, make: Maker, sets: dict[str, np.ndarray], detect: Any) -> Any:
    def measure(folder: Path) -> list[list[float]]:
        clean, key = detect(sets["clean"], make(sets["covers"], 1), sets["clean_test"], make(sets["covers_test"], 0))
        return [np.round(clean, 6).tolist(), np.round(key, 6).tolist()]

    subject = marked_subject(context, HOST)
    return measured(context, subject, f"{title}, detector of {name}", measure)
