"""Hosts that tfwm trains itself: networks for image restoration, for pictures of any size."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tensorflow import keras

from tfwm.config import to_dict
from tfwm.digests import training_digest
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers import restorer, side_multiple
from tfwm.training import Pixels, Run, Schedule, SupervisedTrainer, fit, stream_of
from tfwm.types import ImagePairs

# The last share of a schedule in which batch norm keeps its statistics.
_SETTLING = 0.25


@dataclass(frozen=True)
class HostSettings:
    """A restoration network that predicts what to add to its input.

    Args:
      network: `residual_unet`, or one of Quan et al. 2020: `dncnn`, `red`, `vdsr`.
      filters: width of the outermost level; 64 in that paper's networks.
      depth: weight layers of `dncnn`, `red` and `vdsr`; 0 stands for the paper's 17, 13 and 20. No part of the U-Net.
      downs: halvings in the U-Net; the others have none.
      loss: `l2` or `l1`. Sparse streaks need l2: under l1 the identity is a good answer.
      sigma: strength of the Gaussian noise, in grey levels of 255, that every step adds to its inputs afresh and
        unclipped; 0 takes them as they are. A denoiser's pairs then hold clean pictures on both sides.
      schedule: how long.

    Raises:
      ValueError: a negative `sigma` or `depth`.
    """

    network: str = "residual_unet"
    filters: int = 12
    depth: int = 0
    downs: int = 3
    loss: str = "l2"
    sigma: float = 0.0
    schedule: Schedule = field(default_factory=lambda: Schedule(16, 25, 16, 2e-3, "cosine", 0.9))

    def __post_init__(self) -> None:
        for name in ("depth", "sigma"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f"`{name}` must not be negative, got {getattr(self, name)}. Leave it out for the default."
                )

    @classmethod
    def tiny(cls) -> HostSettings:
        """Seconds, for tests."""
        return cls(filters=4, downs=2, schedule=Schedule(2, 5, 8, 2e-3, "cosine", 0.9))


def train_host(data: ImagePairs, settings: HostSettings, run: Run) -> keras.Model:
    """Trains a host on the owner's pairs; resumes after a kill.

    A network with batch norm spends the last quarter of its epochs with fixed statistics: it is trained as it
    will be used, and does not lose quality when it leaves its training batches.

    Args:
      data: `[n, h, w, 1 or 3]` pairs; for the U-Net, of sides that are multiples of `2**downs`.
      settings: the network and its schedule.
      run: where and how.

    Raises:
      ValueError: sides that `2**downs` does not divide, or an unknown network or loss.

    Returns:
      A network for pictures of any size.
    """
    multiple = side_multiple(settings.network, settings.downs)
    _check_sides(data, multiple)
    keras.utils.set_random_seed(run.seed)
    schedule = settings.schedule.scaled(run.steps_scale)
    digest = training_digest(to_dict(settings), run, data.inputs, data.targets)
    with run.scope():
        network = restorer(
            settings.network, data.inputs.shape[-1], filters=settings.filters, depth=settings.depth,
            downs=settings.downs, seed=run.seed,
        )  # fmt: skip
        optimizer, arrays, done = schedule.optimizer(), {"inputs": data.inputs, "targets": data.targets}, 0
        for stage, epochs in _stages(network, schedule.epochs):
            # Settled, batch norm works with the statistics that it has, as in use, and gathers no more.
            trainer = SupervisedTrainer(network, Pixels(settings.loss, settings.sigma), training=stage != "settling")
            trainer.compile(optimizer, jit_compile=run.jit)
            part = replace(schedule, epochs=epochs)
            stream = stream_of(arrays, batch_size=schedule.batch_size, seed=run.seed, first_step=done)
            fit(trainer, stream, part, run, stage=stage, digest=digest)
            done += part.steps
    return network if multiple == 1 else any_size(network, multiple, name="host")


def _stages(network: keras.Model, epochs: int) -> list[tuple[str, int]]:
    """Names and epochs; each resumes from its own checkpoints, so a kill in either costs an epoch at most."""
    normalized = any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)
    settling = max(1, round(_SETTLING * epochs)) if normalized and epochs > 1 else 0
    return [("host", epochs - settling), ("settling", settling)][: 2 if settling else 1]


def _check_sides(data: ImagePairs, multiple: int) -> None:
    if any(side % multiple for side in data.inputs.shape[1:3]):
        raise ValueError(
            f"`data` must have sides that are multiples of 2**downs = {multiple}, got "
            f"{data.inputs.shape[1]} x {data.inputs.shape[2]}. tfwm.data.sample_patches cuts patches of a size."
        )
