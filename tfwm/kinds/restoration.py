"""Restoration networks: hosts from images to images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.kinds.protocol import Wanted, check_number, remedy, shapes_of
from tfwm.kinds.quality import Likeness
from tfwm.kinds.wrappers import PICTURE_WRAPPERS
from tfwm.suspects.answers import IMAGES, Answer
from tfwm.types import RESTORATION, ImagePairs, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.kinds.restoration_hosts import HostSettings
    from tfwm.training import Run

PARTS = ("owner", "attacker", "test")
LONGEST_SIDE = 1024  # of the user's photographs in pixels; larger ones are shrunk


class Restoration:
    """See `tfwm.kinds.protocol.Kind`."""

    name = RESTORATION
    models = "restoration networks"
    answer: Answer = IMAGES
    data = ImagePairs
    default_network = "residual_unet"
    counts: Mapping[str, int] = {"fast": 3000, "tiny": 160, "paper": 6000, "reference": 6000}
    test_count = 64
    columns: Mapping[str, str] = {"PSNR dB": "psnr_db"}
    task_figures = ("host_psnr_db", "marked_host_psnr_db")
    thresholds = ("min_psnr_marked_vs_unmarked_db", "max_host_loss_db")
    usual_policy: Mapping[str, Any] = {
        "min_psnr_marked_vs_unmarked_db": 38.0, "max_host_loss_db": 0.3, "alpha": 1e-6,
        "must_survive": ["gaussian_noise(0.02)", "prune(0.1)"],
    }  # fmt: skip
    # A thief's schedule that two cores finish in minutes.
    usual_attacks: tuple[Mapping[str, Any], ...] = (
        {
            "attack": "surrogate", "network": "unet", "loss": "l2", "filters": 10, "downs": 3,
            "schedule": {"epochs": 14, "steps_per_epoch": 50, "batch_size": 16, "learning_rate": 2e-3,
                         "decay": "cosine", "beta_1": 0.9},
        },
        {"attack": "jpeg", "quality": 90},
        {"attack": "gaussian_noise", "sigma": 0.02},
        {"attack": "prune", "share": 0.1},
        *PICTURE_WRAPPERS,
    )  # fmt: skip
    trivial: Mapping[str, str] = {
        "trivial: constant": "constant", "trivial: echo": "echo", "trivial: noise": "noise",
        "trivial: mean image": "mean_image",
    }  # fmt: skip
    origins: Mapping[str, str] = {
        "trivial: constant": "answers everything with one flat picture",
        "trivial: echo": "answers with the question",
        "trivial: noise": "answers with noise",
        "trivial: mean image": "answers everything with one average photograph",
    }

    @property
    def networks(self) -> Mapping[str, Any]:
        """The hosts that `train_host` can train."""
        from tfwm.networks.restorers import RESTORERS

        return RESTORERS

    @property
    def settings(self) -> type[HostSettings]:
        """`HostSettings`."""
        from tfwm.kinds.restoration_hosts import HostSettings

        return HostSettings

    def fits(self, network: keras.Model) -> bool:
        """Whether it maps images of 1 or 3 channels to images."""
        taken, given = shapes_of(network)
        images = all(isinstance(shape, tuple) and len(shape) == 4 and shape[-1] in (1, 3) for shape in (taken, given))
        return images

    def check(self, network: keras.Model, data: ImagePairs | None, named: str) -> None:
        """Refuses a network that does not map images of the data's size and channels to images of the same size.

        Args:
          network: of anybody.
          data: the pairs; None asks only whether it maps images to images.
          named: the option that gave the network, for the message.

        Raises:
          ValueError: it does not.
        """
        shapes = shapes_of(network)
        images = all(isinstance(shape, tuple) and len(shape) == 4 for shape in shapes)
        size, channels = ("height", "channels") if data is None else (data.inputs.shape[1], data.inputs.shape[-1])
        fits = images and (
            data is None
            or (all(side in (None, size) for shape in shapes for side in shape[1:3]) and shapes[0][3] == channels)
        )  # fmt: skip
        if not fits or shapes[0][3] not in (1, 3):
            raise ValueError(
                f"`{named}` must map images [n, {size}, {'width' if data is None else size}, {channels}] to images of "
                f"the same size, or take any size; got {shapes[0]} to {shapes[1]}. "
                + remedy(network, "Give an image-to-image network.")
            )
        check_number(network, named)

    def measured(self, network: keras.Model, data: ImagePairs, named: str) -> str:
        """How well a host of the owner's does; see `tfwm.kinds.skill.check_restorer`.

        Args:
          network: fits the data.
          data: the owner's.
          named: the option that gave the network, for the message.

        Raises:
          ValueError: it does not work on pictures in [0, 1].
        """
        from tfwm.kinds.skill import check_restorer

        return check_restorer(network, data, named)

    def read(self, source: str | None, wanted: Wanted, say: Callable[[str], None]) -> dict[str, ImagePairs]:
        """Patches of photographs as pairs of a task, in parts that share no photograph.

        Args:
          source: the user's photographs: a folder, an archive or an npz file; None takes those of scikit-image.
          wanted: how many pairs of which task and size.
          say: is called with a sentence on each photograph that is left out.

        Raises:
          ValueError: no photograph is large enough, or noise of the scheme's with another task than denoising.
        """
        channels = wanted.chosen_channels or _channels(wanted.network) or wanted.channels
        photographs = _photographs(source, wanted.image_size, channels, wanted.seed, say)
        parts = {
            part: _pairs(list(photographs[part].values()), part, count, wanted) for part, count in wanted.counts.items()
        }
        sigma = wanted.host_settings.get("sigma", 0.0)
        if sigma and wanted.task != "denoise":
            raise ValueError(f"`sigma` of {sigma:g} adds noise, which is for --task denoise, got {wanted.task}.")
        if sigma and "owner" in parts:  # clean on both sides, where the training itself adds the noise
            parts["owner"] = ImagePairs(parts["owner"].targets, parts["owner"].targets)
        return parts

    def described(self, data: ImagePairs, network: keras.Model | None) -> dict[str, Any]:
        """The scheme's `channels` and `image_size`, which are the data's.

        Args:
          data: the owner's pairs.
          network: not looked at.
        """
        return {"channels": data.inputs.shape[-1], "image_size": data.inputs.shape[1]}

    def preset(self, name: str, **changes: Any) -> HostSettings:
        """Settings of a host for a preset of a scheme.

        Args:
          name: `tiny` gives a host of seconds; every other name the default.
          changes: fields of `HostSettings`; those that are None stay as they are.
        """
        settings = self.settings.tiny() if name == "tiny" else self.settings()
        return dataclasses.replace(settings, **{field: value for field, value in changes.items() if value is not None})

    def train_host(self, data: ImagePairs, settings: HostSettings, run: Run) -> keras.Model:
        """Trains an unmarked host; resumes after a kill.

        Args:
          data: the owner's pairs.
          settings: the network and its schedule.
          run: where and how.
        """
        from tfwm.kinds.restoration_hosts import train_host

        return train_host(data, settings, run)

    def quality(self, test: ImagePairs) -> Likeness:
        """PSNR and SSIM on the test part."""
        return Likeness(test)

    def guessers(self, thief: ImagePairs, *, seed: int) -> Mapping[str, Suspect]:
        """A flat picture, the question itself, noise, and the thief's mean target.

        Args:
          thief: whose mean target one of them gives.
          seed: of the noise.
        """
        from tfwm.suspects.trivial import trivial_suspects

        return {suspect.name: suspect for suspect in trivial_suspects(thief.targets, seed=seed)}

    def images(self, data: ImagePairs) -> np.ndarray:
        """The pairs' inputs."""
        return data.inputs

    def shortfalls(self, fidelity: Mapping[str, float | None], policy: Any) -> list[str]:
        """What the mark costs beyond the policy: likeness to the unmarked outputs, and the host's own task.

        Args:
          fidelity: as `Likeness.fidelity` gives it.
          policy: has `min_psnr_marked_vs_unmarked_db` and `max_host_loss_db`.
        """
        found = []
        least, reached = policy.min_psnr_marked_vs_unmarked_db, fidelity.get("psnr_marked_vs_unmarked_db")
        if least is not None and reached is None:
            found.append("the marked outputs could not be compared with the unmarked ones.")
        elif least is not None and not reached >= least:
            found.append(f"marked and unmarked outputs agree to {reached:.2f} dB; the policy asks for {least:g} dB.")
        most = policy.max_host_loss_db
        before, after = fidelity.get("host_psnr_db"), fidelity.get("marked_host_psnr_db")
        if most is None:
            return found
        if before is None or after is None:
            found.append("the host's own task could not be measured with and without the mark.")
        elif not before - after <= most:
            found.append(
                f"the mark costs the host {before - after:.2f} dB of its own task, from {before:.2f} to {after:.2f} "
                f"dB; the policy allows at most {most:g} dB."
            )
        return found

    def cost(self, fidelity: Mapping[str, float | None], images: int) -> str:
        """How far the marked outputs are from the unmarked ones.

        Args:
          fidelity: as `Likeness.fidelity` gives it.
          images: how many test images it was measured on.
        """
        likeness = fidelity["psnr_marked_vs_unmarked_db"]
        figure = "nothing" if likeness is None else f"outputs by {likeness:.1f} dB PSNR"
        return f"The mark changes {figure} on photographs that neither training saw."

    def claim(self, verdict: Verdict) -> tuple[str, dict[str, Any]]:
        """Whether the marked model itself is recognised, and the p-value."""
        found = "is" if verdict.marked else "is NOT"
        sentence = f"With the key the marked model itself {found} recognised (p = {verdict.p_value:.1e})."
        return sentence, {"verified": verdict.marked}


