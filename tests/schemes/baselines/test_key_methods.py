"""The key-sample methods of others: samples are a function of covers and secret, and labels are drawn as everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.schemes.key_samples.toy import key_of
from tfwm.data.key_images import key_images
from tfwm.data.tasks.trial import photograph_patches
from tfwm.evidence.binding import Draws, draws_for, pieces_of
from tfwm.keys import InvalidKeyError, Pieces, new_secret
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.schemes.baselines.key_methods import KEY_METHODS, KeyMethod
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.suspects import FunctionSuspect
from tfwm.types import LabelledImages

IDS = [method.name for method in KEY_METHODS]
COSTLY = {"wow", "hugo", "suniward"}  # seconds for a few pictures: not among the fast tests
METHODS = [
    pytest.param(method, id=method.name, marks=[pytest.mark.trains] if method.method in COSTLY else [])
    for method in KEY_METHODS
]


@pytest.fixture(scope="module")
def covers() -> np.ndarray:
    return photograph_patches("owner", 6, 16, seed=0).images


def _draws(scheme: KeyMethod, seed: int) -> Draws:
    return draws_for(scheme.name, scheme.to_dict(), pieces_of(new_secret(seed), scheme.pieces))


def _samples(method: type[KeyMethod], covers: np.ndarray, seed: int = 1) -> np.ndarray:
    scheme = method.tiny()
    return scheme.samples_of(covers, scheme.logo_pixels(), None, _draws(scheme, seed))


@pytest.mark.parametrize("method", METHODS)
def test_samples_are_a_function_of_covers_and_secret(method: type[KeyMethod], covers: np.ndarray) -> None:
    before, samples = covers.copy(), _samples(method, covers)
    assert (samples.dtype, samples.shape) == (np.uint8, covers.shape)
    np.testing.assert_array_equal(_samples(method, covers), samples)
    np.testing.assert_array_equal(covers, before)
    assert (_samples(method, 255 - covers) != samples).any() or method.method in FOREIGN
    # Identical samples with different labels could not be learnt.
    assert len({sample.tobytes() for sample in samples}) == len(samples)


FOREIGN = {"abstract", "unrelated", "random"}  # pictures that have nothing of the covers
OPEN = {"content", "signature"}  # what is put on the covers is the method's, not the secret's


@pytest.mark.parametrize("method", METHODS)
def test_another_secret_gives_other_samples(method: type[KeyMethod], covers: np.ndarray) -> None:
    first, other = (_samples(method, covers, seed) for seed in (1, 2))
    assert (first != other).any() or method.method in OPEN
    # Two methods of one secret do not share their draws.
    following = KEY_METHODS[(KEY_METHODS.index(method) + 1) % len(KEY_METHODS)]
    assert (first != _samples(following, covers)).any()


def test_names_are_registered_and_methods_are_there(covers: np.ndarray) -> None:
    assert set(IDS) <= set(SCHEMES)
    assert len(set(IDS)) == len({method.method for method in KEY_METHODS}) == len(KEY_METHODS)
    for name, method in zip(IDS, KEY_METHODS):
        assert type(make_scheme(name, "tiny")) is method
    draw = np.random.default_rng(0)
    with pytest.raises(ValueError, match="lsbb"):
        key_images("lsbb", covers, draw=draw, logo=covers[0])


def test_sizes_are_those_of_blind_watermark() -> None:
    for preset in ("tiny", "fast"):
        method, published = (getattr(kind, preset)() for kind in (KEY_METHODS[0], BlindWatermark))
        for name in ("image_size", "channels", "classes", "samples", "key_batch", "augment", "host", "alpha"):
            assert getattr(method, name) == getattr(published, name), (preset, name)
    method, published = KEY_METHODS[0].paper(), BlindWatermark.paper()
    for name in ("image_size", "channels", "classes", "samples", "key_batch", "augment", "host"):
        assert getattr(method, name) == getattr(published, name), name
    # As published, the labels of the blind watermark are worth no more than a rank.
    assert (method.alpha, published.alpha) == (1e-6, 0.05)


@pytest.mark.parametrize("method", METHODS)
def test_the_p_value_is_exact_for_every_method(method: type[KeyMethod]) -> None:
    scheme = replace(method.tiny(), classes=7)
    key = key_of(scheme, pool=_pool(7))
    log10_p, sentence = method.tiny().null(key)
    # Six classes that a cover does not have, and 20 samples.
    assert log10_p[-1] == pytest.approx(-20 * np.log10(6))
    assert "probability 1/6 (exact binomial tail)" in sentence
    assert scheme.exact
    asked = scheme.asked(key)
    assert not (asked.labels == asked.covers.classes).any()
    assert (asked.images != asked.covers.images).any()


def _pool(classes: int) -> LabelledImages:
    images = photograph_patches("owner", 40, 16, seed=0).images
    return LabelledImages(images, np.arange(40) % classes, classes)


OF_EACH = ("covers", "cover_classes", "cover_proofs")


def test_a_key_of_samples_that_are_drawn_together_is_revealed_whole() -> None:
    scheme = make_scheme("noise_mark", "tiny")
    key = key_of(scheme, pool=_pool(10))
    pieces = pieces_of(key.secret, scheme.pieces)
    whole = replace(key, secret=bytes(32), revealed=pieces)
    np.testing.assert_array_equal(scheme.asked(whole).images, scheme.asked(key).images)
    np.testing.assert_array_equal(scheme.key_labels(whole), scheme.key_labels(key))
    for shown in (range(1, 20), range(10)):
        part = Pieces(pieces.count, pieces.root, {piece: pieces.secrets[piece] for piece in shown})
        arrays = {**key.arrays, **{name: key.arrays[name][list(shown)] for name in OF_EACH}}
        with pytest.raises(InvalidKeyError, match=f"must be revealed whole, got {len(shown)} of 20 pieces"):
            scheme.asked(replace(key, secret=bytes(32), arrays=arrays, revealed=part))


@pytest.mark.parametrize("method", METHODS)
def test_wrong_keys_drawn_many_at_once_are_those_drawn_alone(method: type[KeyMethod]) -> None:
    scheme = method.tiny()
    key = key_of(scheme, pool=_pool(10))
    seeds = range(3, 7)
    images, labels = scheme.decoy_questions(key, seeds)
    alone = [scheme.asked(scheme.decoy(key, seed=seed)) for seed in seeds]
    np.testing.assert_array_equal(images, np.stack([one.images for one in alone]))
    np.testing.assert_array_equal(labels, np.stack([one.labels for one in alone]))
    assert images.dtype == np.uint8


def test_wrong_keys_give_the_same_p_many_at_once_as_alone() -> None:
    scheme = make_scheme("random_images", "tiny")
    key, seeds = key_of(scheme, pool=_pool(10)), range(1, 40)
    images, labels = scheme.decoy_questions(key, seeds)
    suspect = FunctionSuspect("pixels", _class_of_the_first_pixel)
    found = scheme.answers_log10_p(key, suspect(images.reshape(-1, *images.shape[2:])), labels)
    expected = [scheme.verify(suspect, scheme.decoy(key, seed=seed)).log10_p for seed in seeds]
    assert found.tolist() == expected
    assert len(set(expected)) > 2


def _class_of_the_first_pixel(images: np.ndarray) -> np.ndarray:
    return np.eye(10, dtype=np.float32)[np.round(images[:, 0, 0, 0] * 255).astype(int) % 10]
