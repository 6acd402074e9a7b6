"""Training from start to key: build, initial stage, proxy, adversarial stage, deployable model, key."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.digests import training_digest
from tfwm.keys import OwnerKey
from tfwm.schemes.deep_watermarking.classifier_trainer import ClassifierTrainer
from tfwm.schemes.deep_watermarking.controls import control_arrays
from tfwm.schemes.deep_watermarking.marks import checked_marks, release_arrays
from tfwm.schemes.deep_watermarking.networks import Networks, build
from tfwm.schemes.deep_watermarking.overwriting import Overwriter, overwriter_settings
from tfwm.schemes.deep_watermarking.pictures import MarkedGrids
from tfwm.schemes.deep_watermarking.released import deployed_model, key_of_networks
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, ProxyTrainer
from tfwm.schemes.outputs import host_outputs
from tfwm.suspects import as_float
from tfwm.training import Run, Schedule, check_run, fit, stream_of
from tfwm.types import ImagePairs, MarkedModel

LEARNED_BITS = 0.7
STAGES = 3  # at most, of the owner's networks
_OVERWRITER = 7919  # between the owner's seeds and those of the network that overwrites


def train_deep_watermark(
    settings: DeepWatermarkingSettings, host: keras.Model | None, data: ImagePairs, run: Run, secret: bytes,
    release: int = 0, form: Form | None = None,
) -> MarkedModel:  # fmt: skip
    """The host with H behind it, and its key; resumes after a kill.

    The networks know neither the secret nor the release: whoever calls it again with others, in the same folder, gets
    another release without training. A logo mark is ranked among networks that are trained here without it, see
    controls.py.

    Args:
      settings: of the scheme.
      host: an any-size image -> image network; None where `data.targets` are the outputs to protect.
      data: the owner's pairs at `image_size`.
      run: where and how.
      secret: 32 bytes.
      release: which of the marks this model carries, from 0.
      form: how H goes with the host; None for a network of its own behind it.

    Raises:
      ValueError: too little data, a mark that a blank extraction would match, two that are too alike, no such
        release, or batches that replicas cannot share.
    """
    form = form or BARRIER
    check_run(run, settings)
    if host is None:
        settings = replace(settings, correction_psnr=0.0)  # targets alone do not say what was corrected
    marks = checked_marks(settings)
    others = release_arrays(marks, release)
    mark = marks if len(marks) > 1 else marks[0]
    pairs, validation, probes = _split(settings, data)
    outputs, began = form.outputs(host, pairs), form.began(host)
    digest = training_digest(
        _embedding(settings), run, pairs.inputs, outputs, mark, *began, files=[settings.vgg_weights]
    )  # fmt: skip
    arrays = {"inputs": pairs.inputs, "outputs": outputs}
    unseen = {"inputs": validation.inputs, "outputs": form.outputs(host, validation)} if len(validation) else {}
    with run.scope():
        built = form.build(settings, host, run.seed)
        built.overwriter = _overwriter(settings, arrays, unseen, run, digest)
        history = _stages(settings, built, as_float(mark), arrays, unseen, run, digest)
    key = key_of_networks(settings, built, marks[release], probes, host, secret)
    key = replace(key, arrays={**key.arrays, **others})
    if not settings.coded:
        key = replace(key, arrays={**key.arrays, **control_arrays(settings, pairs, key, run)})
    return MarkedModel(form.deployed(settings, built, host, key), key, tuple(history))


@dataclass(frozen=True)
class Form:
    """How H goes with the host.

    Args:
      outputs: of host and pairs, the pictures that marked ones should look like, and that hold no mark: uint8.
      build: of settings, host and seed, the networks; called inside `run.scope()`.
      deployed: of settings, networks, host and key, the model that is released.
      began: of the host, the weights that the training starts from.
    """

    outputs: Callable[[keras.Model | None, ImagePairs], np.ndarray]
    build: Callable[[DeepWatermarkingSettings, keras.Model | None, int], Networks]
    deployed: Callable[[DeepWatermarkingSettings, Networks, keras.Model | None, OwnerKey], keras.Model]
    began: Callable[[keras.Model | None], Sequence[np.ndarray]] = lambda host: ()


def _embedding(settings: DeepWatermarkingSettings) -> dict[str, Any]:
    """The settings that decide what is embedded: more controls are no reason to train the networks again."""
    later = ("alpha", "registration", "controls", "control_filters", "control_schedule")
    return {name: value for name, value in settings.to_dict().items() if name not in later}


def unlearned(settings: DeepWatermarkingSettings, line: Mapping[str, Any]) -> str:
    """Why a mark will hardly verify that R reads this badly in training, with a remedy; empty where it may.

    Args:
      settings: of the scheme.
      line: figures of the last epoch of the initial stage.
    """
    if settings.coded and line["bits"] < LEARNED_BITS:
        read = f"only {line['bits']:.0%} of the bits, about chance"
    elif not settings.coded and line["nc"] <= settings.success_nc:
        read = f"the logo with NC {line['nc']:.3f}, and a verdict takes {settings.success_nc}"
    else:
        return ""
    return f"R reads {read}. The mark will hardly verify; train longer or with another seed."


def _split(settings: DeepWatermarkingSettings, data: ImagePairs) -> tuple[ImagePairs, ImagePairs, ImagePairs]:
    """Pairs to train on, pairs to validate on, and pairs of which the key keeps the inputs as its probe images."""
    size = settings.image_size
    if {data.inputs.shape[1:], data.targets.shape[1:]} != {(size, size, settings.channels)}:
        raise ValueError(
            f"`data` must hold {size} x {size} images with {settings.channels} channels, got inputs "
            f"{list(data.inputs.shape)} and targets {list(data.targets.shape)}. "
            "tfwm.data.sample_patches cuts patches of a size."
        )
    probes = min(settings.probes, len(data) // 4)
    schedules = [settings.initial, settings.proxy, settings.adversarial]
    needed = max(schedule.batch_size for schedule in schedules + [settings.control_schedule] * (not settings.coded))
    trained = len(data) - probes - settings.validation
    if trained < needed:
        enough = needed + settings.validation + max(2, probes)
        raise ValueError(f"`data` must hold at least {enough} pairs, got {len(data)}. Add images.")
    return data[:trained], data[trained : len(data) - probes], data[len(data) - probes :]


def _overwriter(
    settings: DeepWatermarkingSettings, arrays: dict[str, np.ndarray], unseen: dict[str, np.ndarray], run: Run,
    digest: str,
) -> Overwriter | None:  # fmt: skip
    """The network that overwrites marks in training, trained; None where the settings have none."""
    if not settings.overwriting:
        return None
    own = overwriter_settings(settings)
    built, marks = build(own, run.seed + _OVERWRITER), as_float(checked_marks(own))
    plan = (_OVERWRITER, "overwriter", InitialTrainer, own.initial)
    _stage(own, built, marks, arrays, unseen, run, digest, plan)
    return Overwriter(built.embedder, tf.constant(marks))


def _stage(
    settings: DeepWatermarkingSettings, built: Networks, mark: np.ndarray, arrays: dict[str, np.ndarray],
    unseen: dict[str, np.ndarray], run: Run, digest: str, plan: tuple[int, str, type, Schedule],
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains `built` for one stage; its epochs."""
    number, stage, make, planned = plan
    schedule = planned.scaled(run.steps_scale)
    trainer = make(settings, built, mark, run.images_at_once)
    optimizers = {name: schedule.optimizer() for name in trainer.trained}
    trainer.compile(**optimizers, jit_compile=run.jit)
    seed, batch_size = run.seed * STAGES + number, schedule.batch_size
    stream = stream_of(arrays, batch_size=batch_size, seed=seed)
    validation = _validation(unseen, batch_size, seed) if schedule.judged_on == "validation" else None
    shown = [] if make is ProxyTrainer else [MarkedGrids(run, stage, trainer, arrays)]
    return fit(trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=shown, validation=validation)


