"""Is the mark there? Extraction, averaged over the probe images, and an honest p-value.

Coded mark: the code is drawn from the key's secret and from R, probe images and unmarked answers, so that none of them
can know it, and an independent suspect agrees with it in Binomial(cells, 1/2) cells, exactly; where the key declares a
family of views, the best of them counts and p is multiplied for the choice (`tfwm.evidence.registration`). Logo mark: R
knows its logo and may print it on any network's output; the p-value is a rank among the unmarked networks of
ranking.py, and no more: models that the owner chose.
"""

from __future__ import annotations

import numpy as np

from tfwm.evidence import statistics, verdicts
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.schemes.deep_watermarking.codes import draws_in, whole_code
from tfwm.schemes.deep_watermarking.extraction import answers_to_probes, extract
from tfwm.schemes.deep_watermarking.ranking import unmarked_in
from tfwm.schemes.deep_watermarking.readings import Readings
from tfwm.schemes.deep_watermarking.settings import DECOYS, DeepWatermarkingSettings
from tfwm.suspects import as_float
from tfwm.types import Suspect, Verdict

CODED_NULL = (
    "the suspect is independent of the key's secret code, which was drawn when extractor, probe images and baseline "
    "were fixed, so each cell agrees with probability 1/2 (exact binomial tail)"
)
STRUCTURE_NULL = (
    "the suspect is independent of the key's secret code, which was drawn when extractor, probe images, unmarked "
    "answers and functions were fixed, so each bit agrees with probability 1/2 (exact binomial tail)"
)


def extraction_verdict(
    settings: DeepWatermarkingSettings, suspect: Suspect, key: OwnerKey, alpha: float | None
) -> Verdict:  # fmt: skip
    """The verdict on what R reads in the suspect's answers: bits of the code that agree, or the rank of the logo.

    Args:
      settings: those that the key was made with.
      suspect: is sent the key's probe images.
      key: the owner's.
      alpha: false-claim probability; None takes that of the settings.

    Raises:
      ValueError: an `alpha` that the key cannot reach, or answers that are no pictures.
    """
    alpha = settings.alpha if alpha is None else alpha
    verdicts.check_alpha(alpha, settings.smallest_p_value)
    answers = answers_to_probes(settings, suspect, key)
    return (_coded_verdict if settings.coded else _logo_verdict)(settings, answers, key, alpha)


def logo_figures(settings: DeepWatermarkingSettings, logo: np.ndarray, key: OwnerKey) -> dict[str, float]:
    """NC of eq. 13, of a blank extraction, centred; and which share of the probes is called marked.

    `sr_nc` counts probes whose own extraction has NC above `success_nc`, `classifier` those that C calls marked where
    the key has C: SR_NC and SR_C of section 4.1.

    Args:
      settings: those that the key was made with.
      logo: `[n, s, s, c]`, one extraction per probe image; averaged before it is compared.
      key: holds the logo, and C unless it is what a judge was shown.
    """
    mark, mean = as_float(key.array("logo", "u", 3)), logo.mean(axis=0)
    figures = {
        "nc": statistics.nc(mean, mark),
        "nc_blank": statistics.nc(np.ones_like(mark), mark),
        "nc_centred": statistics.centred_nc(mean, mark),
        "sr_nc": float((statistics.nc_of_each(logo, mark) > settings.success_nc).mean()),
    }
    if "classifier" in key.networks:
        figures["classifier"] = float(called_marked(logo, key).mean())
    return figures


def called_marked(logo: np.ndarray, key: OwnerKey) -> np.ndarray:
    """Which extractions C calls the key's mark, bool `[n]`; of several marks the likeliest class counts (section 4.1).

    Args:
      logo: `[n, s, s, c]`, what R draws.
      key: holds C.
    """
    said = key.network("classifier")(logo, training=False).numpy()
    if said.shape[-1] == 1:
        return said[:, 0] > 0
    return said.argmax(axis=1) == 1 + key.array("release", "u", 1)[0]


def reads_another(settings: DeepWatermarkingSettings, mean: np.ndarray, key: OwnerKey) -> bool:
    """Whether what R draws matches the mark of another release at least as well.

    Args:
      settings: those that the key was made with.
      mean: `[s, s, c]`, the mean extraction.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: the marks of other releases are missing.
    """
    if not settings.logos:
        return False
    others = key.array("other_logos", "u", 4)
    if len(others) != len(settings.logos):
        raise InvalidKeyError(f"the key must hold {len(settings.logos)} `other_logos`, got {len(others)}.")
    own = statistics.centred_nc(mean, as_float(key.array("logo", "u", 3)))
    return own <= max(statistics.centred_nc(mean, as_float(other)) for other in others)


def _coded_verdict(
    settings: DeepWatermarkingSettings, answers: np.ndarray, key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    read = Readings(settings, key, answers)
    best = read(whole_code(settings, key), alpha)
    figures = logo_figures(settings, read.responses.logos(best.match.view), key)
    null = STRUCTURE_NULL if settings.structure else CODED_NULL
    return best.verdict(settings, alpha, null, figures)


def _logo_verdict(
    settings: DeepWatermarkingSettings, answers: np.ndarray, key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    unmarked = unmarked_in(settings, key)
    verdicts.check_alpha(alpha, unmarked.smallest_p_value)
    logos = extract(settings, answers, key)["logo"]
    figures, mean = logo_figures(settings, logos, key), logos.mean(axis=0)
    draw = draws_in(settings, key).generator("deep_watermarking/decoys")
    decoys = decoy_marks(as_float(key.arrays["logo"]), draw, DECOYS)
    p_value = unmarked.p_value(figures["nc_centred"], [statistics.centred_nc(mean, other) for other in decoys])
    return Verdict(
        score=figures["nc"], threshold=settings.success_nc, n=unmarked.models, null=unmarked.null, alpha=alpha,
        # A copy of another release is marked, and not by this key.
        p_value=1.0 if reads_another(settings, mean, key) else p_value,
        details={**figures, "nc_centred_unmarked": unmarked.highest},
    )  # fmt: skip


def decoy_marks(mark: np.ndarray, draw: np.random.Generator, count: int) -> np.ndarray:
    """Marks with the mean and the spectrum of the owner's, and random phases: float32 `[count, s, s, c]`.

    Args:
      mark: `[s, s, c]` in [0, 1], the owner's logo.
      draw: gives the phases.
      count: how many.
    """
    spectrum = np.fft.rfft2(mark - mark.mean(axis=(0, 1)), axes=(0, 1))
    # Phases of real noise: free ones would not be those of a real picture in the first and the last column.
    noise = np.fft.rfft2(draw.standard_normal((count, *mark.shape[:2], 1)), axes=(1, 2))
    phases = noise / np.maximum(np.abs(noise), 1e-12)
    drawn = np.fft.irfft2(np.abs(spectrum) * phases, s=mark.shape[:2], axes=(1, 2))
    return (drawn + mark.mean(axis=(0, 1))).astype(np.float32)
