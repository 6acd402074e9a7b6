"""Training a changed copy of a stolen network on the thief's own pairs, once, and what it was on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tensorflow import keras

from tfwm.attacks.checks import attacked_name, require
from tfwm.attacks.copies.imitation import imitator, thief_seed, train
from tfwm.attacks.kernels import flat_weights
from tfwm.attacks.tuning.epochs import check_epochs, networks_at
from tfwm.config import check_range, to_dict
from tfwm.digests import training_digest
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run, Schedule
from tfwm.types import Attack, ImagePairs, Suspect

_DISCRIMINATOR_WIDTH = 32


class Tuning(Attack, Protocol):
    """An attack that trains a copy of the stolen network; `FineTune` and `ReinitializeLast` are the ones."""

    @property
    def loss(self) -> str: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def vgg_weights(self) -> str: ...

    @property
    def sigma(self) -> float: ...

    @property
    def batch_statistics(self) -> bool: ...

    def start(self, model: keras.Model, run: Run) -> keras.Model: ...


def tuned(attack: Tuning, suspect: Suspect, data: ImagePairs, run: Run) -> keras.Model:
    """The network after the whole schedule.

    Raises:
      ValueError: the access is too low, or targets that do not fit the suspect's outputs.
    """
    _check(attack, suspect, data)
    return _trained(attack, suspect, data, run, _digest(attack, suspect, data, run))


def fine_tuned_at(
    attack: Tuning, suspect: Suspect, data: ImagePairs, run: Run, *, epochs: Sequence[int]
) -> dict[int, KerasSuspect]:
    """The networks after each of `epochs`, from one training.

    Each is saved as soon as it is there, as `<run.directory>/epochs-<digest>/epoch-<n>.keras`; a killed run goes on
    where it was. With a constant rate, epoch n is what a schedule of n epochs gives.

    Args:
      attack: a `FineTune` or `ReinitializeLast`.
      suspect: the stolen network.
      data: the thief's own pairs.
      run: the thief's machine.
      epochs: numbers from 1 to the schedule's (as `run.steps_scale` scales it), each once.

    Raises:
      ValueError: no epochs, one twice or out of range, or as the attack itself.
      FileNotFoundError: a network was removed after the training had ended.
    """
    check_epochs(epochs, attack.schedule, run)
    _check(attack, suspect, data)
    digest = _digest(attack, suspect, data, run, epochs)

    def training(keeper: keras.callbacks.Callback) -> keras.Model:
        return _trained(attack, suspect, data, run, digest, [keeper])

    return networks_at(epochs, training, run, digest=digest, name=attacked_name(attack, suspect))


def check_noise(sigma: float) -> None:
    """Refuses what is no standard deviation in grey levels."""
    check_range("sigma", sigma, 0.0, 255.0, "It is in grey levels of 255: use 25 for a denoiser, 0 for no noise.")


def noise_label(sigma: float) -> str:
    """What the noise on the inputs adds to an attack's label."""
    return f", sigma {sigma:g}" if sigma else ""


def _check(attack: Tuning, suspect: Suspect, data: ImagePairs) -> None:
    require(attack, suspect)
    answers = suspect(as_float(data.inputs[:1]))
    if answers.shape != data.targets[:1].shape:
        raise ValueError(
            f"`data.targets` must have the shape of the suspect's outputs to fine-tune on them, got "
            f"{list(data.targets[:1].shape)} and {list(answers.shape)}. Convert the targets' channels or size."
        )


def _digest(attack: Tuning, suspect: Suspect, data: ImagePairs, run: Run, epochs: Sequence[int] = ()) -> str:
    start = flat_weights(suspect.model)  # type: ignore[attr-defined]
    settings = {"attack": type(attack).__name__, **to_dict(attack), "epochs": sorted(epochs)}
    return training_digest(settings, run, data.inputs, data.targets, start, files=[attack.vgg_weights])


def _trained(
    attack: Tuning, suspect: Suspect, data: ImagePairs, run: Run, digest: str,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:  # fmt: skip
    with run.scope():
        network = attack.start(suspect.model, run)  # type: ignore[attr-defined]
        trainer = imitator(
            network, attack.loss, width=_DISCRIMINATOR_WIDTH, seed=thief_seed(run.seed),
            vgg_weights=attack.vgg_weights, training=attack.batch_statistics, sigma=attack.sigma,
        )  # fmt: skip
        arrays = {"inputs": data.inputs, "answers": data.targets}
        schedule = attack.schedule.scaled(run.steps_scale)
        train(trainer, arrays, schedule, run, stage="fine_tune", digest=digest, callbacks=callbacks)
    return network
