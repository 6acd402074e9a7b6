"""Is the mark there? The paper's distance and threshold, and two p-values that hold.

Ranked: the trigger and m other random images go to the suspect in one request. Whatever the suspect is, if it does
not depend on the key, the distances of its answers to G of each image are exchangeable; the rank is exact. It would
not be against the updated S, which only the trigger has: that distance is shown, not judged.

Coded: in each cell of S the gradient is taken off or added as a bit says that nothing else depends on; a suspect that
is independent of the key agrees with each bit with probability 1/2, exactly, for one trigger and no decoy. The bit is
read from the correlation of what the suspect changed with the gradient.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv

from tfwm.config import from_dict
from tfwm.evidence import statistics
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive_generator
from tfwm.schemes.trigger_image import images
from tfwm.schemes.wrong_keys import check_key, wrong_secret
from tfwm.suspects import as_float
from tfwm.types import Access, Suspect, Verdict

if TYPE_CHECKING:
    from tfwm.schemes.trigger_image.scheme import TriggerImage

CODED_NULL = (
    "the suspect is independent of the key's secret bits, so in each cell of its answer the gradient of the trigger "
    "has the right sign with probability 1/2 (exact binomial tail)"
)
RANKED_NULL = (
    "the suspect is independent of the key, so its answer to the trigger image is no nearer to G than its answers to "
    "the other random images of the same request (exact rank among exchangeable distances, never below 1/(m + 1))"
)


def threshold(pixels: int, significance: float = 0.05) -> float:
    """eta of eq. 8 for images of `pixels` values: P[d <= eta] = `significance` where errors are N(0, 1/16).

    Paper: section IV-C; 6.07e-3 for 40 x 40 and 0.05.
    """
    return sqrt(float(gammaincinv(pixels / 2, significance)) / 8) / pixels


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """d of eq. 8 for each image, `[n]`; both are clipped to [0, 1] first.

    Args:
      first: `[n, H, W, c]`, for instance answers.
      second: the same shape, for instance G of what was asked.
    """
    difference = np.clip(first, 0, 1).astype(np.float64) - np.clip(second, 0, 1)
    flat = difference.reshape(len(difference), -1)
    return np.linalg.norm(flat, axis=1) / flat.shape[1]


def effective(settings: TriggerImage, key: OwnerKey) -> TriggerImage:
    """The key's own settings, asked in the way of `settings`: `reveal`, `decoys` and `significance`.

    Raises:
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    asking = {name: getattr(settings, name) for name in ("reveal", "decoys", "significance")}
    return from_dict(type(settings), {**key.settings, **asking})


def smallest_p_value(settings: TriggerImage) -> float:
    """What a perfect match would give."""
    if settings.coded:
        return statistics.smallest_p_value(settings.reveal * settings.cells**2)
    return statistics.smallest_rank_p_value(settings.decoys)


def verify(settings: TriggerImage, suspect: Suspect, key: OwnerKey, alpha: float | None) -> Verdict:
    """See `TriggerImage.verify`."""
    alpha, settings = settings.alpha if alpha is None else alpha, effective(settings, key)
    if not smallest_p_value(settings) <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {smallest_p_value(settings):.2g}, the smallest p-value that this key can give, "
            f"and 1, got {alpha}. Use a larger alpha, a coded mark, or more decoys."
        )
    chosen = choice(settings, key, suspect)
    return (_coded_verdict if settings.coded else _ranked_verdict)(settings, suspect, key, chosen, alpha)


def choice(settings: TriggerImage, key: OwnerKey, suspect: Suspect) -> np.ndarray:
    """Which of the key's triggers this suspect is asked for: always the same ones, others for another name."""
    if suspect.access == Access.OUTPUTS:  # the answers were recorded before the suspect had a name
        return np.arange(settings.reveal)
    draw = derive_generator(key.secret, f"trigger_image/choice/{suspect.name}")
    return np.sort(draw.permutation(settings.triggers)[: settings.reveal])


def probes(settings: TriggerImage, key: OwnerKey) -> np.ndarray:
    """See `TriggerImage.probes`."""
    settings = effective(settings, key)
    own = images.triggers(settings, key.secret)[: settings.reveal]
    return own if settings.coded else _stack(settings, key, own)[0]


