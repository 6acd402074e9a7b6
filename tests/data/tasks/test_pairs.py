from __future__ import annotations

import numpy as np
import pytest

from tests.data.pictures import photograph
from tfwm.data.tasks.pairs import TASKS, debone, denoise, derain, generator, make_pairs, smooth, super_resolve
from tfwm.data.tasks.rain import rain_streaks
from tfwm.data.tasks.ribs import rib_bands

CLEAN = np.stack([photograph(32, 40, seed=seed) for seed in range(3)])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_every_task_makes_aligned_pairs_and_leaves_its_argument(task, channels):
    clean = np.ascontiguousarray(CLEAN[..., :channels])
    before = clean.copy()
    pairs = make_pairs(task, clean, seed=5)
    assert pairs.inputs.shape == pairs.targets.shape == clean.shape
    np.testing.assert_array_equal(clean, before)
    untouched = pairs.inputs if task in ("smooth", "smooth_rtv") else pairs.targets
    np.testing.assert_array_equal(untouched, clean)
    assert (pairs.inputs != pairs.targets).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("task", ["derain", "debone", "denoise"])
def test_what_is_drawn_depends_on_seed_and_index_only(task):
    inputs = make_pairs(task, CLEAN, seed=5).inputs
    np.testing.assert_array_equal(make_pairs(task, CLEAN, seed=5).inputs, inputs)
    np.testing.assert_array_equal(make_pairs(task, CLEAN[:2], seed=5).inputs, inputs[:2])
    assert (make_pairs(task, CLEAN, seed=6).inputs != inputs).any()
    same = np.repeat(CLEAN[:1], 2, axis=0)
    drawn = make_pairs(task, same, seed=5).inputs
    assert (drawn[0] != drawn[1]).any()


def test_chunks_do_not_change_the_rain(monkeypatch):
    whole = derain(CLEAN, seed=1)
    monkeypatch.setattr("tfwm.data.tasks.pairs.CHUNK_PIXELS", 1)
    np.testing.assert_array_equal(derain(CLEAN, seed=1), whole)


@pytest.mark.parametrize("change", [derain, debone])
def test_light_is_screen_blended(change):
    # 255 - (255 - clean) * (1 - light): black shows the light itself, grey half of it, white nothing.
    levels = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (0, 0, 0)])
    light = change(levels, seed=2).astype(int)
    grey = change(np.full_like(levels, 127), seed=2).astype(int)
    white = change(np.full_like(levels, 255), seed=2)
    assert light.max() > 40
    assert (white == 255).all()
    assert np.abs(grey - (255 - 128 * (1 - light / 255))).max() <= 1
    assert (light[..., 0] == light[..., 2]).all()


def test_rain_is_sparse_and_falls_downwards():
    light = rain_streaks([generator(0, index) for index in range(40)], 64, 64)
    assert light.dtype == np.float32
    assert light.min() >= 0
    assert light.max() <= 1
    assert 0.02 < (light > 0.1).mean() < 0.3
    # Along its own direction a streak changes slowly; within 30 degrees of the vertical that is down.
    down, across = (np.abs(np.diff(light, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2))
    assert (down < across).mean() > 0.95


def test_a_drop_is_a_streak_of_the_drawn_length(monkeypatch):
    class Fixed:
        def __init__(self) -> None:
            self.values = iter([0.0, 9.0, 0.5, 0.01, 0.5])  # angle, length, width, density, peak

        def uniform(self, low: float, high: float) -> float:
            return next(self.values)

        def random(self, shape: tuple[int, int], dtype: type) -> np.ndarray:
            drops = np.ones(shape, dtype)
            drops[20, 16] = 0.0  # the strongest possible drop
            return drops

    light = rain_streaks([Fixed()], 40, 32)[0]
    np.testing.assert_allclose(light[16:25, 16], 0.5, atol=1e-5)  # 9 pixels, 4 on each side of the drop
    np.testing.assert_allclose(light[[15, 25], 16], 0.0, atol=1e-5)
    np.testing.assert_allclose(light[20, 17], 0.5 * np.exp(-2), atol=1e-5)  # one pixel is two deviations


def test_ribs_are_bands_beside_a_dark_spine():
    light = rib_bands([generator(0, index) for index in range(20)], 128, 128)
    assert light.min() >= 0
    assert 0.18 < light.max() <= 0.42
    bright = light > 0.1
    assert bright.mean() > 0.1
    assert (~bright[:, :, 48:80].any(axis=1)).any(axis=1).all()  # the spine: a dark column near the middle
    # From top to bottom a column crosses several ribs.
    crossings = np.diff(bright[:, :, 24].astype(int), axis=1).clip(0).sum(axis=1)
    assert crossings.min() >= 3


def test_noise_has_the_given_deviation():
    grey = np.full((8, 64, 64, 1), 128, np.uint8)
    noise = denoise(grey, seed=0, sigma=10.0).astype(float) - 128
    assert abs(noise.std() - 10) < 0.2
    assert abs(noise.mean()) < 0.2


def test_super_resolve_loses_the_finest_detail_only():
    checks = (np.indices((16, 16)).sum(axis=0) % 2 * 255).astype(np.uint8)[None, ..., None]
    assert np.abs(super_resolve(checks, factor=2).astype(int)[:, 4:-4, 4:-4] - 127).max() <= 3
    flat = np.full((1, 15, 17, 3), 77, np.uint8)
    np.testing.assert_array_equal(super_resolve(flat, factor=4), flat)
    with pytest.raises(ValueError, match=r"`factor` must be at least 2"):
        super_resolve(flat, factor=1)


def test_smoothing_keeps_edges_and_flattens_texture():
    image = np.full((1, 32, 32, 1), 40, np.uint8)
    image[:, :, 16:] = 210
    noisy = denoise(image, seed=0, sigma=8.0)
    smoothed = smooth(noisy).astype(float)
    assert smoothed[:, :, 2:14].std() < 0.4 * noisy[:, :, 2:14].std()
    assert (smoothed[:, :, 17] - smoothed[:, :, 14]).mean() > 130


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"no task `derian`. Did you mean `derain`"):
        make_pairs("derian", CLEAN, seed=0)
    with pytest.raises(ValueError, match=r"`clean` must be uint8(.|\n)*got float32(.|\n)*read_images"):
        make_pairs("denoise", CLEAN.astype(np.float32), seed=0)
    with pytest.raises(ValueError, match=r"n >= 1"):
        derain(CLEAN[:0], seed=0)
