"""What schemes share that add a message to outputs: from host to key, from answers to a verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.doubles import coarse_pairs, smoothing_host
from tests.schemes.coded_outputs.method import SIDE, Lighter
from tfwm.evidence.statistics import binomial_tail
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.schemes.coded_outputs.reading import picture_figures
from tfwm.suspects import FunctionSuspect, KerasSuspect, UnfitAnswersError
from tfwm.training import Run
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("run"), quiet=True)
    return Lighter().train(smoothing_host(), coarse_pairs(40, SIDE), run, secret=new_secret(3))


def test_the_marked_model_has_all_bits_and_the_host_none_beyond_chance(made) -> None:
    verdict = Lighter().verify(KerasSuspect("marked", made.model), made.key)
    assert (verdict.score, verdict.n, verdict.p_value) == (1.0, 16, pytest.approx(2.0**-16))
    # Of the host itself nothing is left once its own answers are taken away: each bit is read as 0.
    host = Lighter().verify(KerasSuspect("host", smoothing_host()), made.key)
    assert host.details["hits"] == (Lighter().message(made.key) < 0).sum()
    assert not host.marked


def test_p_is_the_binomial_tail_of_the_bits_that_agree(made) -> None:
    scheme, message = Lighter(), Lighter().message(made.key)
    wrong = 3
    flipped = np.where(np.arange(16) < wrong, -message, message).reshape(4, 4)
    cells = np.kron(flipped, np.ones((4, 4)))[None, ..., None] * 0.2
    answers = np.clip(made.key.arrays["unmarked"] / 255.0 + cells, 0, 1)
    blind = replace(scheme, blind=True)
    key = replace(made.key, settings=blind.to_dict())
    # Other settings draw another message: answers that were made to fit the old one are worth nothing.
    assert (blind.message(key) != message).any()
    verdict = scheme.verify(FunctionSuspect("flips", lambda _: answers), made.key)
    assert verdict.details["hits"] == 16 - wrong
    assert verdict.p_value == pytest.approx(binomial_tail(16 - wrong, 16))


def test_a_reader_that_is_blind_keeps_no_unmarked_answers(tmp_path) -> None:
    scheme = Lighter(blind=True, amount=0.3)
    made = scheme.train(smoothing_host(), coarse_pairs(40, SIDE), Run(tmp_path, quiet=True), secret=new_secret(3))
    assert set(made.key.arrays) == {"probes"}
    assert scheme.verify(KerasSuspect("marked", made.model), made.key).marked


def test_whoever_exchanges_a_part_draws_another_message(made) -> None:
    message = Lighter().message(made.key)
    for name in ("probes", "unmarked"):
        changed = made.key.arrays[name].copy()
        changed[0, 0, 0, 0] ^= 1
        other = replace(made.key, arrays={**made.key.arrays, name: changed})
        assert (Lighter().message(other) != message).any(), name


def test_decoys_are_fair_bits_and_agree_with_the_slow_way(made) -> None:
    scheme, suspect = Lighter(), KerasSuspect("marked", made.model)
    marks = scheme.decoy_marks(made.key, range(1, 401))
    assert abs((marks > 0).mean() - 0.5) < 0.03
    quick = scheme.decoy_log10_p(suspect, made.key, marks)
    slow = [scheme.verify(suspect, scheme.decoy(made.key, seed=seed)).log10_p for seed in (1, 2, 3)]
    np.testing.assert_allclose(quick[:3], slow, atol=1e-9)
    assert (10**quick <= 0.01).mean() <= 0.03


def test_a_data_set_is_marked_where_there_is_no_host(tmp_path) -> None:
    pairs, run = coarse_pairs(40, SIDE), Run(tmp_path, quiet=True)
    made = Lighter().train(None, pairs, run, secret=new_secret(3))
    np.testing.assert_array_equal(made.key.arrays["unmarked"], pairs.targets[-8:])
    released = KerasSuspect("barrier", made.model)
    stolen = FunctionSuspect("learnt from marked targets", lambda _: released(pairs.targets[-8:]))
    assert Lighter().verify(stolen, made.key).marked


def test_figures_of_single_pictures() -> None:
    message = np.array([1, 1, -1, -1], np.float32)
    soft = np.array([[2, 1, -1, -3], [1, -1, -1, -1]])
    # The second picture has one of two ones: NC of (1 0 0 0) with (1 1 0 0) is 1/sqrt(2).
    assert picture_figures(soft, message) == pytest.approx({"nc": (1 + 0.5**0.5) / 2, "sr_nc": 0.5})


def test_pictures_of_any_size_are_read(made) -> None:
    scheme = Lighter()
    large = FunctionSuspect("twice as large", lambda images: np.repeat(np.repeat(
        KerasSuspect("marked", made.model)(images), 2, axis=1), 2, axis=2))  # fmt: skip
    assert scheme.verify(large, made.key).marked
    assert scheme.extract(np.zeros((3, 40, 24, 3), np.uint8), made.key)["message"].shape == (3, 16)


@pytest.mark.parametrize("shape", [(8, SIDE, SIDE, 1), (8, 10)])
def test_answers_that_are_no_pictures_are_refused(made, shape) -> None:
    with pytest.raises(UnfitAnswersError, match="`suspect` odd must answer 8 pictures with 3 channels"):
        Lighter().verify(FunctionSuspect("odd", lambda _: np.zeros(shape)), made.key)


def test_a_key_whose_parts_do_not_fit_is_refused(made) -> None:
    short = replace(made.key, arrays={**made.key.arrays, "unmarked": made.key.arrays["unmarked"][:-1]})
    with pytest.raises(InvalidKeyError, match="`unmarked` of the key must hold a 16 x 16 picture for each of 8"):
        Lighter().verify(KerasSuspect("marked", made.model), short)


def test_data_that_do_not_fit_are_refused(tmp_path) -> None:
    run = Run(tmp_path, quiet=True)
    with pytest.raises(ValueError, match="`data` must hold 16 x 16 images with 3 channels, got inputs"):
        Lighter().train(None, coarse_pairs(16, 32), run)
    pairs = coarse_pairs(4, SIDE)
    with pytest.raises(ValueError, match="`data` must hold at least 8 pairs, got 4"):
        Lighter().train(None, ImagePairs(pairs.inputs, pairs.targets), run)


def test_a_mark_too_weak_to_be_read_is_said(tmp_path, capsys) -> None:
    Lighter(amount=0.0).train(smoothing_host(), coarse_pairs(40, SIDE), Run(tmp_path, quiet=True), secret=new_secret(3))
    assert "warning: the mark did not take" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": 0}, "`bits` must"), ({"probes": 1}, "`probes` must"), ({"channels": 2}, "`channels` must be 1 or 3"),
        ({"bits": 8}, "`alpha` must lie between"), ({"image_size": 4}, "`image_size` must"),
    ],
)  # fmt: skip
def test_settings_out_of_range(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        Lighter(**changes)


def test_a_message_is_drawn_as_near_to_a_square_as_can_be() -> None:
    assert [Lighter(bits=bits).rows for bits in (16, 30, 64, 31)] == [4, 5, 8, 1]
