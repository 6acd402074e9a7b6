from __future__ import annotations

import numpy as np
import pytest

from tfwm.attacks import Blur, Evade
from tfwm.attacks.endpoints.evasion import graininess, noise_level
from tfwm.data.filters import resized
from tfwm.data.reading.samples import photographs
from tfwm.suspects import FunctionSuspect
from tfwm.suspects.trivial import echo
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains


def _photographs(count: int, size: int, channels: int, *, seed: int, part: str = "attacker") -> np.ndarray:
    """Patches of real photographs, uint8."""
    draws, cut = np.random.default_rng(seed), []
    pictures = list(photographs(part).values())
    for _ in range(count):
        picture = pictures[draws.integers(len(pictures))]
        top, left = (draws.integers(side - size + 1) for side in picture.shape[:2])
        cut.append(picture[top : top + size, left : left + size])
    stacked = np.stack(cut)
    return stacked if channels == 3 else np.round(stacked.mean(-1, keepdims=True)).astype(np.uint8)


def _received(images: np.ndarray, sigma: float, *, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, sigma / 255.0, images.shape)
    return (images / 255.0 + noise).astype(np.float32)


def _seen(attack: Evade, data: ImagePairs, queries: np.ndarray, run) -> int:
    """How many of the queries the network behind the detector got to see."""
    seen = []

    def network(images: np.ndarray) -> np.ndarray:
        seen.append(len(images))
        return images

    endpoint = attack(FunctionSuspect("network", network), data, run)
    seen.clear()
    endpoint(queries)
    return sum(seen)


def test_noise_level_by_hand() -> None:
    draws = np.random.default_rng(0)
    ramp = np.broadcast_to(np.linspace(0, 1, 40)[:, None], (40, 40))
    noise = 0.5 + draws.normal(0, 0.1, (40, 40))
    images = np.stack([np.full((40, 40), 0.3), ramp, noise, ramp + noise - 0.5])[..., None]
    levels = noise_level(images)
    np.testing.assert_allclose(levels[:2], 0, atol=1e-12)
    # About 1,400 correlated values: 4 % is two standard errors.
    assert levels[2] == pytest.approx(0.1, rel=0.08)
    assert levels[3] == pytest.approx(levels[2])
    # One white pixel in 5 x 5, black elsewhere: |1 -2 1; -2 4 -2; 1 -2 1| sums to 16 over 9 places.
    point = np.zeros((1, 5, 5, 1))
    point[0, 2, 2] = 1
    assert noise_level(point)[0] == pytest.approx(np.sqrt(np.pi / 2) / 6 * 16 / 9)
    np.testing.assert_array_equal(noise_level(np.ones((3, 2, 9, 1))), 0)


def test_graininess_is_that_of_the_worst_scale() -> None:
    # Fields of 2 x 2 and 4 x 4 equal pixels: noise of deviation 0.1 appears when that many are averaged.
    for block in (2, 4):
        coarse = 0.5 + np.random.default_rng(block).normal(0, 0.1, (1, 40, 40, 1))
        image = np.kron(coarse, np.ones((1, block, block, 1)))
        assert graininess(image)[0] == pytest.approx(noise_level(coarse)[0])
        assert graininess(np.pad(image, [(0, 0), (0, 1), (0, 1), (0, 0)]))[0] == pytest.approx(graininess(image)[0])
    # White noise of 0.1 leaves 0.05 in means of four.
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 80, 80, 1))
    assert graininess(noise)[0] == noise_level(noise)[0] == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_enlarged_random_images_do_not_reach_a_super_resolution_network(factor, run) -> None:
    own = _photographs(200, 40 * factor, 1, seed=1)
    small = np.random.default_rng(2).random((100, 40, 40, 1), np.float32)
    enlarged = resized(small, (40 * factor, 40 * factor))
    assert _seen(Evade(), ImagePairs(own, own), enlarged, run) == 0


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [0.0, 25.0])
def test_random_images_never_reach_the_network_and_photographs_do(size, channels, sigma, run) -> None:
    own = _photographs(200, size, channels, seed=1)
    attack, data = Evade(sigma=sigma), ImagePairs(own, own)
    random = np.random.default_rng(2).random((500, size, size, channels), np.float32)
    assert _seen(attack, data, random, run) == 0
    ordinary = _received(_photographs(200, size, channels, seed=3, part="test"), sigma, seed=4)
    assert _seen(attack, data, ordinary, run) >= 190
    flat = np.full((5, size, size, channels), 0.5, np.float32)
    assert _seen(attack, data, flat, run) == 5


def test_noisy_inputs_at_8_bits_calibrate_as_well_as_clean_ones_with_sigma(run) -> None:
    clean = _photographs(200, 40, 1, seed=1)
    held = np.round(np.clip(_received(clean, 25.0, seed=2), 0, 1) * 255).astype(np.uint8)
    random = np.random.default_rng(2).random((100, 40, 40, 1), np.float32)
    ordinary = _received(_photographs(100, 40, 1, seed=3, part="test"), 25.0, seed=4)
    for attack, data in ((Evade(), ImagePairs(held, clean)), (Evade(sigma=25.0), ImagePairs(clean, clean))):
        assert _seen(attack, data, random, run) == 0
        assert _seen(attack, data, ordinary, run) >= 90
    # Who takes clean pictures for ordinary ones blurs every noisy one.
    assert _seen(Evade(), ImagePairs(clean, clean), ordinary, run) == 0


def test_false_alarms_are_as_many_as_asked_for(run) -> None:
    own = _photographs(100, 20, 1, seed=1)
    for share in (0.05, 0.5):
        assert _seen(Evade(share), ImagePairs(own, own), own, run) == pytest.approx(100 * (1 - share), abs=1)


def test_each_picture_is_judged_by_itself_and_the_unusual_is_blurred(run) -> None:
    own = _photographs(50, 24, 3, seed=1)
    data = ImagePairs(own, own)
    quietest = np.argsort(graininess(own / np.float32(255)))[:3]
    ordinary = own[quietest] / np.float32(255)
    random = np.random.default_rng(1).random((3, 24, 24, 3), np.float32)
    mixed = np.stack([ordinary[0], random[0], random[1], ordinary[1], random[2], ordinary[2]])
    endpoint = Evade(0.01, blur=1.5)(FunctionSuspect("half", lambda images: images / 2), data, run)
    answers = endpoint(mixed)
    np.testing.assert_allclose(answers[[0, 3, 5]], ordinary / 2, atol=1e-7)
    np.testing.assert_allclose(answers[[1, 2, 4]], Blur(1.5)(echo(), data, run)(random), atol=1e-5)
    np.testing.assert_array_equal(endpoint(mixed[::-1])[::-1], answers)


def test_any_size(data, run) -> None:
    endpoint = Evade()(echo(), data, run)
    for height, width in ((1, 1), (2, 30), (17, 5)):
        images = np.random.default_rng(0).random((2, height, width, 3), np.float32)
        assert endpoint(images).shape == images.shape


def test_answers_of_another_shape_are_refused(data, run) -> None:
    classifier = FunctionSuspect("classifier", lambda images: images.mean(axis=(1, 2)))
    with pytest.raises(ValueError, match=r"same size and channels .* got \[1, 3\] for \[1, 16, 16, 3\] from `class"):
        Evade()(classifier, data, run)