KIND = Restoration()


def _channels(network: keras.Model | None) -> int | None:
    """Of the pictures that a network takes, where they are grey or colour."""
    taken = None if network is None else network.input_shape[-1]
    return taken if taken in (1, 3) else None


def _photographs(
    source: str | None, side: int, channels: int, seed: int, say: Callable[[str], None]
) -> Mapping[str, Mapping[str, np.ndarray]]:
    """Photographs by part and name, of sides of at least `side` pixels; no part shares one with another."""
    from tfwm.data import folder_parts, photographs, read_images, with_channels

    if source is None:
        return {
            part: {name: with_channels(image, channels) for name, image in _large(photographs(part), side, say).items()}
            for part in PARTS
        }
    found = read_images(source, channels=channels, longest_side=LONGEST_SIDE, min_side=side)
    for name, reason in found.problems:
        say(f"left out `{name}`: {reason}")
    return folder_parts(found.by_name(), seed=seed)


def _large(photographs: Mapping[str, np.ndarray], side: int, say: Callable[[str], None]) -> dict[str, np.ndarray]:
    kept = {name: image for name, image in photographs.items() if min(image.shape[:2]) >= side}
    for name in sorted(set(photographs) - set(kept)):
        say(f"left out `{name}`: smaller than {side} pixels")
    if not kept:
        raise ValueError(f"no photograph of scikit-image has sides of {side} pixels. Give your own with --data.")
    return kept


def _pairs(photographs: list[np.ndarray], part: str, count: int, wanted: Wanted) -> ImagePairs:
    from tfwm.data import make_pairs, sample_patches

    seed = wanted.seed * len(PARTS) + PARTS.index(part)
    return make_pairs(
        wanted.task, sample_patches(photographs, count, wanted.image_size, seed=seed), seed=seed
    )  # fmt: skip
