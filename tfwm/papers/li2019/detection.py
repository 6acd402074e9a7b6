"""Figures 6 and 7: can somebody who answers queries tell key samples from ordinary ones?

The thief makes key samples of his own by each published method and trains a detector on them; it is asked about the
owner's. For ours there are two thieves: one who trains an encoder of his own, and one who has stolen the owner's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from tensorflow import keras

from tfwm.evaluation.roc import auc, roc_curve
from tfwm.evidence.binding import draws_for, pieces_of
from tfwm.keys import OwnerKey, new_secret
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.detection.detectors import Scores, dense_detector, feature_detector
from tfwm.papers.engine.plots import curves
from tfwm.papers.engine.subjects import measured
from tfwm.papers.li2019.models import KEY_SEED, TRAINED, marked_classifier, scheme_for, strangers_encoder
from tfwm.papers.li2019.pictures import parts_of
from tfwm.schemes.baselines import KeyMethod
from tfwm.schemes.key_samples.networks import encoded

HOST = "resnet18"
STRIKING = {
    "abstract_images": "Adi, abstract", "content_mark": "Zhang, content", "noise_mark": "Zhang, noise",
    "unrelated_images": "Zhang, unrelated", "signature_mask": "Guo, signature", "random_images": "Rouhani, random",
}  # fmt: skip
OURS = "blind watermark"
OURS_STOLEN = "blind watermark, encoder stolen"
THIEF = 50  # seed of the thief's own encoder
OWNER_SIDE, THIEF_SIDE = 0, 1
Maker = Callable[[np.ndarray, int], np.ndarray]
"""From covers, uint8 `[n, h, w, c]`, and who makes them (`OWNER_SIDE` or `THIEF_SIDE`) to key samples alike."""
Detector = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Scores]
"""Trained on clean pictures and the thief's key samples, asked about others; see `dense_detector`."""


def figure6(context: Context) -> Findings:
    """Whether three dense layers on the pixels tell key samples."""
    return _figure(context, "li2019.fig6", 0.5, 0.94, lambda *sets: dense_detector(*sets, seed=context.seeds[0]))


def figure7(context: Context) -> Findings:
    """Whether a linear unit on the features of an unmarked ResNet-18 tells key samples."""
    host = TRAINED.unmarked(context, HOST)
    return _figure(
        context, "li2019.fig7", 0.65, 0.98,
        lambda *sets: feature_detector(host.model(), *sets, seed=context.seeds[0]),
    )  # fmt: skip


def makers_of(context: Context) -> dict[str, Maker]:
    """How owner and thief make key samples, by the method as the rows call it."""
    key, settings = marked_classifier(context, HOST).owner_key, scheme_for(context, HOST, "blind_watermark")

    def thiefs_encoder() -> keras.Model:
        covers, seed = parts_of(context, HOST)["attacker"].images[-settings.samples :], context.seeds[0] + THIEF
        return strangers_encoder(context, "encoder of the thief", settings, settings.new_encoder, covers, seed=seed)

    return {
        OURS: _by_encoder(key, thiefs_encoder),
        OURS_STOLEN: _by_encoder(key, lambda: key().networks["encoder"]),
        **{title: _by_method(scheme_for(context, HOST, name)) for name, title in STRIKING.items()},
    }


def _by_encoder(key: Callable[[], OwnerKey], thiefs: Callable[[], keras.Model]) -> Maker:
    def make(covers: np.ndarray, side: int) -> np.ndarray:
        encoder = thiefs() if side == THIEF_SIDE else key().networks["encoder"]
        return encoded(encoder, covers, key().arrays["logo"])

    return make


def _by_method(scheme: KeyMethod) -> Maker:
    def make(covers: np.ndarray, side: int) -> np.ndarray:
        draws = draws_for(scheme.name, scheme.to_dict(), pieces_of(new_secret(KEY_SEED + side), 1))
        return scheme.samples_of(covers, scheme.logo_pixels(), None, draws)

    return make


def _figure(context: Context, title: str, ours: float, others: float, detect: Detector) -> Findings:
    """A row for each method, and the curves; `ours` and `others` are the paper's areas under them."""
    scores = {name: _scores(context, title, name, make, detect) for name, make in makers_of(context).items()}
    areas = {name: auc(*pair) for name, pair in scores.items()}
    printed = {OURS: ours, OURS_STOLEN: None}
    rows = [Row(f"{name}, AUC", printed.get(name, f"> {others}"), area) for name, area in areas.items()]
    lines = {}
    for name, pair in scores.items():
        false, true = roc_curve(*pair)
        lines[f"{name} ({areas[name]:.2f})"] = (list(false), list(true))
    chart = curves(title, ("false alarms", "key samples found"), lines, diagonal=True)
    return Findings(tuple(rows), _claims(areas, ours), {"ROC of the detector": {"": chart}})


def _claims(areas: Mapping[str, float], ours: float) -> tuple[Claim, ...]:
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


def _scores(context: Context, title: str, name: str, make: Maker, detect: Detector) -> tuple[np.ndarray, np.ndarray]:
    """What the detector says of clean pictures and of the owner's key samples."""
    sets = _split(context)

    def measure(folder: Path) -> list[list[float]]:
        thiefs, owners = make(sets["covers"], THIEF_SIDE), make(sets["covers_test"], OWNER_SIDE)
        clean, key = detect(sets["clean"], thiefs, sets["clean_test"], owners)
        return [np.round(clean, 6).tolist(), np.round(key, 6).tolist()]

    subject = marked_classifier(context, HOST)
    clean, key = measured(context, subject, f"{title}, detector of {name}", measure)
    return np.asarray(clean), np.asarray(key)


def _split(context: Context) -> dict[str, np.ndarray]:
    """A tenth of the training images for the thief, half of them as covers; and as many test images."""
    parts = parts_of(context, HOST)
    thief, test = parts["attacker"].images, parts["test"].images
    half = min(len(parts["owner"]) // 20, len(thief) // 2, len(test) // 2)
    return {"clean": thief[:half], "covers": thief[half : 2 * half], "clean_test": test[:half],
            "covers_test": test[half : 2 * half]}  # fmt: skip
