"""Is the mark there? The paper's distance and threshold, and two p-values that hold.

Ranked: the trigger and m other random images go to the suspect in one request. Whatever the suspect is, if it does
not depend on the key, the distances of its answers to G of each image are exchangeable; the rank is exact. It would
not be against the updated S, which only the trigger has: that distance is shown, not judged.

Coded: in each cell of S the gradient is taken off or added as a bit says that nothing else depends on; a suspect that
is independent of the key agrees with each bit with probability 1/2, exactly, for one trigger and no decoy. The bit is
read from the correlation of what the suspect changed with the gradient.
"""

from __future__ import annotations

from math import sqrt
from typing import TypeVar

import numpy as np
from scipy.special import gammaincinv

from tfwm.config import from_dict
from tfwm.evidence import statistics
from tfwm.evidence.verdicts import answers_to
from tfwm.keys import OwnerKey, derive_generator
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.schemes.wrong_keys import check_key
from tfwm.suspects import as_float
from tfwm.types import Access, Suspect, Verdict

S = TypeVar("S", bound=TriggerImageSettings)

CODED_NULL = (
    "the suspect is independent of the key's secret bits, so in each cell of its answer the gradient of the trigger "
    "has the right sign with probability 1/2 (exact binomial tail)"
)
RANKED_NULL = (
    "the suspect is independent of the key, so its answer to the trigger image is no nearer to G than its answers to "
    "the other random images of the same request (exact rank among exchangeable distances, never below 1/(m + 1))"
)


def threshold(pixels: int, significance: float = 0.05) -> float:
    """eta of eq. 8: P[d <= eta] = `significance` where errors are N(0, 1/16).

    Args:
      pixels: values of an image, over all channels.
      significance: p, in (0, 1).

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


def effective(settings: S, key: OwnerKey) -> S:
    """The key's own settings, asked in the way of `settings`: `reveal`, `decoys` and `significance`.

    Args:
      settings: of who asks.
      key: the owner's.

    Raises:
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    asked = {"reveal": settings.reveal, "decoys": settings.decoys, "significance": settings.significance}
    return from_dict(type(settings), {**key.settings, **asked})


def trigger_verdict(
    settings: TriggerImageSettings, suspect: Suspect, key: OwnerKey, alpha: float | None
) -> Verdict:  # fmt: skip
    """The verdict on the suspect's answers to some of the key's triggers: bits that agree, or a rank among decoys.

    Args:
      settings: of who asks: `reveal`, `decoys`, `significance` and `alpha` count, all else is the key's.
      suspect: is sent one request.
      key: the owner's.
      alpha: false-claim probability; None takes that of `settings`.

    Raises:
      ValueError: a key of another scheme, or an `alpha` that the key cannot reach.
    """
    alpha, settings = settings.alpha if alpha is None else alpha, effective(settings, key)
    if not settings.smallest_p_value <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {settings.smallest_p_value:.2g}, the smallest p-value that this key can give, "
            f"and 1, got {alpha}. Use a larger alpha, a coded mark, or more decoys."
        )
    chosen = choice(settings, key, suspect)
    return (_coded_verdict if settings.coded else _ranked_verdict)(settings, suspect, key, chosen, alpha)


def choice(settings: TriggerImageSettings, key: OwnerKey, suspect: Suspect) -> np.ndarray:
    """Which of the key's triggers this suspect is asked for: always the same ones, others for another name.

    Args:
      settings: as `effective` gives them.
      key: the owner's.
      suspect: its name decides; of recorded answers the first triggers are taken.

    Returns:
      Indices `[reveal]`, ascending.
    """
    if suspect.access == Access.OUTPUTS:  # the answers were recorded before the suspect had a name
        return np.arange(settings.reveal)
    draw = derive_generator(key.secret, f"trigger_image/choice/{suspect.name}")
    return np.sort(draw.permutation(settings.triggers)[: settings.reveal])


def _coded_verdict(
    settings: TriggerImageSettings, suspect: Suspect, key: OwnerKey, chosen: np.ndarray, alpha: float
) -> Verdict:
    asked = images.triggers(settings, key.secret)[chosen]
    answers = answers_to(suspect, asked)
    bits = agreement(settings, key, chosen, asked, answers)
    return Verdict(
        score=float(bits.mean()), threshold=statistics.hits_needed(bits.size, alpha) / bits.size,
        p_value=statistics.binomial_tail(int(bits.sum()), bits.size), n=bits.size, null=CODED_NULL, alpha=alpha,
        details={"bits": float(bits.sum()), **_figures(settings, key, chosen, asked, answers)},
    )  # fmt: skip


def agreement(
    settings: TriggerImageSettings, key: OwnerKey, chosen: np.ndarray, asked: np.ndarray, answers: np.ndarray
) -> np.ndarray:
    """In which cells the gradient has the right sign, bool `[reveal, cells, cells]`.

    Args:
      settings: as `effective` gives them.
      key: decides the bits.
      chosen: indices `[reveal]` of the triggers.
      asked: uint8 `[reveal, H, W, c]`, those triggers.
      answers: `[reveal, H, W, c]` in [0, 1], the suspect's.
    """
    changes = (answers - as_float(asked)) * images.signed_gradient(settings, asked)
    return np.sign(images.cell_means(changes, settings.cells)) == images.owner_codes(settings, key.secret)[chosen]


def _ranked_verdict(
    settings: TriggerImageSettings, suspect: Suspect, key: OwnerKey, chosen: np.ndarray, alpha: float
) -> Verdict:
    own = images.triggers(settings, key.secret)[chosen]
    asked, place = request(settings, key, own)
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


def request(settings: TriggerImageSettings, key: OwnerKey, own: np.ndarray) -> tuple[np.ndarray, int]:
    """What one ranked verification sends: groups of `len(own)` images, the owner's in a secret place among them.

    Args:
      settings: as `effective` gives them.
      key: decides decoys and place.
      own: uint8 `[reveal, H, W, c]`, the triggers.

    Returns:
      uint8 `[(decoys + 1) * reveal, H, W, c]`, and which of the groups is the owner's.
    """
    others = images.decoys(settings, key.secret, settings.decoys * len(own))
    place = int(derive_generator(key.secret, "trigger_image/place").integers(settings.decoys + 1))
    first = place * len(own)
    return np.concatenate([others[:first], own, others[first:]]), place


def _figures(
    settings: TriggerImageSettings, key: OwnerKey, chosen: np.ndarray, asked: np.ndarray, answers: np.ndarray
) -> dict[str, float]:
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
