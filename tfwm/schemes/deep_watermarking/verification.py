"""Is the mark there? Extraction, averaged over the probe images, and an honest p-value.

Coded mark: the code is drawn from the key's secret and from R, probe images and baseline, so that none of them can
know it, and an independent suspect agrees with it in Binomial(cells, 1/2) cells, exactly. Logo mark: R knows its logo
and may print it on any network's output; the p-value is a rank among the unmarked networks of ranking.py, and no more:
models that the owner chose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwm.digests import array_digest, weights_digest
from tfwm.evidence import statistics, verdicts
from tfwm.evidence.binding import Draws, draws_for, draws_of, pieces_of
from tfwm.keys import InvalidKeyError, OwnerKey
from tfwm.networks.resampling import resample
from tfwm.schemes.deep_watermarking.networks import extractor
from tfwm.schemes.deep_watermarking.ranking import unmarked_in
from tfwm.schemes.deep_watermarking.settings import DECOYS, DeepWatermarkingSettings
from tfwm.schemes.rebuilding import rebuilt
from tfwm.schemes.wrong_keys import wrong_secret
from tfwm.suspects import UnfitAnswersError, as_float, in_batches
from tfwm.types import Suspect, Verdict

CODED_NULL = (
    "the suspect is independent of the key's secret code, which was drawn when extractor, probe images and baseline "
    "were fixed, so each cell agrees with probability 1/2 (exact binomial tail)"
)


def draws_in(settings: DeepWatermarkingSettings, key: OwnerKey) -> Draws:
    """What the key's secret draws: of a coded mark only when R, probe images and baseline are fixed.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    return draws_of(key, settings.pieces, bound_parts(key) if settings.coded else None)