def _stages(
    settings: DeepWatermarkingSettings, built: Networks, mark: np.ndarray, arrays: dict[str, np.ndarray],
    unseen: dict[str, np.ndarray], run: Run, digest: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains `built` in its stages, one after the other; the history."""
    history = []
    for plan in _plans(settings):
        stage, lines = plan[1], _stage(settings, built, mark, arrays, unseen, run, digest, plan)
        history += [{"stage": stage, **line} for line in lines]
        # Said at once, and in a quiet run too: hours of training follow.
        said = unlearned(settings, lines[-1]) if stage == "initial" else ""
        if said:
            print(f"  warning: after the initial stage {said}", file=sys.stderr)
    return history


def _plans(settings: DeepWatermarkingSettings) -> list[tuple[int, str, type, Schedule]]:
    """Of each stage the number that its seed depends on, its name, its trainer and its schedule."""
    initial = (0, "initial", InitialTrainer, settings.initial)
    if not settings.adversarial_stage:
        return [initial, (2, "classifier", ClassifierTrainer, settings.adversarial)]
    return [
        initial, (1, "proxy", ProxyTrainer, settings.proxy),
        (2, "adversarial", AdversarialTrainer, settings.adversarial),
    ]  # fmt: skip


def _validation(unseen: dict[str, np.ndarray], batch_size: int, seed: int) -> tf.data.Dataset:
    """The same batches after every epoch, with the same distortions."""
    return stream_of(unseen, batch_size=batch_size, seed=seed)(0, len(unseen["inputs"]) // batch_size)


BARRIER = Form(host_outputs, lambda settings, host, seed: build(settings, seed), deployed_model)
"""H behind the host, whose weights stay as they are (section 3.4.1)."""
