"""What settings of deep watermarking must fulfil, each with a remedy; `DeepWatermarkingSettings` calls them all."""

from __future__ import annotations

from typing import Any

from tfwm.config import check_at_least_one, check_range, check_whole, choose
from tfwm.evidence.views import FAMILIES

LARGEST_STRUCTURE = 96
SMALLEST_MARK = 8
LARGEST_OVERWRITING = 1000


def check_fields(settings: Any) -> None:
    """All checks but that of `alpha`.

    Raises:
      ValueError: a value is out of its range, or does not go with another.
    """
    for check in (
        check_sizes,
        check_mark,
        check_proxy,
        check_validation,
        check_reading,
        check_structure,
        check_correction,
    ):
        check(settings)
    check_whole("overwriting", settings.overwriting, 0, LARGEST_OVERWRITING, "Use 0 for none; the paper has 90.")
    check_at_least_one(
        settings, "channels", "cells", "clean_stride", "embedder_filters", "extractor_channels", "extractor_blocks",
        "discriminator_filters", "classifier_filters", "proxy_filters", "control_filters",
    )  # fmt: skip
    choose("adversarial form", settings.adversarial_form, {"log": 0, "least_squares": 0})


def check_reading(settings: Any) -> None:
    """Refuses views for a logo mark, too few probes, and a logo mark without controls.

    Raises:
      ValueError: with a remedy.
    """
    s = settings
    if len(choose("registration", s.registration, FAMILIES)) > 1 and not s.coded:
        raise ValueError(
            f"`registration` must be none for a logo mark, whose null is made of models and not of bits, got "
            f"{s.registration!r}. Use none, or set `coded`."
        )
    if s.probes < 2:
        raise ValueError(f"`probes` must be at least 2, got {s.probes}.")
    if s.controls < (not s.coded):
        raise ValueError(
            f"`controls` must be at least 1 for a logo mark, got {s.controls}: a logo is ranked among unmarked "
            "networks and means nothing without one. Use 19 for an alpha of 0.05, or coded=True."
        )


def check_correction(settings: Any) -> None:
    """Refuses strengths that are none, and a correction without structure.

    Raises:
      ValueError: with a remedy.
    """
    psnr_db = settings.correction_psnr
    if psnr_db and not 20 <= psnr_db <= 70:
        raise ValueError(f"`correction_psnr` must lie between 20 and 70 dB, or be 0 for none, got {psnr_db:g}.")
    if psnr_db and not settings.structure:
        raise ValueError(
            f"`correction_psnr` must be 0 for a mark without `structure`, got {psnr_db:g}. Set `structure`, or 0."
        )


def check_sizes(settings: Any) -> None:
    """Refuses images that the U-Nets cannot halve often enough, or whose half the cells do not divide.

    Raises:
      ValueError: with the sizes that would do.
    """
    s = settings
    if s.image_size % 2**s.embedder_downs or s.image_size % 2**s.proxy_downs:
        raise ValueError(
            f"`image_size` must be a multiple of 2**downs ({2**s.embedder_downs} for H, {2**s.proxy_downs} "
            f"for the proxy), got {s.image_size}. Use fewer downs or a larger image."
        )
    if s.coded and (s.image_size // 2) % s.cells:
        raise ValueError(f"`cells` must divide {s.image_size // 2}, half the image size, got {s.cells}.")
    if s.coded and s.code_weight <= 0:
        raise ValueError(f"`code_weight` must be positive for a coded mark, got {s.code_weight}. Try 1.0.")


def check_proxy(settings: Any) -> None:
    """Refuses a proxy that is not told what it must know.

    Raises:
      ValueError: no such form, or the plain one with a coded mark, with `clean_outputs` or with several marks.
    """
    s = settings
    choose("proxy form", s.proxy_form, {"plain": 0, "conditioned": 0})
    if s.proxy_form == "plain" and (s.coded or s.clean_outputs):
        raise ValueError(
            "`proxy_form` must be conditioned for a coded mark and for `clean_outputs`, got 'plain' with "
            f"coded={s.coded} and clean_outputs={s.clean_outputs}: a plain proxy is not told which code to imitate, or "
            "to imitate none. Use conditioned, or set both to False."
        )
    if s.proxy_form == "plain" and s.logos:
        raise ValueError(
            f"`proxy_form` must be conditioned for {s.marks} marks, got 'plain': a plain proxy is not told which of "
            "them to imitate. Use conditioned."
        )


def check_validation(settings: Any) -> None:
    """Refuses schedules that are judged on validation pairs of which there is not one batch.

    Raises:
      ValueError: with the number of pairs that would do, or the training that keeps none apart.
    """
    s = settings
    for name in ("extractor_patience", "validation"):
        check_whole(name, getattr(s, name), 0, 1_000_000, "Use 0 for none.")
    judged = [plan.batch_size for plan in (s.initial, s.proxy, s.adversarial) if plan.judged_on == "validation"]
    if judged and s.validation < max(judged):
        raise ValueError(
            f"`validation` must be at least {max(judged)}, a batch of a schedule that is judged on it, got "
            f"{s.validation}. Use 100, or judge on training."
        )
    if s.control_schedule.judged_on == "validation":
        raise ValueError(
            "`control_schedule` must be judged on training, got 'validation': controls keep no pairs apart."
        )


def check_mark(settings: Any) -> None:
    """Refuses a mark that is larger than the images, or whose channels or thresholds are out of range.

    Raises:
      ValueError: with the range and a remedy.
    """
    s = settings
    if s.mark_size > s.image_size:
        raise ValueError(
            f"`mark_size` must not be above `image_size` {s.image_size}, got {s.mark_size}: a mark is hidden in images "
            "of its own size. Use a smaller mark, or larger images."
        )
    if s.mark_size:
        check_whole("mark_size", s.mark_size, SMALLEST_MARK, s.image_size, "Use 0 for a mark as large as the images.")
    if s.mark_channels not in (0, 1, 3):
        raise ValueError(
            f"`mark_channels` must be 1 (grey), 3 (colour) or 0 (as many as the host's), got {s.mark_channels}."
        )
    check_range("max_blank_nc", s.max_blank_nc, 0.0, 1.0, "Use 0.95, or 1 to take any mark.")
    check_range("success_nc", s.success_nc, 0.0, 1.0, "The paper's is 0.95.")


def check_structure(settings: Any) -> None:
    """Refuses bits in structure that are too many, too strong or too weak, or that have no code to carry.

    Raises:
      ValueError: with the range and a remedy.
    """
    s = settings
    if not 0 <= s.structure <= LARGEST_STRUCTURE or not 20 <= s.structure_psnr <= 70:
        raise ValueError(
            f"`structure` must lie between 0 and {LARGEST_STRUCTURE} and `structure_psnr` between 20 and 70 dB, "
            f"got {s.structure} and {s.structure_psnr:g}. Use 96 and 45.5."
        )
    if s.structure and (not s.coded or s.channels not in (1, 3)):
        raise ValueError(
            f"`structure` must be 0 for a logo mark, and for images that are neither grey nor in colour, got "
            f"{s.structure} with coded={s.coded} and {s.channels} channels. Set `coded`."
        )
