"""Is the mark there? The paper's distance and threshold, and two p-values that hold.

Ranked: the trigger and m other random images go to the suspect in one request. Whatever the suspect is, if it does
not depend on the key, the distances of its answers to G of each image are exchangeable; the rank is exact. It would
not be against the updated S, which only the trigger has: that distance is shown, not judged.

Coded: in each cell of S the gradient is taken off or added as a bit says that nothing else depends on; a suspect that
is independent of the key agrees with each bit with probability 1/2, exactly, for one trigger and no decoy. The bit is
read from the correlation of what the suspect changed with the gradient. Bits of neighbourhoods are read by a
regression of the answer on their functions of the trigger, with the same exact tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, cast

import numpy as np
from scipy.special import gammaincinv

from tfwm.evidence import statistics, verdicts
from tfwm.evidence.binding import Draws
from tfwm.keys import OwnerKey
from tfwm.schemes.trigger_image import images
from tfwm.schemes.trigger_image.neighbourhoods import responses
from tfwm.schemes.trigger_image.settings import TriggerImageSettings
from tfwm.schemes.triggers.drawing import draws_in
from tfwm.schemes.wrong_keys import check_key, read_settings
from tfwm.suspects import as_float
from tfwm.types import Suspect, Verdict

CODED_NULL = (
    "the suspect is independent of the key's secret bits, so in each cell of its answer the gradient of the trigger "
    "has the right sign with probability 1/2 (exact binomial tail)"
)
NEIGHBOURHOODS_NULL = (
    "the suspect is independent of the key's secret bits, so its answer depends on each secret function of the trigger "
    "with the right sign with probability 1/2 (exact binomial tail)"
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


@dataclass(frozen=True)
class Asked:
    """What a verification asks for.

    Args:
      settings: the key's own, asked in the way of the asker.
      draws: of the triggers that are sent.
      images: uint8 `[reveal, H, W, c]`, those triggers.
    """

    settings: TriggerImageSettings
    draws: Draws
    images: np.ndarray


def effective(settings: TriggerImageSettings, key: OwnerKey) -> TriggerImageSettings:
    """The key's own settings, asked in the way of `settings`: `reveal`, `part`, `decoys`, `significance` and `alpha`.

    Args:
      settings: of who asks.
      key: the owner's.

    Raises:
      ValueError: a key of another scheme.
    """
    check_key(settings.name, key)
    names = (*settings.asking, "alpha")
    changed = {**key.settings, **{name: getattr(settings, name) for name in names}}
    return cast(TriggerImageSettings, read_settings(cast(Any, type(settings)), changed))


def asked_for(settings: TriggerImageSettings, key: OwnerKey) -> Asked:
    """The triggers that a verification sends, whatever the suspect is called; all that a judge was shown.

    Args:
      settings: of who asks.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a revealed key without a trigger.
      ValueError: a key of another scheme.
    """
    own = effective(settings, key)
    draws = draws_in(key, own.pieces)
    if key.revealed is None:
        draws = draws.only(range(own.part * own.reveal, (own.part + 1) * own.reveal))
    return Asked(own, draws, images.triggers(own, draws))


def trigger_verdict(
    settings: TriggerImageSettings, suspect: Suspect, key: OwnerKey, alpha: float | None
) -> Verdict:  # fmt: skip
    """The verdict on the suspect's answers to some of the key's triggers: bits that agree, or a rank among decoys.

    Args:
      settings: of who asks: `reveal`, `part`, `decoys`, `significance` and `alpha` count, all else is the key's.
      suspect: is sent one request.
      key: the owner's.
      alpha: false-claim probability; None takes that of `settings`.

    Raises:
      ValueError: a key of another scheme, an `alpha` that the key cannot reach, or answers of another shape.
    """
    alpha, asked = settings.alpha if alpha is None else alpha, asked_for(settings, key)
    verdicts.check_alpha(alpha, asked.settings.smallest_p_value, asked.settings.looks)
    return (_coded_verdict if asked.settings.coded else _ranked_verdict)(asked, suspect, key, alpha)


def _coded_verdict(asked: Asked, suspect: Suspect, key: OwnerKey, alpha: float) -> Verdict:
    answers = verdicts.answers_to(suspect, asked.images)
    bits = agreement(asked, answers)
    details = {"bits": float(bits.sum()), **_figures(asked, key, answers)}
    tails = statistics.log10_tails(bits.size)
    null = CODED_NULL if asked.settings.carrier == "cells" else NEIGHBOURHOODS_NULL
    return verdicts.counted(bits, tails, alpha, null, details, looks=asked.settings.looks)


def agreement(asked: Asked, answers: np.ndarray) -> np.ndarray:
    """Which bits agree, bool: of cells `[reveal, cells, cells]`, of neighbourhoods `[reveal, 1, bits]`.

    Args:
      asked: the triggers.
      answers: `[reveal, H, W, c]` in [0, 1], the suspect's.
    """
    settings, codes = asked.settings, images.owner_codes(asked.settings, asked.draws)
    if settings.carrier == "neighbourhoods":
        return np.sign(responses(asked.images, answers, settings.reach))[:, None] == codes
    changes = (answers - as_float(asked.images)) * images.signed_gradient(settings, asked.images)
    return np.sign(images.cell_means(changes, settings.cells)) == codes


def _ranked_verdict(asked: Asked, suspect: Suspect, key: OwnerKey, alpha: float) -> Verdict:
    settings, own = asked.settings, asked.images
    sent, place = request(asked)
    answers = verdicts.answers_to(suspect, sent)
    distances = distance(answers, images.verification_images(settings, sent))
    squares = np.square(distances).reshape(-1, len(own)).sum(axis=1)
    others = np.delete(squares, place)
    rows = slice(place * len(own), (place + 1) * len(own))
    pixels = own[0].size
    # 1 - RMSE: the same statement as eq. 8, on a scale that does not depend on the size.
    score = 1.0 - sqrt(pixels * squares[place] / len(own))
    return Verdict(
        score=score, threshold=1.0 - threshold(pixels, settings.significance) * sqrt(pixels),
        p_value=statistics.rank_p_value(-squares[place], -others), n=settings.decoys, null=RANKED_NULL, alpha=alpha,
        details={
            **_figures(asked, key, answers[rows]), "distance_nearest_decoy": float(sqrt(others.min() / len(own)))
        },
        looks=settings.looks,
    )  # fmt: skip


def request(asked: Asked) -> tuple[np.ndarray, int]:
    """What one ranked verification sends: groups of as many images, the owner's in a secret place among them.

    Args:
      asked: the triggers.

    Returns:
      uint8 `[(decoys + 1) * reveal, H, W, c]`, and which of the groups is the owner's.
    """
    decoys = asked.settings.decoys
    others = images.decoys(asked.settings, asked.draws, decoys)
    place = int(asked.draws.generator("place", asked.draws.pieces[0]).integers(decoys + 1))
    sent = np.concatenate([others[:place], asked.images[None], others[place:]])
    return sent.reshape(-1, *asked.images.shape[1:]), place


def _figures(asked: Asked, key: OwnerKey, answers: np.ndarray) -> dict[str, float]:
    """The paper's figures: distances to G and to the updated S, eta, whether eq. 8 accepts, NCC."""
    settings = asked.settings
    eta = threshold(asked.images[0].size, settings.significance)
    figures = {"eta": eta}
    if settings.carrier == "cells":  # else S depends on the unmarked host
        codes = images.owner_codes(settings, asked.draws) if settings.coded else None
        expected = images.verification_images(settings, asked.images, codes)
        figures = {"distance": float(distance(answers, expected).mean()), **figures}
    if "updated" in key.arrays:
        updated = key.array("updated", "f", 4)[list(asked.draws.pieces)].astype(np.float32)
        figures["distance_updated"] = float(distance(answers, updated).mean())
        figures["ncc"] = statistics.nc(answers, np.clip(updated, 0, 1))
        figures["accepted_by_eq_8"] = float(figures["distance_updated"] <= eta)
    return figures
