"""Training from start to key: build, initial stage, proxy, adversarial stage, deployable model, key."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfwm.digests import training_digest
from tfwm.evidence.statistics import centred_nc
from tfwm.keys import OwnerKey
from tfwm.schemes.deep_watermarking import correction, structure
from tfwm.schemes.deep_watermarking.classifier_trainer import ClassifierTrainer
from tfwm.schemes.deep_watermarking.codes import correction_code, owner_code, structure_code
from tfwm.schemes.deep_watermarking.controls import control_arrays
from tfwm.schemes.deep_watermarking.extraction import extract
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.networks import Networks, build, carriers, fold_carriers, host_then_embedder
from tfwm.schemes.deep_watermarking.pictures import MarkedGrids
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, ProxyTrainer
from tfwm.schemes.outputs import host_outputs
from tfwm.suspects import as_float, in_batches
from tfwm.training import Run, Schedule, check_run, fit, stream_of
from tfwm.types import ImagePairs, MarkedModel

LEARNED_BITS = 0.7
STAGES = 3  # at most


def train_deep_watermark(
    settings: DeepWatermarkingSettings, host: keras.Model | None, data: ImagePairs, run: Run, secret: bytes
) -> MarkedModel:
    """The host with H behind it, and its key; resumes after a kill.

    A logo mark is ranked among networks that are trained here without it, see controls.py.

    Args:
      settings: of the scheme.
      host: an any-size image -> image network; None where `data.targets` are the outputs to protect.
      data: the owner's pairs at `image_size`.
      run: where and how.
      secret: 32 bytes.

    Raises:
      ValueError: too little data, a mark that a blank extraction would match, or batches that replicas cannot share.
    """
    check_run(run, settings)
    if host is None:
        settings = replace(settings, correction_psnr=0.0)  # targets alone do not say what was corrected
    mark = checked_mark(settings)
    pairs, validation, probes = _split(settings, data)
    outputs = host_outputs(host, pairs)
    digest = training_digest(_embedding(settings), run, pairs.inputs, outputs, mark, files=[settings.vgg_weights])
    arrays = {"inputs": pairs.inputs, "outputs": outputs}
    unseen = {"inputs": validation.inputs, "outputs": host_outputs(host, validation)} if len(validation) else {}
    with run.scope():
        built = build(settings, run.seed)
        history = _stages(settings, built, as_float(mark), arrays, unseen, run, digest)
    key = key_of_networks(settings, built, mark, probes, host, secret)
    if not settings.coded:
        key = replace(key, arrays={**key.arrays, **control_arrays(settings, pairs, key, run)})
    return MarkedModel(deployed_model(settings, built, host, key), key, tuple(history))


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


def _stages(
    settings: DeepWatermarkingSettings, built: Networks, mark: np.ndarray, arrays: dict[str, np.ndarray],
    unseen: dict[str, np.ndarray], run: Run, digest: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains `built` in its stages, one after the other; the history."""
    history = []
    for number, stage, make, planned in _plans(settings):
        schedule = planned.scaled(run.steps_scale)
        trainer = make(settings, built, mark, run.images_at_once)
        optimizers = {name: schedule.optimizer() for name in trainer.trained}
        trainer.compile(**optimizers, jit_compile=run.jit)
        seed, batch_size = run.seed * STAGES + number, schedule.batch_size
        stream = stream_of(arrays, batch_size=batch_size, seed=seed)
        validation = _validation(unseen, batch_size, seed) if schedule.judged_on == "validation" else None
        shown = [] if make is ProxyTrainer else [MarkedGrids(run, stage, trainer, arrays)]
        lines = fit(
            trainer, stream, schedule, run, stage=stage, digest=digest, callbacks=shown, validation=validation
        )  # fmt: skip
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


def deployed_model(
    settings: DeepWatermarkingSettings, built: Networks, host: keras.Model | None, key: OwnerKey
) -> keras.Model:
    """The self-contained model for the owner's code; call it outside any strategy scope.

    Args:
      settings: of the scheme.
      built: the trained networks; H is taken.
      host: image -> image network, or None for H alone.
      key: decides the code, and holds the logo.
    """
    code = owner_code(settings, key)[None] if settings.coded else None
    carried = carriers(code, as_float(key.arrays["logo"]), settings.image_size, 1)[0].numpy()
    folded = fold_carriers(built.embedder, carried, settings.channels)
    return host_then_embedder(host, folded, settings.image_size, settings.residual_scale, **_carriers(settings, key))


def _carriers(settings: DeepWatermarkingSettings, key: OwnerKey) -> dict[str, keras.layers.Layer]:
    """The layers of carriers that are not trained, as far as there are any, by what `host_then_embedder` calls them."""
    layers: dict[str, keras.layers.Layer] = {}
    if settings.structure:
        functions = structure.functions_in(key, settings.structure, settings.channels)
        code = structure_code(settings, key)
        layers["structure"] = structure.residual_layer(functions, code, settings.structure_psnr, settings.channels)
    if settings.corrected:
        mixing, direction = correction.mixing_in(key), correction_code(settings, key)
        layers["correction"] = correction.residual_layer(mixing, direction, settings.correction_psnr)
    return layers


def key_of_networks(
    settings: DeepWatermarkingSettings, built: Networks, mark: np.ndarray, probes: ImagePairs,
    host: keras.Model | None, secret: bytes,
) -> OwnerKey:  # fmt: skip
    """The key; that of a coded mark has the unmarked answers to the probe images, which are bound as they are.

    Args:
      settings: of the scheme.
      built: the trained networks; R and C are kept.
      mark: uint8 `[s, s, c]`, the logo.
      probes: pairs of the owner's that nothing was trained on.
      host: image -> image network; None where the targets themselves are the unmarked outputs.
      secret: 32 bytes.
    """
    unmarked = host_outputs(host, probes)
    answers = {"unmarked": unmarked} if settings.coded else {}
    key = OwnerKey(
        settings.name, settings.to_dict(), secret, {"probes": probes.inputs, **answers, "logo": mark},
        {"extractor": built.extractor, "classifier": built.classifier},
    )  # fmt: skip
    if settings.structure:
        key = replace(key, arrays={**key.arrays, **structure.fitted(settings.structure, unmarked, secret).arrays()})
    if settings.corrected:
        key = replace(key, arrays={**key.arrays, correction.ARRAY: correction.fitted(probes.inputs, unmarked)})
    of_host = extract(settings, unmarked, key)["logo"]
    arrays = {**key.arrays, "unmarked_nc": _unmarked_nc(settings, built, key, probes.inputs, of_host)}
    return OwnerKey(key.scheme, key.settings, secret, arrays, key.networks)


def _unmarked_nc(
    settings: DeepWatermarkingSettings, built: Networks, key: OwnerKey, probes: np.ndarray, of_host: np.ndarray
) -> np.ndarray:
    """Centred NC of unmarked suspects: host, echo, mean image, noise, and the proxy told to leave the mark out."""
    mark, images = as_float(key.arrays["logo"]), as_float(probes)
    noise = np.random.default_rng(0).random(images.shape, np.float32)
    suspects = [images, np.broadcast_to(images.mean(axis=0), images.shape), noise]
    if settings.clean_outputs and settings.adversarial_stage:
        blank = np.concatenate([images, np.zeros_like(images[..., :1])], axis=-1)
        suspects.append(in_batches(lambda part: built.proxy(part, training=False), blank))
    logos = [of_host] + [extract(settings, outputs, key)["logo"] for outputs in suspects]
    return np.asarray([centred_nc(logo.mean(axis=0), mark) for logo in logos], np.float32)