def bound_parts(key: OwnerKey) -> dict[str, bytes]:
    """Digests of what the code depends on beside the secret: R, probe images and baseline.

    Args:
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    arrays = {"probes": key.array("probes", "u", 4), "baseline": key.array("baseline", "f", 3)}
    parts = {name: array_digest(array) for name, array in arrays.items()}
    return {**parts, "extractor": weights_digest(key.network("extractor"))}


def owner_code(settings: DeepWatermarkingSettings, key: OwnerKey) -> np.ndarray:
    """The secret code, float32 `[cells * cells]` of -1 and 1.

    Args:
      settings: those that the key was made with.
      key: the owner's, or what he revealed of it.

    Raises:
      InvalidKeyError: a part is missing.
    """
    return _code(settings, draws_in(settings, key)).astype(np.float32)


def decoy_codes(settings: DeepWatermarkingSettings, key: OwnerKey, seeds: Sequence[int]) -> np.ndarray:
    """The codes of wrong keys, int8 `[seeds, cells * cells]` of -1 and 1; what they share is digested once.

    Args:
      settings: those that the key was made with.
      key: the owner's.
      seeds: number the decoys.
    """
    parts, count = bound_parts(key), settings.pieces
    draws = (draws_for(key.scheme, key.settings, pieces_of(wrong_secret(key, seed), count), parts) for seed in seeds)
    return np.stack([_code(settings, each) for each in draws])


def _code(settings: DeepWatermarkingSettings, draws: Draws) -> np.ndarray:
    return draws.bits("deep_watermarking/code", settings.cells**2).astype(np.int8) * 2 - 1


def extract(settings: DeepWatermarkingSettings, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
    """What R reads in every image, resampled to R's size.

    Args:
      settings: those that the key was made with.
      images: `[n, h, w, c]`, float in [0, 1] or uint8.
      key: holds R, of which the weights count and nothing else.

    Returns:
      `logo` `[n, s, s, c]` and, for coded marks, `code` logits `[n, k, k]`.
    """
    logos, codes = [], []
    reader = rebuilt(settings, lambda: extractor(settings, 0), key.network("extractor"))

    def read(part: np.ndarray) -> np.ndarray:
        outputs = reader(resample(part, settings.image_size), training=False)
        if settings.coded:
            codes.append(outputs[1].numpy()[..., 0])
        logos.append((outputs[0] if settings.coded else outputs).numpy())
        return np.zeros(len(part))

    in_batches(read, images, 64)
    extracted = {"logo": np.concatenate(logos)}
    return {**extracted, "code": np.concatenate(codes)} if settings.coded else extracted


def extracted_from(settings: DeepWatermarkingSettings, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
    """What R reads in the suspect's answers to the key's probe images; what is not finite in them reads as black.

    Args:
      settings: those that the key was made with.
      suspect: is sent the probe images in one request.
      key: holds the probe images and R.

    Raises:
      UnfitAnswersError: the suspect's answers are not pictures of the mark's channels, one for each probe.
    """
    probes = key.array("probes", "u", 4)
    answers = np.asarray(suspect(probes))
    fits = answers.ndim == 4 and len(answers) == len(probes) and answers.shape[-1] == settings.channels
    if not fits or not answers.size or answers.dtype.kind not in "fiub":
        raise UnfitAnswersError(
            f"`suspect` {suspect.name} must answer {len(probes)} pictures with {settings.channels} channels, got "
            f"{answers.dtype} {list(answers.shape)}. This scheme judges image-to-image models."
        )
    return extract(settings, np.clip(np.nan_to_num(answers, posinf=1.0, neginf=0.0), 0.0, 1.0), key)


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
    extracted = extracted_from(settings, suspect, key)
    return (_coded_verdict if settings.coded else _logo_verdict)(settings, extracted, key, alpha)


def logo_figures(logo: np.ndarray, key: OwnerKey) -> dict[str, float]:
    """NC of eq. 13, of a blank extraction, centred, and C's share of probes called marked where the key has C.

    Args:
      logo: `[n, s, s, c]`, one extraction per probe image; averaged before it is compared.
      key: holds the logo, and C unless it is what a judge was shown.
    """
    mark, mean = as_float(key.array("logo", "u", 3)), logo.mean(axis=0)
    figures = {
        "nc": statistics.nc(mean, mark),
        "nc_blank": statistics.nc(np.ones_like(mark), mark),
        "nc_centred": statistics.centred_nc(mean, mark),
    }
    if "classifier" in key.networks:
        figures["classifier"] = float((key.networks["classifier"](logo, training=False).numpy() > 0).mean())
    return figures


def responses(code: np.ndarray, key: OwnerKey) -> np.ndarray:
    """The soft decision per cell, `[cells * cells]`: R on the suspect's answers less R on the unmarked host's.

    The difference image by image cancels what the pictures themselves do to R. The code is drawn from the baseline
    among others, so the binomial null stays exact.

    Args:
      code: `[n, k, k]` logits, one map for each probe image.
      key: holds what R says of the unmarked host.

    Raises:
      InvalidKeyError: it holds none, or one of another form.
    """
    baseline = key.array("baseline", "f", 3)
    if baseline.shape != code.shape:
        raise InvalidKeyError(
            f"the key must hold a `baseline` {list(code.shape)}, as R's answers are, got {list(baseline.shape)}."
        )
    difference: np.ndarray = np.clip(code, -8, 8) - baseline.astype(np.float32)
    return difference.mean(axis=0).ravel()


def agreeing_cells(settings: DeepWatermarkingSettings, code: np.ndarray, key: OwnerKey) -> np.ndarray:
    """Which cells agree with the owner's code, bool `[cells, cells]`; reveals no bit of it.

    Args:
      settings: those that the key was made with.
      code: `[n, k, k]` logits, one map for each probe image.
      key: the owner's.
    """
    agrees = np.sign(responses(code, key)) == owner_code(settings, key)
    return agrees.reshape(settings.cells, settings.cells)


def _coded_verdict(
    settings: DeepWatermarkingSettings, extracted: dict[str, np.ndarray], key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    agrees = agreeing_cells(settings, extracted["code"], key)
    details = {"bits": float(agrees.sum()), **logo_figures(extracted["logo"], key)}
    return verdicts.counted(agrees, statistics.log10_tails(agrees.size), alpha, CODED_NULL, details)


def _logo_verdict(
    settings: DeepWatermarkingSettings, extracted: dict[str, np.ndarray], key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    unmarked = unmarked_in(settings, key)
    verdicts.check_alpha(alpha, unmarked.smallest_p_value)
    figures, mean = logo_figures(extracted["logo"], key), extracted["logo"].mean(axis=0)
    draw = draws_in(settings, key).generator("deep_watermarking/decoys")
    decoys = decoy_marks(as_float(key.arrays["logo"]), draw, DECOYS)
    return Verdict(
        score=figures["nc"], threshold=settings.max_blank_nc, n=unmarked.models, null=unmarked.null, alpha=alpha,
        p_value=unmarked.p_value(figures["nc_centred"], [statistics.centred_nc(mean, other) for other in decoys]),
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
