"""Key samples of other methods: the right shape, the draw's alone, and what each paper says they are."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from tests.data.pictures import photograph
from tfwm.data.key_images import KEY_IMAGES, key_images
from tfwm.data.key_images.chances import ChancesOfChange
from tfwm.data.key_images.hidden import hugo, lsb, suniward, wow
from tfwm.data.key_images.superposed import content, noise_pattern, signature

LOGO = np.full((12, 10, 3), (255, 0, 0), np.uint8)
FOREIGN, SUPERPOSED = ("abstract", "unrelated", "random"), ("content", "noise", "signature")
STEGO = (wow, hugo, suniward)


@pytest.fixture(autouse=True)
def _with_conseal(request) -> None:
    """Skips what needs the extra `stego` where it is not installed."""
    method = request.node.callspec.params.get("method") if hasattr(request.node, "callspec") else None
    if method in (*STEGO, *(stego.__name__ for stego in STEGO)):
        pytest.importorskip("conseal")


def _covers(count: int = 3, channels: int = 3, height: int = 32, width: int = 32) -> np.ndarray:
    return np.stack([photograph(height, width, channels, seed) for seed in range(count)])


def _grey(level: int, count: int = 2, side: int = 32) -> np.ndarray:
    return np.full((count, side, side, 3), level, np.uint8)


def _draw(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shape", [(16, 16, 3), (28, 28, 1), (13, 18, 3)])
@pytest.mark.parametrize("method", KEY_IMAGES)
def test_shape_type_and_draw(method: str, shape: tuple[int, int, int]) -> None:
    covers = _covers(2, shape[2], *shape[:2])
    before = covers.copy()
    found = key_images(method, covers, draw=_draw(), logo=LOGO)
    assert (found.dtype, found.shape) == (np.uint8, covers.shape)
    np.testing.assert_array_equal(covers, before)
    np.testing.assert_array_equal(found, key_images(method, covers, draw=_draw(), logo=LOGO))
    assert (found != covers).any(axis=(1, 2, 3)).all()
    assert (found != key_images(method, covers, draw=_draw(2), logo=LOGO)).any()


@pytest.mark.parametrize("method", FOREIGN)
def test_foreign_pictures_owe_nothing_to_the_covers(method: str) -> None:
    found = key_images(method, _covers(), draw=_draw(), logo=LOGO)
    np.testing.assert_array_equal(found, key_images(method, _grey(0, 3), draw=_draw(), logo=LOGO))
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("method", SUPERPOSED)
def test_superposed_marks_are_one_for_all_covers(method: str) -> None:
    found = key_images(method, np.concatenate([_grey(120, 1), _grey(130, 1)]), draw=_draw(), logo=LOGO).astype(int)
    unclipped = ((found > 0) & (found < 255)).all(axis=0)
    change = found[1] - found[0]
    if method == "content":
        # Under the word nothing is left of the cover, outside it all.
        assert set(np.unique(change)) <= set(range(11))
    else:
        np.testing.assert_array_equal(change[unclipped], 10)


def test_random_pictures_have_every_grey_level_equally_often() -> None:
    found = key_images("random", _grey(0, 20), draw=_draw(), logo=LOGO)
    counts = np.bincount(found.ravel(), minlength=256)
    # 240 of each level are expected, with a standard deviation of 15.5.
    assert np.abs(counts - 240).max() < 5 * 15.5


def test_characters_for_colour_are_white_on_black() -> None:
    found = key_images("unrelated", _grey(0, 12), draw=_draw(), logo=LOGO)
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    assert (found.max(axis=(1, 2, 3)) > 200).all()
    assert (np.mean(found == 0, axis=(1, 2, 3)) > 0.4).all()
    # Nothing is cut off: the rim stays black.
    assert max(found[:, rim].max() for rim in (0, -1)) == 0


def test_photographs_for_grey_covers_are_no_characters() -> None:
    found = key_images("unrelated", _grey(0, 12)[..., :1], draw=_draw(), logo=LOGO)
    assert np.mean(found == 0) < 0.2
    assert len(np.unique(found)) > 100


def test_the_word_is_white_and_large_enough_to_be_seen() -> None:
    found = content(_grey(0), draw=_draw())
    inked = np.argwhere(found[0, :, :, 0] > 0)
    height, width = inked.max(axis=0) - inked.min(axis=0) + 1
    assert found.max() > 200
    assert 0.5 * 32 <= width <= 0.9 * 32
    assert 4 <= height <= 12
    np.testing.assert_array_equal(found[0], found[1])


def test_without_a_word_the_logo_is_stamped() -> None:
    found = content(_grey(0), draw=_draw(), logo=LOGO, word="")
    rows, columns = np.nonzero(found[0, :, :, 0])
    assert (found[0, rows, columns] == (255, 0, 0)).all()
    # A rectangle of the logo's own proportions, 12 to 10.
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert len(rows) == height * width
    assert height / width == pytest.approx(1.2, abs=0.1)
    with pytest.raises(ValueError, match="`word` must hold letters where there is no `logo`"):
        content(_grey(0), draw=_draw(), word=" ")


def test_noise_has_the_strength_it_says() -> None:
    change = noise_pattern(_grey(128, 1, 64), draw=_draw(), sigma=0.1).astype(float) - 128
    # 25.5 grey levels, from 12288 values: the standard error is 0.16.
    assert change.std() == pytest.approx(25.5, abs=0.8)
    assert abs(change.mean()) < 1.2


def test_the_signature_goes_up_and_down_by_one_step() -> None:
    change = signature(_grey(128, 1), draw=_draw(), strength=0.04, bits=64).astype(int)[0] - 128
    # 0.04 * 255 = 10.2.
    assert set(np.unique(change)) == {-10, 10}
    np.testing.assert_array_equal(change[..., 0], change[..., 2])
    # 64 bits on 1024 pixels, 16 pixels each.
    assert (change[..., 0] > 0).sum() % 16 == 0


def test_least_significant_bits_only() -> None:
    covers = _covers()
    full, half = lsb(covers, draw=_draw()), lsb(covers, draw=_draw(), rate=0.5)
    np.testing.assert_array_equal(full >> 1, covers >> 1)
    # Half of the replaced bits were right already: 9216 values, standard deviations 0.0052 and 0.0045.
    assert np.mean(full != covers) == pytest.approx(0.5, abs=0.03)
    assert np.mean(half != covers) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("method", STEGO)
def test_adaptive_steganography_changes_few_pixels_by_one(method) -> None:
    covers = _covers(2, 3, 20, 24)
    change = method(covers, draw=_draw()).astype(int) - covers
    assert set(np.unique(change)) == {-1, 0, 1}
    assert 0.03 < np.mean(change != 0) < 0.15
    # Pictures and colours have messages of their own.
    first, second = method(covers[[0, 0]], draw=_draw())
    assert (first != second).any()
    assert np.mean(change != 0) < np.mean(method(covers, draw=_draw(), rate=0.8).astype(int) != covers)


@pytest.mark.parametrize("method", STEGO)
def test_changes_fall_where_the_picture_is_busy(method) -> None:
    covers = np.full((1, 32, 32, 1), 128, np.uint8)
    covers[:, :, 16:] = _draw().integers(60, 200, (1, 32, 16, 1))
    changed = method(covers, draw=_draw()) != covers
    assert changed[:, :, 16:].mean() > 4 * changed[:, :, :14].mean()


@pytest.mark.parametrize("method", STEGO)
def test_black_and_white_do_not_wrap_around(method) -> None:
    covers = np.where(_draw().random((1, 28, 28, 1)) < 0.5, 0, 255).astype(np.uint8)
    assert np.abs(method(covers, draw=_draw()).astype(int) - covers).max() <= 1


def test_a_change_that_leaves_the_range_is_clipped(monkeypatch) -> None:
    pytest.importorskip("conseal")
    up = (np.ones((1, 3)), np.zeros((1, 3)))
    monkeypatch.setattr(ChancesOfChange, "of", lambda self, method, cover, rate: up)
    covers = np.array([0, 254, 255], np.uint8).reshape(1, 1, 3, 1)
    assert wow(covers, draw=_draw()).ravel().tolist() == [1, 255, 255]


@pytest.mark.parametrize("method", ["wow", "hugo", "suniward"])
def test_what_is_kept_of_covers_changes_no_bit(method: str) -> None:
    pytest.importorskip("conseal")
    covers = _covers(2, 3, 16, 24)
    # A channel with nothing to hide in, and one at the ends of the range.
    covers[0, :, :, 1] = 90
    covers[1, :, :, 2] = np.where(_draw().random((16, 24)) < 0.5, 0, 255)
    for seed in (1, 2):  # the second time from what is kept
        found = key_images(method, covers, draw=_draw(seed), logo=LOGO)
        np.testing.assert_array_equal(found, _simulated_by_the_library(method, covers, _draw(seed)))


def _simulated_by_the_library(method: str, covers: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Cost, payload and message anew for every channel."""
    simulate = importlib.import_module(f"conseal.{method}").simulate_single_channel
    seeds = draw.integers(0, 2**32, (len(covers), covers.shape[-1]))
    stego = np.empty_like(covers)
    for index, channel in np.ndindex(*seeds.shape):
        cover = covers[index, :, :, channel].copy()
        changed = simulate(x0=cover, alpha=0.4, seed=int(seeds[index, channel]))
        stego[index, :, :, channel] = np.clip(cover.astype(np.int16) + (changed - cover).view(np.int8), 0, 255)
    return stego


