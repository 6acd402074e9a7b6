"""A host that hides its own mark: what it is told, what is left of that, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, coloured_denoiser, smallest_scheme
from tfwm.keys import new_secret
from tfwm.networks.deployed import SpreadBias
from tfwm.schemes.deep_watermarking.codes import owner_code
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, ProxyTrainer
from tfwm.schemes.deep_watermarking.training import key_of_networks
from tfwm.schemes.self_watermarked import SelfWatermarked
from tfwm.suspects import as_float
from tfwm.training import Run

SEEDS = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (4, 2)))


def _scheme(**changes: object) -> SelfWatermarked:
    small = smallest_scheme(cells=4).to_dict()
    names = ("image_size", "cells", "extractor_channels", "extractor_blocks", "proxy_filters", "proxy_downs", "probes")
    sizes = {name: small[name] for name in names}
    return replace(SelfWatermarked.tiny(), **sizes, embedder_downs=2, alpha=0.1, **changes)


def _batch() -> dict[str, tf.Tensor]:
    pairs = coarse_pairs(4, 16)
    return {"inputs": tf.constant(as_float(pairs.inputs)), "outputs": tf.constant(as_float(pairs.targets)),
            "seed": SEEDS}  # fmt: skip


@pytest.mark.trains
def test_the_host_is_marked_from_its_inputs_and_judged_by_its_targets() -> None:
    scheme = _scheme(ramp_start=0, ramp_end=0, pixel_weight=7.0, extracting_weight=0.0)
    host, mark = coloured_denoiser(), as_float(checked_mark(scheme))
    built = scheme.form.build(scheme, host, 3)
    trainer = InitialTrainer(scheme, built, mark)
    trainer.compile(**{name: keras.optimizers.SGD(0.0) for name in trainer.trained})
    batch = _batch()
    answered = trainer.marker.embed(batch["inputs"], trainer.marker.codes(SEEDS), training=True)
    wanted = 7.0 * float(tf.reduce_mean(tf.square(answered - batch["outputs"])))
    assert float(trainer.train_step(batch)["loss"]) == pytest.approx(wanted, rel=1e-4)
    # All of the host learns, and the host that was given stays as it is.
    assert len(built.embedder.trainable_variables) == len(host.trainable_variables) + 2
    assert not {id(v) for v in built.embedder.variables} & {id(v) for v in host.variables}
    for make in (ProxyTrainer, AdversarialTrainer):
        later = make(scheme, built, mark)
        later.compile(keras.optimizers.SGD(0.1))
        assert np.isfinite([float(value) for value in later.train_step(batch).values()]).all()


def test_what_is_released_answers_as_the_trained_host_that_was_told_the_owners_code() -> None:
    scheme, host = _scheme(), coloured_denoiser()
    built, mark = scheme.form.build(scheme, host, 3), checked_mark(scheme)
    draw = np.random.default_rng(0)
    told = built.embedder.get_layer("told")
    told.set_weights([weight + 0.2 * draw.normal(size=weight.shape) for weight in told.get_weights()])
    key = key_of_networks(scheme, built, mark, coarse_pairs(8, 16), host, new_secret(5))
    model = scheme.form.deployed(scheme, built, host, key)
    images = draw.random((2, 16, 16, 3), np.float32)
    code = np.kron(owner_code(scheme, key).reshape(4, 4), np.ones((4, 4)))[None, ..., None].repeat(2, axis=0)
    joined = np.concatenate([images, code, as_float(mark)[None].repeat(2, axis=0)], axis=-1).astype(np.float32)
    told_so = np.clip(built.embedder(joined, training=False), 0, 1)
    np.testing.assert_allclose(model(images, training=False), told_so, atol=1e-5)
    assert np.abs(told_so - np.clip(host(images), 0, 1)).max() > 1e-3
    # Nothing but a picture on top of the host's own weights.
    assert model.count_params() == host.count_params() + 16 * 16 * 3
    assert model(np.zeros((1, 9, 31, 3), np.float32)).shape == (1, 9, 31, 3)


def test_the_picture_is_spread_over_inputs_of_any_size() -> None:
    layer = SpreadBias(2)
    layer.build((None, None, None, 1))
    layer.set_weights([np.float32([[0, 1], [2, 3]])[..., None]])
    np.testing.assert_array_equal(layer(np.ones((1, 2, 2, 1), np.float32))[0, ..., 0], [[1, 2], [3, 4]])
    grown = layer(np.zeros((1, 4, 4, 1), np.float32))[0, ..., 0].numpy()
    # Bilinear, half a pixel from the edges: 0.25 and 0.75 of the way between the two columns.
    np.testing.assert_allclose(grown[0], [0.0, 0.25, 0.75, 1.0])
    assert SpreadBias.from_config(layer.get_config()).size == 2


@pytest.mark.parametrize("changes", [{"structure": 8}, {"correction_psnr": 40.0, "structure": 8}])
def test_nothing_may_stand_behind_the_host(changes: dict) -> None:
    with pytest.raises(ValueError, match="`structure` and `correction_psnr` must be 0 for a self-watermarked host"):
        _scheme(**changes)


def test_it_takes_a_host(tmp_path: Path) -> None:
    scheme = _scheme()
    with pytest.raises(ValueError, match="`host` must be a network for a self-watermarked model, got None. Use deep"):
        scheme.train(None, coarse_pairs(40, 16), Run(tmp_path / "run", quiet=True))
    assert not (tmp_path / "run").exists()
