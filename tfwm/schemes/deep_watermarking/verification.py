"""Is the mark there? Extraction, averaged over the probe images, and an honest p-value.

Coded mark: the code is a PRF of the key's secret and R never saw it, so an independent suspect agrees with
it in Binomial(cells, 1/2) cells, exactly, whatever R and the probes are. Logo mark: R knows its logo and may
print it on any network's output; the p-value is a rank among decoy marks and unmarked suspects.
"""

from __future__ import annotations

import numpy as np

from tfwm.evidence import statistics
from tfwm.keys import OwnerKey, derive_bits, derive_generator
from tfwm.networks.resampling import resample
from tfwm.schemes.deep_watermarking.settings import DECOYS, DeepWatermarkingSettings
from tfwm.suspects import as_float, in_batches
from tfwm.types import Suspect, Verdict

CODED_NULL = (
    "the suspect is independent of the key's secret code, so each cell agrees with probability 1/2 (exact "
    "binomial tail); the key was fixed before the suspect was seen, and its extractor and probe images were "
    "made without the code"
)
RANKED_NULL = (
    "the extraction matches the owner's logo no better than decoy logos of the same spectrum (a rank among them, "
    "never below 1/(m + 1)) and no better than extractions from the unmarked suspects that the key keeps; the "
    "extractor knows its logo, so this cannot exclude that it prints it on a network that it never met"
)


def owner_code(key: OwnerKey, cells: int) -> np.ndarray:
    """The secret code, float32 `[cells * cells]` of -1 and 1.

    Args:
      key: the owner's; its secret decides the code.
      cells: side of the code map.
    """
    return derive_bits(key.secret, "deep_watermarking/code", cells * cells).astype(np.float32) * 2 - 1


def extract(settings: DeepWatermarkingSettings, images: np.ndarray, key: OwnerKey) -> dict[str, np.ndarray]:
    """What R reads in every image, resampled to R's size.

    Args:
      settings: those that the key was made with.
      images: `[n, h, w, c]`, float in [0, 1] or uint8.
      key: holds R.

    Returns:
      `logo` `[n, s, s, c]` and, for coded marks, `code` logits `[n, k, k]`.
    """
    logos, codes = [], []

    def read(part: np.ndarray) -> np.ndarray:
        outputs = key.networks["extractor"](resample(part, settings.image_size), training=False)
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
      ValueError: the suspect's answers are not pictures of the mark's channels, one for each probe.
    """
    probes = key.arrays["probes"]
    answers = np.asarray(suspect(probes))
    if answers.ndim != 4 or len(answers) != len(probes) or answers.shape[-1] != settings.channels:
        raise ValueError(
            f"`suspect` {suspect.name} must answer {len(probes)} pictures with {settings.channels} channels, got "
            f"{list(answers.shape)}. This scheme judges image-to-image models."
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
    if not settings.smallest_p_value <= alpha < 1:
        raise ValueError(
            f"`alpha` must lie between {settings.smallest_p_value:.2g}, the smallest p-value that this key can give, "
            f"and 1, got {alpha}. Use a larger alpha, or a coded mark with more cells."
        )
    extracted = extracted_from(settings, suspect, key)
    return (_coded_verdict if settings.coded else _logo_verdict)(settings, extracted, key, alpha)


def logo_figures(logo: np.ndarray, key: OwnerKey) -> dict[str, float]:
    """NC of eq. 13, of a blank extraction, centred, and C's share of probes called marked.

    Args:
      logo: `[n, s, s, c]`, one extraction per probe image; averaged before it is compared.
      key: holds the logo and C.
    """
    mark, mean = as_float(key.arrays["logo"]), logo.mean(axis=0)
    marked = key.networks["classifier"](logo, training=False).numpy() > 0
    return {
        "nc": statistics.nc(mean, mark),
        "nc_blank": statistics.nc(np.ones_like(mark), mark),
        "nc_centred": statistics.centred_nc(mean, mark),
        "classifier": float(marked.mean()),
    }


def responses(code: np.ndarray, key: OwnerKey) -> np.ndarray:
    """The soft decision per cell, `[cells * cells]`: R on the suspect's answers less R on the unmarked host's.

    The difference image by image cancels what the pictures themselves do to R. The baseline was fixed before
    the suspect was seen and does not depend on the code, so the binomial null stays exact.

    Args:
      code: `[n, k, k]` logits, one map for each probe image.
      key: holds what R says of the unmarked host.
    """
    difference: np.ndarray = np.clip(code, -8, 8) - key.arrays["baseline"].astype(np.float32)
    return difference.mean(axis=0).ravel()


def agreeing_cells(code: np.ndarray, key: OwnerKey) -> np.ndarray:
    """Which cells agree with the owner's code, bool `[cells, cells]`; reveals no bit of it.

    Args:
      code: `[n, k, k]` logits, one map for each probe image.
      key: the owner's.
    """
    cells = code.shape[-1]
    return (np.sign(responses(code, key)) == owner_code(key, cells)).reshape(cells, cells)


def _coded_verdict(
    settings: DeepWatermarkingSettings, extracted: dict[str, np.ndarray], key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    cells = settings.cells**2
    hits = int(agreeing_cells(extracted["code"], key).sum())
    return Verdict(
        score=hits / cells,
        threshold=statistics.hits_needed(cells, alpha) / cells,
        p_value=statistics.binomial_tail(hits, cells),
        n=cells, null=CODED_NULL, alpha=alpha,
        details={"bits": float(hits), **logo_figures(extracted["logo"], key)},
    )  # fmt: skip


def _logo_verdict(
    settings: DeepWatermarkingSettings, extracted: dict[str, np.ndarray], key: OwnerKey, alpha: float
) -> Verdict:  # fmt: skip
    figures = logo_figures(extracted["logo"], key)
    mean = extracted["logo"].mean(axis=0)
    decoys = decoy_marks(as_float(key.arrays["logo"]), key.secret, DECOYS)
    unmarked, centred = np.asarray(key.arrays["unmarked_nc"]), figures["nc_centred"]
    null = np.concatenate([[statistics.centred_nc(mean, other) for other in decoys], unmarked])
    # Decoys are many and suspects few: one unmarked suspect that scores as well must not drown among them.
    p_value = max(statistics.rank_p_value(centred, null), float(np.mean(unmarked >= centred)))
    return Verdict(
        score=figures["nc"], threshold=settings.max_blank_nc, p_value=p_value, n=len(null), null=RANKED_NULL,
        alpha=alpha, details={**figures, "nc_centred_unmarked": float(unmarked.max())},
    )  # fmt: skip


def decoy_marks(mark: np.ndarray, secret: bytes, count: int) -> np.ndarray:
    """Marks with the mean and the spectrum of the owner's, and random phases: float32 `[count, s, s, c]`.

    Args:
      mark: `[s, s, c]` in [0, 1], the owner's logo.
      secret: 32 bytes, from which the phases are drawn.
      count: how many.
    """
    draw = derive_generator(secret, "deep_watermarking/decoys")
    spectrum = np.fft.rfft2(mark - mark.mean(axis=(0, 1)), axes=(0, 1))
    # Phases of real noise: free ones would not be those of a real picture in the first and the last column.
    noise = np.fft.rfft2(draw.standard_normal((count, *mark.shape[:2], 1)), axes=(1, 2))
    phases = noise / np.maximum(np.abs(noise), 1e-12)
    drawn = np.fft.irfft2(np.abs(spectrum) * phases, s=mark.shape[:2], axes=(1, 2))
    return (drawn + mark.mean(axis=(0, 1))).astype(np.float32)
