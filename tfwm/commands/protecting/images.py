"""Protects a restoration network: pairs of pictures, a host, a mark in its answers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.protecting.outcome import Protected, kept_secret
from tfwm.commands.result import say

if TYPE_CHECKING:
    import numpy as np
    from tensorflow import keras

    from tfwm.training import Run
    from tfwm.types import ImagePairs, MarkedModel, Scheme

PATCHES = {"fast": 3000, "tiny": 160, "paper": 6000, "reference": 6000}
TEST_PATCHES = 64
NETWORK = "residual_unet"


def protect(arguments: argparse.Namespace, out: Path) -> Protected:
    """Trains a host where none is given, and marks it.

    Raises:
      ValueError: a setting, a photograph or a host that does not fit.
    """
    from tfwm.commands import opening as work

    if arguments.width is not None:
        raise ValueError(f"`--width` is for classifiers, got it with --scheme {arguments.scheme}. Leave it out.")
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
    marked = scheme.train(host, owner, run.child("mark"), secret=kept_secret(out / "work"))
    return _measured(host, marked, test)


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
    from tfwm.commands import opening as work
    from tfwm.types import ImagePairs

    pairs = work.pairs_of(arguments, photographs, "owner", scheme.image_size, count)
    sigma = getattr(scheme, "sigma", 0.0)
    if sigma and arguments.task != "denoise":
        raise ValueError(f"`sigma` of {sigma:g} adds noise, which is for --task denoise, got {arguments.task}.")
    return ImagePairs(pairs.targets, pairs.targets) if sigma else pairs


def _train_host(arguments: argparse.Namespace, scheme: Any, owner: ImagePairs, run: Run) -> keras.Model:
    import dataclasses

    from tfwm.kinds.restoration import HostSettings, train_host

    network = arguments.network or NETWORK
    say(f"training a host, {network}, for {arguments.task}")
    settings = HostSettings.tiny() if arguments.preset == "tiny" else HostSettings()
    settings = dataclasses.replace(settings, network=network, sigma=getattr(scheme, "sigma", 0.0))
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


def _measured(host: keras.Model, marked: MarkedModel, test: ImagePairs) -> Protected:
    from tfwm.kinds import fidelity
    from tfwm.suspects import KerasSuspect

    with_mark, without = (KerasSuspect("", model)(test.inputs).clip(0, 1) for model in (marked.model, host))
    likeness = fidelity.psnr(with_mark, without)
    sentence = f"The mark changes outputs by {likeness:.1f} dB PSNR on photographs that neither training saw."
    figures = {"psnr_marked_vs_unmarked_db": likeness, "ssim": fidelity.ssim(with_mark, without)}
    return Protected(host, marked, sentence, figures)
