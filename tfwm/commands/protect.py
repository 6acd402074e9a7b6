"""Trains a host (or takes yours), marks it, and writes what you release and what you keep.

OUT/marked.keras   the marked model: export it and release it
OUT/host.keras     the same host without the mark, for `tfwm evaluate`
OUT/key/           the owner's key: secret; without it nobody can prove anything
OUT/work/          checkpoints and TensorBoard logs; private. A killed run resumes: same command again
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.base import Result, add_output, say

if TYPE_CHECKING:
    import numpy as np
    from tensorflow import keras

    from tfwm.training import Run
    from tfwm.types import ImagePairs, MarkedModel, Scheme

PATCHES = {"fast": 3000, "tiny": 160, "paper": 6000, "reference": 6000}
TEST_PATCHES = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("--out", required=True, metavar="FOLDER", help="where everything is written")
    option("--host", metavar="FILE", help="your own image-to-image model, .keras (default: train one)")
    option("--network", default="residual_unet", help="host to train: residual_unet (default), dncnn, red or vdsr")
    option(
        "--scheme", default="deep_watermarking",
        help="deep_watermarking (default), trigger_image, or its baselines label_image and projected_label",
    )  # fmt: skip
    option("--preset", choices=options.PRESETS, default="fast", help="settings to start from (default fast)")
    options.add_set(parser, "scheme")
    options.add_data(parser, "3000 for fast, 160 for tiny, 6000 for paper and reference")
    options.add_channels(parser, "as --host, or as the preset has it")
    options.add_machine(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Does it.

    Raises:
      FileExistsError: there is a key in `--out` already.
      ValueError: a setting, a photograph or a host that does not fit.
    """
    from tfwm.commands import work

    out = Path(arguments.out)
    if (out / "key").exists():
        # Before hours of training, and never over a key: it may be the only proof of an older model.
        raise FileExistsError(f"`--out` {out} holds a key already. Choose another folder.")
    given = work.load_network(arguments.host) if arguments.host else None
    scheme: Any = _scheme(arguments, given)
    size, channels = scheme.image_size, getattr(scheme, "channels", 3)
    if given is not None:
        _check_host(given, size, channels)
    photographs = work.photographs_of(arguments, min_side=size, channels=channels)
    count = arguments.patches or PATCHES[arguments.preset]
    owner = _owner_pairs(arguments, scheme, photographs["owner"], count)
    test = work.pairs_of(arguments, photographs["test"], "test", size, TEST_PATCHES)
    run = work.run_of(arguments, out / "work")
    host = _train_host(arguments, scheme, owner, run) if given is None else given
    say(f"marking with {scheme.name}, preset {arguments.preset}, {len(owner)} patches of {size} x {size} pixels")
    marked = scheme.train(host, owner, run.child("mark"))
    host.save(out / "host.keras")
    marked.model.save(out / "marked.keras")
    marked.key.save(out / "key")
    return _result(out, marked, host, test)


def _scheme(arguments: argparse.Namespace, host: keras.Model | None) -> Scheme:
    from tfwm.schemes import make_scheme, scheme_from_dict, scheme_to_dict

    base = scheme_to_dict(make_scheme(arguments.scheme, arguments.preset))
    channels = arguments.channels or (None if host is None else host.input_shape[-1])
    if channels in (1, 3) and "channels" in base:
        base["channels"] = channels
    return scheme_from_dict(options.changed(base, arguments.assignments))


def _owner_pairs(
    arguments: argparse.Namespace, scheme: Any, photographs: Mapping[str, np.ndarray], count: int
) -> ImagePairs:
    """The owner's pairs; clean on both sides where the training itself adds the noise."""
    from tfwm.commands import work
    from tfwm.types import ImagePairs

    pairs = work.pairs_of(arguments, photographs, "owner", scheme.image_size, count)
    sigma = getattr(scheme, "sigma", 0.0)
    if sigma and arguments.task != "denoise":
        raise ValueError(f"`sigma` of {sigma:g} adds noise, which is for --task denoise, got {arguments.task}.")
    return ImagePairs(pairs.targets, pairs.targets) if sigma else pairs


def _train_host(arguments: argparse.Namespace, scheme: Any, owner: ImagePairs, run: Run) -> keras.Model:
    import dataclasses

    from tfwm.hosts import HostSettings, train_host

    say(f"training a host, {arguments.network}, for {arguments.task}")
    settings = HostSettings.tiny() if arguments.preset == "tiny" else HostSettings()
    settings = dataclasses.replace(settings, network=arguments.network, sigma=getattr(scheme, "sigma", 0.0))
    return train_host(owner, settings, run.child("host"))


def _check_host(host: keras.Model, size: int, channels: int) -> None:
    shapes = (host.input_shape, host.output_shape)
    images = all(isinstance(shape, tuple) and len(shape) == 4 for shape in shapes)
    fits = images and all(side in (None, size) for shape in shapes for side in shape[1:3])
    if not fits or shapes[0][3] != channels or channels not in (1, 3):
        raise ValueError(
            f"`--host` must map images [n, {size}, {size}, {channels}] to images of the same size, or take any size; "
            f"got {shapes[0]} to {shapes[1]}. Give an image-to-image network."
        )


def _result(out: Path, marked: MarkedModel, host: keras.Model, test: ImagePairs) -> Result:
    from tfwm.commands import work
    from tfwm.evaluation import fidelity
    from tfwm.suspects import KerasSuspect

    with_mark, without = (KerasSuspect("", model)(test.inputs).clip(0, 1) for model in (marked.model, host))
    document = {
        "marked": str(out / "marked.keras"), "host": str(out / "host.keras"), "key": str(out / "key"),
        "key_fingerprint": marked.key.fingerprint, "scheme": marked.key.scheme,
        "psnr_marked_vs_unmarked_db": fidelity.psnr(with_mark, without),
        "ssim": fidelity.ssim(with_mark, without), "tensorboard": str(out / "work"),
    }  # fmt: skip
    text = (
        f"Marked model   {document['marked']}\n"
        f"Unmarked host  {document['host']}\n"
        f"Owner's key    {document['key']} (fingerprint {marked.key.fingerprint}; keep it secret, and keep a copy)\n"
        f"The mark changes outputs by {document['psnr_marked_vs_unmarked_db']:.1f} dB PSNR on photographs that neither "
        f"training saw.\nNext: tfwm verify --suspect {document['marked']} --key {document['key']}"
    )
    return Result(text, work.plain(document))