def test_chances_are_searched_once_for_a_cover_a_method_and_a_rate() -> None:
    pytest.importorskip("conseal")
    cover = _covers(1, 1)[0, :, :, 0]
    kept = ChancesOfChange()
    up, down = kept.of("wow", cover, 0.4)
    assert (up.shape, down.shape) == (cover.shape, cover.shape)
    assert kept.of("wow", cover.copy(), 0.4)[0] is up
    assert len(kept) == 1
    others = [kept.of("wow", cover, 0.3), kept.of("suniward", cover, 0.4), kept.of("wow", 255 - cover, 0.4)]
    assert len(kept) == 4
    for other in others:
        assert (other[0] != up).any()
    with pytest.raises(ValueError, match="read-only"):
        up[0, 0] = 1.0


def test_no_more_chances_are_kept_than_agreed() -> None:
    pytest.importorskip("conseal")
    covers = _covers(3, 1)[..., 0]
    kept = ChancesOfChange(most=2 * 2 * covers[0].size * 8)
    first = kept.of("wow", covers[0], 0.4)
    kept.of("wow", covers[1], 0.4)
    assert kept.of("wow", covers[0], 0.4) is first
    kept.of("wow", covers[2], 0.4)  # the second one was not used for longest
    assert len(kept) == 2
    assert kept.of("wow", covers[0], 0.4) is first
    alone = ChancesOfChange(most=1)
    assert alone.of("wow", covers[0], 0.4) is alone.of("wow", covers[0], 0.4)


