"""The owner's picture as H and R see it: read in its channels, padded, and refused where it could prove nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from tfwm.data.drawn_logos import padded_white
from tfwm.data.logos import own_logo, read_logo
from tfwm.data.reading.readers import with_channels
from tfwm.evidence.statistics import centred_nc, nc
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.suspects import as_float

ALIKE = 0.9  # centred NC of two marks that R could not tell apart in what a copy leaves of them


def checked_marks(settings: DeepWatermarkingSettings) -> np.ndarray:
    """The marks of all releases, each as of `checked_mark`: uint8 `[marks, s, s, c]`.

    Args:
      settings: `logo` and `logos` count, and what `checked_mark` takes.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: as `checked_mark`, or two marks are too alike to tell apart.
    """
    names = (settings.logo, *settings.logos)
    marks = [checked_mark(replace(settings, logo=name, logos=())) for name in names]
    for (first, one), (second, other) in combinations(enumerate(marks), 2):
        alike = centred_nc(as_float(one), as_float(other))
        if alike > ALIKE or np.array_equal(one, other):
            raise ValueError(
                f"`logos` must be marks that can be told apart, got {names[first] or '(built-in)'} and "
                f"{names[second] or '(built-in)'} with a centred NC of {alike:.3f}, above {ALIKE}. Use other drawings, "
                "or a coded mark without `logos`: its releases differ by their codes."
            )
    return np.stack(marks)


def release_arrays(marks: np.ndarray, release: int) -> dict[str, np.ndarray]:
    """What the key of a release keeps of the others: its own `release`, uint8 `[1]`, and `other_logos`; of one nothing.

    Args:
      marks: of `checked_marks`.
      release: number of the key's own, from 0.

    Raises:
      ValueError: there is no such release.
    """
    if not 0 <= release < len(marks):
        raise ValueError(
            f"`release` must be a number from 0 to {len(marks) - 1}, one for each of `logo` and `logos`, got "
            f"{release}. Add a logo; a coded mark takes another secret in its place."
        )
    if len(marks) == 1:
        return {}
    return {"release": np.array([release], np.uint8), "other_logos": np.delete(marks, release, axis=0)}


def checked_mark(settings: DeepWatermarkingSettings) -> np.ndarray:
    """The mark on its canvas, uint8 `[s, s, c]`; a mark smaller than the images is padded with white.

    Args:
      settings: `logo`, `mark_size` and `mark_channels` count and, where the mark is the evidence, `max_blank_nc`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no picture; it would lose its colours; or, without a code, it is of one colour, or a blank
        extraction matches it better than `max_blank_nc` allows, by NC of eq. 13.

    Paper: Zhang et al. 2021, section 4.6 and table 6, for the padding.
    """
    mark = padded_white(_picture(settings), settings.image_size)
    if not settings.coded:
        _check_evidence(settings, mark)
    return mark


def _picture(settings: DeepWatermarkingSettings) -> np.ndarray:
    """The mark alone, uint8 `[m, m, c]`."""
    side, channels = settings.mark_side, settings.mark_depth
    if not settings.logo:
        return read_logo("", side, channels)
    picture = own_logo(settings.logo, side)
    if picture.shape[2] > channels and not settings.mark_channels and np.ptp(picture, axis=2).any():
        raise ValueError(
            f"`logo` {settings.logo} is in colour and would turn grey on a host of {settings.channels} channel. Set "
            "`mark_channels` to 3 to keep its colours, or to 1 for its luma."
        )
    return with_channels(picture, channels)


def _check_evidence(settings: DeepWatermarkingSettings, mark: np.ndarray) -> None:
    """Refuses what says nothing where the mark alone is the evidence."""
    name = settings.logo or "(built-in)"
    if np.ptp(mark) == 0:
        raise ValueError(f"`logo` {name} must show something where there is no code, got a picture of one colour.")
    blank = nc(np.ones(mark.shape), as_float(mark))
    if blank > settings.max_blank_nc:
        raise ValueError(
            f"`logo` {name} matches a blank white extraction with NC {blank:.3f}, above `max_blank_nc` "
            f"{settings.max_blank_nc}: the paper's criterion, NC above {settings.success_nc}, would call every "
            "unmarked model marked. Use a logo on a dark background, or invert it; or set `max_blank_nc` to 1, as for "
            "the padded marks of table 6: the verdict then rests on the rank of the centred NC alone."
        )
