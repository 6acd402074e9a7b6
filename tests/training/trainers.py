"""Every trainer that there is, on the smallest networks, for tests that all of them must pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme
from tests.schemes.key_samples import toy
from tfwm.attacks.copies.imitation import imitator
from tfwm.attacks.oracles.proxy import ProxyTrainer as OracleProxyTrainer
from tfwm.attacks.oracles.proxy import proxy_network
from tfwm.attacks.oracles.remover import RemoverTrainer, remover_network
from tfwm.data import sample_logo
from tfwm.networks.restorers import restorer
from tfwm.schemes.deep_watermarking.classifier_trainer import ClassifierTrainer
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, ProxyTrainer
from tfwm.schemes.hidden import networks as hidden_networks
from tfwm.schemes.hidden.scheme import Hidden
from tfwm.schemes.hidden.trainer import HiddenTrainer
from tfwm.schemes.trigger_image.networks import visualizer
from tfwm.schemes.trigger_image.trainer import VisualizerTrainer
from tfwm.suspects import as_float
from tfwm.training import (
    DatasetAt,
    KeySamples,
    Labels,
    Metered,
    Pixels,
    Scores,
    SupervisedTrainer,
    Triggers,
    squared_distance,
    stream_of,
)
from tfwm.training.classification import labelled_stream
from tfwm.types import LabelledImages

BATCH, SIDE = 4, 16
PAIRS = coarse_pairs(8, SIDE)
MARK = as_float(sample_logo(SIDE))
CODED = smallest_scheme(clean_stride=1)
HIDDEN = replace(Hidden.tiny(), image_size=SIDE)


@dataclass(frozen=True)
class Case:
    """A trainer that is not compiled, and its batches.

    Args:
      make: builds it, always with the same weights, in the scope of a run.
      stream: of global batches.
    """

    make: Callable[[], Metered]
    stream: DatasetAt


def _deep(cls: Callable[..., Metered], at_once: int = 0) -> Case:
    stream = stream_of({"inputs": PAIRS.inputs, "outputs": PAIRS.targets}, batch_size=BATCH, seed=1)
    return Case(lambda: cls(CODED, build(CODED, 3), MARK, at_once), stream)


def _oracle_proxy() -> Case:
    readings = np.random.default_rng(0).random((8, 8, 8, 1), np.float32)
    stream = stream_of({"pictures": PAIRS.inputs, "reading_0": readings}, batch_size=BATCH, seed=1)
    return Case(lambda: OracleProxyTrainer(proxy_network(3, [(8, 8, 1)], filters=4, seed=1), [0.1]), stream)


def _hidden() -> Case:
    stream = stream_of({"outputs": PAIRS.targets}, batch_size=BATCH, seed=1)
    return Case(lambda: HiddenTrainer(HIDDEN, hidden_networks.build(HIDDEN, 2)), stream)


def _classifier() -> Case:
    stream = labelled_stream(toy.pictures(8), None, batch_size=BATCH, key_batch=0, seed=2)
    return Case(lambda: SupervisedTrainer(toy.host(), Labels("logits", "none")), stream)


def _visualizer() -> Case:
    draw = np.random.default_rng(1)
    answers, clean = (draw.random((BATCH, SIDE, SIDE, 1), np.float32) for _ in range(2))
    picture = draw.random((1, 128, 128, 1))

    def make() -> Metered:
        return VisualizerTrainer(visualizer(SIDE, 1, filters=2, seed=1), picture, noise=0.1, clean_weight=1.0)

    return Case(make, stream_of({"answers": answers, "clean": clean}, batch_size=BATCH, seed=5))


def _samples(make: Callable[[], Metered]) -> Case:
    key = LabelledImages(toy.pictures(toy.SAMPLES, seed=1).images, np.arange(toy.SAMPLES) % toy.CLASSES, toy.CLASSES)
    return Case(make, labelled_stream(toy.pictures(24), key, batch_size=8, key_batch=toy.KEY_BATCH, seed=2))


def _distance_to_grey(answers: tf.Tensor) -> tf.Tensor:
    return squared_distance(answers, 0.5 * tf.ones_like(answers))


def _network() -> keras.Model:
    return restorer("residual_unet", 3, filters=2, depth=0, downs=1, seed=1)


_answers = stream_of({"inputs": PAIRS.inputs, "answers": PAIRS.targets}, batch_size=BATCH, seed=1)

CASES: dict[str, Case] = {
    "H, R and D": _deep(InitialTrainer),
    "H, R and D, R in parts": _deep(InitialTrainer, 3),
    "the proxy": _deep(ProxyTrainer),
    "R and C": _deep(AdversarialTrainer),
    "R and C, R in parts": _deep(AdversarialTrainer, 5),
    "C alone": _deep(ClassifierTrainer),
    "HiDDeN": _hidden(),
    "a restoration network": Case(
        lambda: SupervisedTrainer(_network(), Pixels("l2")),
        stream_of({"inputs": PAIRS.inputs, "targets": PAIRS.targets}, batch_size=BATCH, seed=1),
    ),
    "a restoration network and triggers": Case(
        lambda: SupervisedTrainer(
            _network(), Pixels("l2"), Triggers(as_float(PAIRS.inputs[:1]), _distance_to_grey, strength=0.1)
        ),
        stream_of({"inputs": PAIRS.inputs, "targets": PAIRS.targets}, batch_size=BATCH, seed=1),
    ),
    "a classifier": _classifier(),
    "a classifier and key samples": _samples(
        lambda: SupervisedTrainer(toy.host(), Labels("logits", "crop_flip"), KeySamples(None, "crop_flip"))
    ),
    "a copy of a classifier": Case(
        lambda: SupervisedTrainer(toy.host(), Scores("crop")),
        stream_of({"images": toy.pictures(8).images, "answers": np.full((8, toy.CLASSES), 0.25, np.float32)},
                  batch_size=BATCH, seed=1),
    ),
    "the visualizer": _visualizer(),
    "an encoder": _samples(toy.encoder_trainer),
    "an encoder and a host": _samples(toy.joint_trainer),
    "a copy": Case(lambda: imitator(_network(), "l2", seed=1), _answers),
    "a copy with a judge": Case(lambda: imitator(_network(), "l1+adversarial", seed=1, width=2), _answers),
    "a proxy of an oracle": _oracle_proxy(),
    "a remover": Case(
        lambda: RemoverTrainer(remover_network(SIDE, 3, filters=2, seed=1), None, [], 1.0),
        stream_of({"answers": PAIRS.inputs, "clean": PAIRS.targets}, batch_size=BATCH, seed=1),
    ),
}  # fmt: skip
