"""Reading a user's pictures; what cannot be used is left out and listed with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tfwm import config
from tfwm.data.reading.decode import InvalidImageError, as_pillow, from_pillow
from tfwm.data.reading.sources import found_images

_MODES = {1: "L", 3: "RGB"}
_ON_BAD = {"skip": False, "fail": True}
_FITS = {"cover": True, "exact": False}


@dataclass(frozen=True)
class ImageSet:
    """What was read, and what could not be.

    Args:
      images: one uint8 `[height, width, channels]` each, of any sizes.
      names: one for each image: its path in the folder or archive.
      problems: (name, reason) of everything that was left out.
    """

    images: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    problems: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def by_name(self) -> Mapping[str, np.ndarray]:
        """Every image by its name."""
        return dict(zip(self.names, self.images))

    def stacked(self) -> np.ndarray:
        """uint8 `[n, height, width, channels]`.

        Raises:
          ValueError: the images have several sizes.
        """
        sizes = {image.shape for image in self.images}
        if len(sizes) != 1:
            raise ValueError(
                f"The images must share one size to be stacked, got {len(sizes)} sizes, for instance "
                f"{sorted(sizes)[:3]}. Read them with `size`."
            )
        return np.stack(self.images)


def read_images(
    path: str | Path,
    *,
    channels: int = 3,
    size: tuple[int, int] | None = None,
    fit: str = "cover",
    longest_side: int | None = None,
    min_side: int = 16,
    on_bad: str = "skip",
) -> ImageSet:
    """Reads a folder (with its subfolders, sorted), a picture, or an npz, tar or TFRecord file.

    Args:
      path: of a file or a folder; files whose names begin with a dot are passed over.
      channels: 1 or 3; grey is repeated, colour becomes luma (ITU-R 601).
      size: (height, width) that every image shall have, None for their own sizes.
      fit: "cover" scales an image (Lanczos, antialiased) until it covers `size` and cuts out the
        centre; "exact" reports every image of another size.
      longest_side: larger images are scaled down to it, so that a folder of photographs fits in memory.
      min_side: images whose shorter side has fewer pixels are reported.
      on_bad: "skip" leaves out what cannot be used and lists it in `problems`; "fail" raises.

    Raises:
      FileNotFoundError: there is no `path`.
      ValueError: nothing usable was found, or `on_bad` is "fail" and something was not usable.
    """
    if channels not in _MODES:
        raise ValueError(f"`channels` must be 1 (grey) or 3 (colour), got {channels}.")
    must_match, fail = not config.choose("fit", fit, _FITS), config.choose("on_bad", on_bad, _ON_BAD)
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no file or folder `{path}`. Give the place of the pictures.")
    if size is not None and min(size) < 1:
        raise ValueError(f"`size` must be (height, width) of at least 1 pixel, got {tuple(size)}.")
    kept: list[tuple[str, np.ndarray]] = []
    problems: list[tuple[str, str]] = []
    for name, found in found_images(Path(path)):
        try:
            image = _usable(found, name, min_side, size if must_match else None)
            kept.append((name, _shaped(image, channels, size, longest_side)))
        except InvalidImageError as error:
            problems.append((error.name, error.reason))
    if fail and problems:
        more = f"\n  and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise ValueError(
            f"{len(problems)} of the images in `{path}` cannot be used:{_first_lines(problems)}{more}\n"
            'Mend or remove them, or read with on_bad="skip".'
        )
    if not kept:
        raise ValueError(_nothing_usable(path, problems))
    return ImageSet(tuple(image for _, image in kept), _unique([name for name, _ in kept]), tuple(problems))


def cover(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scales a picture (Lanczos, antialiased) until it covers a size, then cuts out the centre.

    Args:
      image: uint8 `[height, width, 1 or 3]`.
      size: (height, width) of the result, in pixels.

    Returns:
      uint8 `[*size, 1 or 3]`.
    """
    height, width = image.shape[:2]
    scale = min(height / size[0], width / size[1])
    cut_height, cut_width = size[0] * scale, size[1] * scale
    top, left = (height - cut_height) / 2, (width - cut_width) / 2
    # Rounding may leave the picture by a hair, which Pillow refuses.
    box = (max(left, 0.0), max(top, 0.0), min(left + cut_width, width), min(top + cut_height, height))
    return _resized(image, size, box)


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Grey to colour by repetition, colour to grey by luma (ITU-R 601).

    Args:
      image: uint8 `[height, width, 1 or 3]`.
      channels: 1 or 3.

    Returns:
      uint8 `[height, width, channels]`; the image itself where it has as many channels already.
    """
    if image.shape[2] == channels:
        return image
    return from_pillow(as_pillow(image).convert(_MODES[channels]))


def _usable(
    found: np.ndarray | InvalidImageError, name: str, min_side: int, size: tuple[int, int] | None
) -> np.ndarray:
    if isinstance(found, InvalidImageError):
        raise found
    height, width = found.shape[:2]
    if min(height, width) < min_side:
        raise InvalidImageError(name, f"{width} x {height} pixels, the shorter side must have at least {min_side}")
    if size is not None and (height, width) != tuple(size):
        raise InvalidImageError(name, f"{width} x {height} pixels instead of {size[1]} x {size[0]}")
    return found


def _shaped(image: np.ndarray, channels: int, size: tuple[int, int] | None, longest_side: int | None) -> np.ndarray:
    image = with_channels(image, channels)
    if size is not None:
        return image if image.shape[:2] == tuple(size) else cover(image, size)
    height, width = image.shape[:2]
    if longest_side is not None and max(height, width) > longest_side:
        scale = longest_side / max(height, width)
        target = (max(1, round(height * scale)), max(1, round(width * scale)))
        return _resized(image, target, (0.0, 0.0, float(width), float(height)))
    return image


def _resized(image: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
    return from_pillow(as_pillow(image).resize((size[1], size[0]), Image.Resampling.LANCZOS, box=box, reducing_gap=3))


def _unique(names: list[str]) -> tuple[str, ...]:
    """The names, numbered where one occurs several times, as it may in an archive: no image shall hide another."""
    times: dict[str, int] = {}
    for name in names:
        times[name] = times.get(name, 0) + 1
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        names[index] = f"{name}#{seen[name]}" if times[name] > 1 else name
    return tuple(names)


def _first_lines(problems: list[tuple[str, str]]) -> str:
    return "".join(f"\n  {name}: {reason}" for name, reason in problems[:10])


def _nothing_usable(path: str | Path, problems: list[tuple[str, str]]) -> str:
    if not problems:
        return f"`{path}` holds no files. Put PNG or JPEG pictures there."
    count = f"{len(problems)} could not be used"
    return f"`{path}` holds no usable image; {count}:{_first_lines(problems)}\nGive PNG or JPEG pictures."