def _coded_verdict(settings, suspect: Suspect, key: OwnerKey, chosen: np.ndarray, alpha: float) -> Verdict:
    asked = images.triggers(settings, key.secret)[chosen]
    answers = answers_to(suspect, asked)
    bits = agreement(settings, key, chosen, asked, answers)
    return Verdict(
        score=float(bits.mean()), threshold=statistics.hits_needed(bits.size, alpha) / bits.size,
        p_value=statistics.binomial_tail(int(bits.sum()), bits.size), n=bits.size, null=CODED_NULL, alpha=alpha,
        details={"bits": float(bits.sum()), **_figures(settings, key, chosen, asked, answers)},
    )  # fmt: skip


def agreement(settings, key: OwnerKey, chosen: np.ndarray, asked: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """In which cells the gradient has the right sign, bool `[reveal, cells, cells]`."""
    changes = (answers - as_float(asked)) * images.signed_gradient(settings, asked)
    return np.sign(images.cell_means(changes, settings.cells)) == images.owner_codes(settings, key.secret)[chosen]


def _ranked_verdict(settings, suspect: Suspect, key: OwnerKey, chosen: np.ndarray, alpha: float) -> Verdict:
    own = images.triggers(settings, key.secret)[chosen]
    asked, place = _stack(settings, key, own)
    answers = answers_to(suspect, asked)
    distances = distance(answers, images.verification_images(settings, asked))
    squares = np.square(distances).reshape(-1, len(own)).sum(axis=1)
    others = np.delete(squares, place)
    rows = slice(place * len(own), (place + 1) * len(own))
    pixels = asked[0].size
    # 1 - RMSE: the same statement as eq. 8, on a scale that does not depend on the size.
    score = 1.0 - sqrt(pixels * squares[place] / len(own))
    return Verdict(
        score=score, threshold=1.0 - threshold(pixels, settings.significance) * sqrt(pixels),
        p_value=statistics.rank_p_value(-squares[place], -others), n=settings.decoys, null=RANKED_NULL, alpha=alpha,
        details={
            **_figures(settings, key, chosen, own, answers[rows]),
            "distance_nearest_decoy": float(sqrt(others.min() / len(own))),
        },
    )  # fmt: skip


def _stack(settings, key: OwnerKey, own: np.ndarray) -> tuple[np.ndarray, int]:
    """The request: groups of `len(own)` images, the owner's in a secret place among them."""
    others = images.decoys(settings, key.secret, settings.decoys * len(own))
    place = int(derive_generator(key.secret, "trigger_image/place").integers(settings.decoys + 1))
    first = place * len(own)
    return np.concatenate([others[:first], own, others[first:]]), place


def _figures(settings, key: OwnerKey, chosen: np.ndarray, asked: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """The paper's figures: distances to G and to the updated S, eta, whether eq. 8 accepts, NCC."""
    codes = images.owner_codes(settings, key.secret)[chosen] if settings.coded else None
    expected = images.verification_images(settings, asked, codes)
    eta = threshold(asked[0].size, settings.significance)
    figures = {"distance": float(distance(answers, expected).mean()), "eta": eta}
    if "updated" in key.arrays:
        updated = key.arrays["updated"][chosen].astype(np.float32)
        figures["distance_updated"] = float(distance(answers, updated).mean())
        figures["ncc"] = statistics.nc(answers, np.clip(updated, 0, 1))
        figures["accepted_by_eq_8"] = float(figures["distance_updated"] <= eta)
    return figures


def reading(settings: TriggerImage, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
    """See `TriggerImage.reading`."""
    settings = effective(settings, key)
    chosen = choice(settings, key, suspect)
    asked = images.triggers(settings, key.secret)[chosen]
    answers = answers_to(suspect, asked)
    shown = {}
    if "extractor" in key.networks:
        shown["logo"] = key.networks["extractor"](answers[:1], training=False).numpy()[0]
    if settings.coded:
        shown["agreement"] = agreement(settings, key, chosen, asked, answers)[0]
    return shown


def decoy(settings: TriggerImage, key: OwnerKey, seed: int) -> OwnerKey:
    """See `TriggerImage.decoy`."""
    settings, secret = effective(settings, key), wrong_secret(key, seed)
    return replace(key, secret=secret, arrays={"probes": images.triggers(settings, secret), "logo": key.arrays["logo"]})