def test_without_conseal_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "conseal.hugo", None)
    with pytest.raises(ImportError, match=r"`hugo` needs `conseal.*pip install tfwm\[stego\]"):
        key_images("hugo", _covers(1), draw=_draw(), logo=LOGO)


@pytest.mark.parametrize(
    "method, covers, logo, message",
    [
        ("nois", _grey(0), LOGO, "There is no method `nois`. Did you mean `noise`?"),
        ("noise", _grey(0) / 255, LOGO, "`covers` must be uint8 [n, height, width, 1 or 3], got float64"),
        ("noise", _grey(0)[..., :2], LOGO, "`covers` must be uint8"),
        ("noise", _grey(0)[:0], LOGO, "`covers` must be one picture or more"),
        ("noise", _grey(0, 2, 7), LOGO, "of at least 8 pixels a side, got [2, 7, 7, 3]"),
        ("noise", _grey(0), LOGO[..., 0], "`logo` must be uint8 [height, width, 1 or 3], got uint8 [12, 10]"),
    ],
)
def test_what_is_refused(method: str, covers: np.ndarray, logo: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError) as error:
        key_images(method, covers, draw=_draw(), logo=logo)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: noise_pattern(_grey(0), draw=_draw(), sigma=0.0), "`sigma` must lie in"),
        (lambda: signature(_grey(0), draw=_draw(), strength=2.0), "`strength` must lie in"),
        (lambda: signature(_grey(0), draw=_draw(), bits=0), "`bits` must be at least 1"),
        (lambda: lsb(_grey(0), draw=_draw(), rate=1.5), "`rate` must lie in"),
        (lambda: wow(_grey(0), draw=_draw(), rate=0.0), "`rate` must lie in"),
    ],
)
def test_strengths_out_of_range_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
