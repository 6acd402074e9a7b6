"""Pairs as tf.Examples in GZIP TFRecord files, which a pipeline hands from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfwm.data.reading.decode import decode_image, encode_png, to_float
from tfwm.data.reading.side_by_side import split_pair, stack_pairs
from tfwm.files import replacing
from tfwm.types import ImagePairs

# The values of `image/content`. Below so little contrast, of 0 to 1, a picture shows nothing.
PICTURE, EMPTY, LEAST_CONTRAST = b"picture", b"empty", 2.0 / 255.0
_GZIP_MAGIC = b"\x1f\x8b"
_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "target/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/filename": tf.io.FixedLenFeature([], tf.string, default_value=""),
}


def make_example(name: str, side_by_side: bytes) -> tf.train.Example:
    """Makes a tf.Example of one encoded [input | target] picture.

    Args:
      name: what the picture is called, in the example and in messages.
      side_by_side: the bytes of a PNG or JPEG file.

    Returns:
      Both halves as PNG, the name, height, width and channels, and of each half `mean`, `std` and `sharpness`, in
      [0, 1]: figures that statistics and drift detection can read.

    Raises:
      InvalidImageError: the bytes are not a usable picture, or its width is odd.
    """
    source, target = split_pair(decode_image(side_by_side, name), name)
    return picture_example(name, {"image": source, "target": target})


def write_pairs(pairs: ImagePairs, path: str | Path, *, names: Sequence[str] | None = None) -> Path:
    """Writes one GZIP TFRecord file, whole or not at all; the records are counted before it gets its name.

    Args:
      pairs: at least one.
      path: of the file; an older one is replaced.
      names: one for each pair, "00000" and so on by default.

    Returns:
      `path`.

    Raises:
      ValueError: the number of names differs from the number of pairs.
      OSError: the file does not hold all records, for instance on a full disk.
    """
    names = [f"{index:05d}" for index in range(len(pairs))] if names is None else names
    if len(names) != len(pairs):
        raise ValueError(f"`names` must be one for each of the {len(pairs)} pairs, got {len(names)}.")
    with replacing(path) as temporary:
        with tf.io.TFRecordWriter(str(temporary), options="GZIP") as writer:
            for name, source, target in zip(names, pairs.inputs, pairs.targets):
                example = picture_example(name, {"image": source, "target": target})
                writer.write(example.SerializeToString(deterministic=True))
        written = sum(1 for _ in tf.data.TFRecordDataset(str(temporary), compression_type="GZIP"))
        if written != len(pairs):
            raise OSError(f"`{path}` should hold {len(pairs)} records, {written} arrived. Is the disk full?")
        temporary.chmod(0o644)
    return Path(path)


def read_pairs(pattern: str | Sequence[str]) -> ImagePairs:
    """Reads the pairs of all TFRecord files that match, GZIP or plain, in the order of their names.

    Args:
      pattern: one or several glob patterns, as a TFX trainer gets them.

    Raises:
      FileNotFoundError: nothing matches.
      ValueError: a file is damaged, holds no pairs, or the pictures have several sizes.
    """
    patterns = [pattern] if isinstance(pattern, str) else list(pattern)
    files = sorted({str(file) for one in patterns for file in tf.io.gfile.glob(str(one))})
    if not files:
        raise FileNotFoundError(f"No file matches {patterns}. Write one with write_pairs, or mend the pattern.")
    found = [pair for file in files for pair in _pairs_of(file)]
    if not found:
        raise ValueError(f"`{pattern}` holds no records. Was the file written by write_pairs?")
    return stack_pairs([(source, target) for _, source, target in found], tuple(name for name, _, _ in found))


def parse_example(serialized: tf.Tensor, *, channels: int = 3) -> dict[str, tf.Tensor]:
    """Reads one pair in the graph, for a `tf.data` pipeline.

    Args:
      serialized: a scalar string, a tf.Example as `make_example` writes it.
      channels: 1 or 3.

    Returns:
      uint8 "inputs" and "targets" `[height, width, channels]`, and the string "name".
    """
    parsed = tf.io.parse_single_example(serialized, _FEATURES)
    return {
        "inputs": decode_picture(parsed["image/encoded"], channels=channels),
        "targets": decode_picture(parsed["target/encoded"], channels=channels),
        "name": parsed["image/filename"],
    }


def decode_picture(encoded: tf.Tensor, *, channels: int = 3) -> tf.Tensor:
    """Decodes one picture in the graph.

    Args:
      encoded: a scalar string, the bytes of a PNG or JPEG file.
      channels: 1 or 3.

    Returns:
      uint8 `[height, width, channels]`.
    """
    picture = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    picture.set_shape([None, None, channels])
    return picture


def encoded_images(file: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yields (name, encoded bytes) of every tf.Example in one TFRecord file; b"" where there is no picture."""
    for serialized in _records(str(file)):
        features = tf.train.Example.FromString(serialized.numpy()).features.feature
        name, encoded = (list(features[key].bytes_list.value)[:1] for key in ("image/filename", "image/encoded"))
        yield b"".join(name).decode("utf-8", "replace"), b"".join(encoded)


