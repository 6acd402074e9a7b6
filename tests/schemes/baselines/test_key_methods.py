"""The key-sample methods of others: samples are a function of covers and secret, labels of the secret alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.data.key_images import key_images
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import new_secret
from tfwm.schemes import SCHEMES, make_scheme
from tfwm.schemes.baselines.key_methods import KEY_METHODS, KeyMethod
from tfwm.schemes.blind_watermark import BlindWatermark

pytestmark = pytest.mark.trains

IDS = [method.name for method in KEY_METHODS]


@pytest.fixture(scope="module")
def covers() -> np.ndarray:
    return photograph_patches("owner", 6, 16, seed=0).images


@pytest.mark.parametrize("method", KEY_METHODS, ids=IDS)
def test_samples_are_a_function_of_covers_and_secret(method: type[KeyMethod], covers: np.ndarray) -> None:
    scheme, before = method.tiny(), covers.copy()
    samples = scheme.samples_of(covers, new_secret(1))
    assert (samples.dtype, samples.shape) == (np.uint8, covers.shape)
    np.testing.assert_array_equal(scheme.samples_of(covers, new_secret(1)), samples)
    np.testing.assert_array_equal(covers, before)
    assert (scheme.samples_of(255 - covers, new_secret(1)) != samples).any() or method.method in FOREIGN
    # Identical samples with different labels could not be learnt.
    assert len({sample.tobytes() for sample in samples}) == len(samples)


FOREIGN = {"abstract", "unrelated", "random"}  # pictures that have nothing of the covers
OPEN = {"content", "signature"}  # what is put on the covers is the method's, not the secret's


@pytest.mark.parametrize("method", KEY_METHODS, ids=IDS)
def test_another_secret_gives_other_samples(method: type[KeyMethod], covers: np.ndarray) -> None:
    scheme = method.tiny()
    first, other = (scheme.samples_of(covers, new_secret(seed)) for seed in (1, 2))
    assert (first != other).any() or method.method in OPEN
    # Two methods of one secret do not share their draws.
    assert (first != replace_method(scheme, covers)).any()


def replace_method(scheme: KeyMethod, covers: np.ndarray) -> np.ndarray:
    """The next method's samples for the same covers and secret."""
    index = IDS.index(scheme.name)
    return KEY_METHODS[(index + 1) % len(KEY_METHODS)].tiny().samples_of(covers, new_secret(1))


def test_names_are_registered_and_methods_are_there(covers: np.ndarray) -> None:
    assert set(IDS) <= set(SCHEMES)
    assert len(set(IDS)) == len({method.method for method in KEY_METHODS}) == len(KEY_METHODS)
    for name, method in zip(IDS, KEY_METHODS):
        assert type(make_scheme(name, "tiny")) is method
    draw = np.random.default_rng(0)
    with pytest.raises(ValueError, match="lsbb"):
        key_images("lsbb", covers, draw=draw, logo=covers[0])


def test_sizes_are_those_of_blind_watermark() -> None:
    for preset in ("tiny", "fast", "paper"):
        method, published = (getattr(kind, preset)() for kind in (KEY_METHODS[0], BlindWatermark))
        for name in ("image_size", "channels", "classes", "samples", "key_batch", "augment", "host", "alpha"):
            assert getattr(method, name) == getattr(published, name), (preset, name)


def test_the_p_value_is_exact_for_every_method(covers: np.ndarray) -> None:
    from tfwm.keys import OwnerKey

    for method in KEY_METHODS:
        scheme = replace(method.tiny(), classes=7)
        key = OwnerKey(scheme.name, scheme.to_dict(), new_secret(1), {"probes": covers})
        chance, null = method.tiny().chance(key)
        assert chance == 1 / 7
        assert "exact binomial tail" in null
