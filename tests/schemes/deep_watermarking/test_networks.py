"""Code map, carriers, and the deployed model against H itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import coarse_pairs
from tfwm.keys import new_secret
from tfwm.schemes.deep_watermarking.codes import owner_code
from tfwm.schemes.deep_watermarking.networks import carriers, code_map, fold_carriers, host_then_embedder
from tfwm.schemes.deep_watermarking.training import deployed_model
from tfwm.suspects import as_float

pytestmark = pytest.mark.trains


def test_every_bit_fills_its_cell() -> None:
    # Row by row: (1, -1), (-1, 1) on 4 x 4 pixels.
    grid = code_map(tf.constant([[1.0, -1.0, -1.0, 1.0]]), 4)[0, :, :, 0]
    np.testing.assert_array_equal(grid, [[1, 1, -1, -1], [1, 1, -1, -1], [-1, -1, 1, 1], [-1, -1, 1, 1]])


def test_carriers_are_code_then_logo() -> None:
    mark = tf.random.stateless_uniform([4, 4, 3], [1, 2])
    codes = tf.constant([[1.0] * 4, [-1.0] * 4])
    both = carriers(codes, mark, 4, 2)
    assert both.shape == (2, 4, 4, 4)
    np.testing.assert_array_equal(both[1, :, :, 0], -np.ones((4, 4)))
    np.testing.assert_array_equal(both[0, :, :, 1:], mark)
    assert carriers(None, mark, 4, 2).shape == (2, 4, 4, 3)
    assert carriers(codes, None, 4, 2).shape == (2, 4, 4, 1)


@pytest.mark.parametrize("kind", ["coded", "logo"])
def test_the_folded_h_is_h(kind: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(kind)
    scheme, key = made.scheme, made.key
    code = owner_code(scheme, key)[None] if scheme.coded else None
    carried = carriers(code, as_float(key.arrays["logo"]), scheme.image_size, 1)
    folded = fold_carriers(made.built.embedder, carried[0].numpy(), 3)
    alone = host_then_embedder(None, folded, scheme.image_size, scheme.residual_scale)
    images = as_float(coarse_pairs(4, scheme.image_size, seed=1).inputs)
    whole = made.built.embedder(tf.concat([images, tf.repeat(carried, 4, axis=0)], axis=-1), training=False)
    np.testing.assert_allclose(alone(images), np.clip(whole, 0, 1), atol=1e-5)
    assert np.abs(np.asarray(whole) - images).max() > 0.02


@pytest.mark.parametrize("kind", ["coded", "logo"])
def test_the_deployed_model_is_host_then_h(kind: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(kind)
    images = as_float(coarse_pairs(4, made.scheme.image_size, seed=1).inputs)
    code = owner_code(made.scheme, made.key)[None] if made.scheme.coded else None
    carried = carriers(code, as_float(made.key.arrays["logo"]), made.scheme.image_size, 1)
    output = np.clip(made.host(images), 0, 1)
    expected = made.built.embedder(tf.concat([output, tf.repeat(carried, 4, axis=0)], axis=-1), training=False)
    np.testing.assert_allclose(made.model(images), np.clip(expected, 0, 1), atol=1e-5)


def test_the_residual_covers_a_picture_of_another_size(coded) -> None:
    grey = np.full((1, 48, 80, 3), 0.5, np.float32)
    small = np.full((1, 16, 16, 3), 0.5, np.float32)
    blurred_edges = slice(4, -4)
    alone = host_then_embedder(None, coded.model.get_layer("branch"), 16, coded.scheme.residual_scale)
    residual = (alone(grey).numpy() - 0.5)[0]
    expected = tf.image.resize(alone(small).numpy() - 0.5, (48, 80), "bilinear")[0]
    np.testing.assert_allclose(residual[blurred_edges], expected[blurred_edges], atol=1e-5)
    assert np.abs(residual).max() <= coded.scheme.residual_scale + 1e-6


def test_another_secret_gives_another_model(coded) -> None:
    other = deployed_model(coded.scheme, coded.built, coded.host, replace(coded.key, secret=new_secret(6)))
    images = as_float(coarse_pairs(2, 16, seed=1).inputs)
    assert np.abs(other(images).numpy() - coded.model(images).numpy()).max() > 1e-3


def test_the_deployed_model_holds_neither_code_nor_logo_nor_secret(coded, tmp_path) -> None:
    code, logo = owner_code(coded.scheme, coded.key), as_float(coded.key.arrays["logo"])
    secrets = [code, code_map(code[None], 16).numpy(), logo, logo[..., 0]]
    for weight in coded.model.get_weights():
        for secret in secrets:
            assert weight.size != secret.size or np.abs(weight.ravel() - secret.ravel()).max() > 0.1
    coded.model.save(tmp_path / "model.keras")
    content = (tmp_path / "model.keras").read_bytes()
    assert coded.key.secret not in content
    assert coded.key.token not in content
    names = " ".join(layer.name for layer in coded.model.layers + coded.model.get_layer("branch").layers)
    assert "code" not in names
    assert "extractor" not in names


def test_deployed_weights_do_not_change_with_r_or_c(coded) -> None:
    """R, C, D and the proxy stay at home."""
    count = sum(weight.size for weight in coded.model.get_weights())
    host = sum(weight.size for weight in coded.host.get_weights())
    embedder = sum(weight.size for weight in coded.built.embedder.get_weights())
    kernel = coded.built.embedder.get_layer("down_0_conv").get_weights()[0]
    position_map = 8 * 8 * kernel.shape[-1]
    assert count == host + embedder - kernel[:, :, 3:].size + position_map