def picture_example(
    name: str,
    pictures: Mapping[str, np.ndarray],
    *,
    texts: Mapping[str, bytes] | None = None,
    numbers: Mapping[str, int] | None = None,
) -> tf.train.Example:
    """A tf.Example of pictures: each as PNG, with what statistics can see of it.

    Args:
      name: of the file that they come from, kept as `image/filename`.
      pictures: uint8 `[height, width, 1 or 3]` by the prefix of their features; one of them is `image`, whose height,
        width and channels are kept too. `<prefix>/mean`, `/std` and `/sharpness` lie in [0, 1]; `image/content` is
        `empty` where one of them has next to no contrast, else `picture`.
      texts: further features.
      numbers: further features.
    """
    height, width, channels = pictures["image"].shape
    written = {"image/filename": name.encode("utf-8"), "image/format": b"png", **(texts or {})}
    counted = {"image/height": height, "image/width": width, "image/channels": channels, **(numbers or {})}
    features = {f"{prefix}/encoded": _bytes_feature(encode_png(image)) for prefix, image in pictures.items()}
    features |= {key: _bytes_feature(text) for key, text in written.items()}
    for key, number in counted.items():
        features[key] = tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))
    summaries = {prefix: _summary(image) for prefix, image in pictures.items()}
    empty = any(summary["std"] < LEAST_CONTRAST for summary in summaries.values())
    features["image/content"] = _bytes_feature(EMPTY if empty else PICTURE)
    for prefix, summary in summaries.items():
        for key, figure in summary.items():
            features[f"{prefix}/{key}"] = tf.train.Feature(float_list=tf.train.FloatList(value=[figure]))
    return tf.train.Example(features=tf.train.Features(feature=features))


def _bytes_feature(content: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))


def _summary(image: np.ndarray) -> dict[str, float]:
    """Figures in [0, 1] by which statistics and drift detection tell pictures apart."""
    pixels = to_float(image)
    steps = [np.abs(np.diff(pixels, axis=axis)) for axis in (0, 1) if pixels.shape[axis] > 1]
    sharpness = float(np.mean([step.mean() for step in steps])) if steps else 0.0
    return {"mean": float(pixels.mean()), "std": float(pixels.std()), "sharpness": sharpness}


def _records(file: str) -> tf.data.Dataset:
    with tf.io.gfile.GFile(file, "rb") as opened:
        compression = "GZIP" if opened.read(2) == _GZIP_MAGIC else ""
    return tf.data.TFRecordDataset(file, compression_type=compression)


def _pairs_of(file: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields (name, input, target) of every record in one file."""
    try:
        for serialized in _records(file):
            example = {key: value.numpy() for key, value in tf.io.parse_single_example(serialized, _FEATURES).items()}
            name = f"{file}/{example['image/filename'].decode('utf-8', 'replace')}"
            yield name, decode_image(example["image/encoded"], name), decode_image(example["target/encoded"], name)
    except tf.errors.DataLossError as error:
        raise ValueError(f"`{file}` is damaged or truncated. Write it anew.") from error
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(
            f"`{file}` must hold tf.Examples with image/encoded and target/encoded; one lacks them. "
            "Write it with write_pairs or the pipeline's ImageExampleGen."
        ) from error
