"""What settings of deep watermarking must fulfil, each with a remedy; `DeepWatermarkingSettings` calls them all."""

from __future__ import annotations

from typing import Any

from tfwm.config import check_range, check_whole

LARGEST_STRUCTURE = 96
SMALLEST_MARK = 8


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
