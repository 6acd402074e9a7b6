"""Spread-spectrum marks: who owns which coefficient, what the mark costs, and what it survives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.doubles import coarse_pairs, smoothing_host
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.networks.spectra import NAMES, band
from tfwm.schemes import make_scheme
from tfwm.schemes.spread_spectrum.carriers import drawn, fresh, residual_layer, strength_for
from tfwm.suspects import KerasSuspect, as_float
from tfwm.training import Run

METHODS = ("spread_spectrum", "dct_mark", "dft_mark", "dwt_mark")
SEED = bytes(range(32))


def outputs(size: int = 32) -> np.ndarray:
    return as_float(coarse_pairs(24, size).inputs)


@pytest.mark.parametrize("transform", NAMES)
def test_every_coefficient_of_the_band_belongs_to_one_bit(transform: str) -> None:
    carriers = drawn(SEED, transform, 32, 16)
    inside = band(transform, 32)
    assert (carriers.owners[~inside] == -1).all()
    assert (np.abs(carriers.signs) == inside).all()
    shares = np.bincount(carriers.owners[inside], minlength=16)
    assert shares.max() - shares.min() <= 1
    assert abs(carriers.signs.sum()) < 5 * np.sqrt(inside.sum())


def test_a_bit_of_pixels_is_a_block() -> None:
    owners = drawn(SEED, "pixels", 32, 16).owners
    assert (owners[:8, :8] == 0).all()
    assert (owners[8:16, 24:] == 7).all()


def test_a_bit_turns_its_carrier_and_no_other() -> None:
    carriers = drawn(SEED, "dct", 32, 16)
    message = np.ones(16)
    message[5] = -1
    changed = carriers.pattern(message) != carriers.pattern(np.ones(16))
    np.testing.assert_array_equal(changed[..., 0], carriers.owners == 5)


@pytest.mark.parametrize("transform", NAMES)
def test_the_mark_costs_what_was_asked_for(transform: str) -> None:
    carriers, images = drawn(SEED, transform, 32, 16), outputs()
    strength = strength_for(44.0, carriers, images)
    message = np.where(np.arange(16) % 3, 1.0, -1.0)
    change = residual_layer(carriers, message, strength)(images).numpy()
    assert -10 * np.log10(np.mean(change**2)) == pytest.approx(44.0, abs=0.1)
    read = carriers(images + change) - carriers(images)
    np.testing.assert_array_equal(np.sign(read.mean(axis=0)), message)


def test_shares_of_coefficients_never_turn_their_sign() -> None:
    flat = np.full((4, 32, 32, 3), 0.5, np.float32)
    assert strength_for(30.0, drawn(SEED, "dft", 32, 16), flat) == 1.0


def test_carriers_follow_from_the_secret_alone_and_do_not_tell_it() -> None:
    one, other = fresh(new_secret(1)), fresh(new_secret(2))
    assert (one.dtype, one.shape) == (np.uint8, (32,))
    np.testing.assert_array_equal(one, fresh(new_secret(1)))
    assert one.tobytes() not in (other.tobytes(), new_secret(1))
    assert (drawn(one.tobytes(), "dct", 32, 16).signs != drawn(other.tobytes(), "dct", 32, 16).signs).any()


@pytest.mark.trains
@pytest.mark.parametrize("name", ["spread_spectrum", "dct_mark"])
def test_published_reading_finds_the_mark_without_the_host(name: str, tmp_path) -> None:
    scheme = replace(make_scheme(name, "tiny"), blind=True, psnr_db=26.0)
    made = scheme.train(smoothing_host(), coarse_pairs(256, 32), Run(tmp_path, quiet=True), secret=new_secret(4))
    assert set(made.key.arrays) == {"probes", "carriers"}
    verdict = scheme.verify(KerasSuspect("marked", made.model), made.key)
    assert verdict.marked
    assert not scheme.verify(KerasSuspect("host", smoothing_host()), made.key).marked


@pytest.mark.trains
@pytest.mark.parametrize("name", METHODS)
def test_grey_pictures_are_marked_too(name: str, tmp_path) -> None:
    scheme, pairs = replace(make_scheme(name, "tiny"), channels=1), coarse_pairs(64, 32)
    grey = replace(pairs, inputs=pairs.inputs[..., :1], targets=pairs.targets[..., :1])
    made = scheme.train(None, grey, Run(tmp_path, quiet=True), secret=new_secret(4))
    released = KerasSuspect("barrier", made.model)
    assert scheme.extract(released(grey.targets), made.key)["message"].shape == (64, 16)
    assert made.model.output_shape[-1] == 1


@pytest.mark.trains
def test_carriers_of_another_size_are_refused(tmp_path) -> None:
    scheme = make_scheme("dct_mark", "tiny")
    made = scheme.train(None, coarse_pairs(64, 32), Run(tmp_path, quiet=True), secret=new_secret(4))
    short = replace(made.key, arrays={**made.key.arrays, "carriers": np.zeros(31, np.uint8)})
    with pytest.raises(InvalidKeyError, match="`carriers` of the key must hold 32 bytes"):
        scheme.verify(KerasSuspect("barrier", made.model), short)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("spread_spectrum", {"bits": 60}, "`bits` must be the number of square blocks"),
        ("dft_mark", {"image_size": 16, "bits": 64}, "`bits` must be at most"),
        ("dct_mark", {"image_size": 36}, "`image_size` must be a multiple of 8"),
        ("dwt_mark", {"psnr_db": 90.0}, "`psnr_db` must"),
    ],
)
def test_settings_that_no_carrier_fits(name: str, changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(make_scheme(name, "paper"), **changes)
