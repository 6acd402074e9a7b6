"""Every wrapper around every other, on grey and coloured pictures that are no squares, and filters behind them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tests.attacks.toys import grey_pairs, patches
from tests.attacks.wrappers.models import part_of, pattern, placed
from tfwm.attacks import (
    AveragedChannels,
    AveragedShifts,
    ChannelsReordered,
    ColoursFitted,
    ComponentsSubtracted,
    Compose,
    GaussianNoise,
    GreyCorrection,
    Jpeg,
    MeanSubtracted,
    Mirrored,
    Negative,
    Padded,
    Rescaled,
    SelfEnsemble,
    Shifted,
    Surrogate,
    Tiled,
    Toned,
    Turned,
    attack_from_dict,
    attack_to_dict,
)  # fmt: skip
from tfwm.suspects import as_float
from tfwm.training import Schedule
from tfwm.types import Access

WRAPPERS = (
    Mirrored(), Turned(1), SelfEnsemble(), Tiled(), Padded(8), Shifted(), AveragedShifts(2), Rescaled(1.5),
    ChannelsReordered(), AveragedChannels(), Negative(), Toned((0.9, 0.8, 1.0)), GreyCorrection(), ColoursFitted(4),
    MeanSubtracted("flat", 4), ComponentsSubtracted("ordinary", 4, 1),
)  # fmt: skip
FILTERS = (Jpeg(50), GaussianNoise(0.02))
PAIRS = [*permutations(WRAPPERS, 2), *((wrapper, behind) for wrapper in WRAPPERS for behind in FILTERS)]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]!r} + {pair[1]!r}")
def test_any_two_compose(pair, data, run) -> None:
    attack = Compose(pair)
    assert (attack.needs, attack.leaves) == (Access.QUERIES, Access.QUERIES)
    assert attack_from_dict(attack_to_dict(attack)) == attack
    for channels, pairs in ((3, data), (1, grey_pairs())):
        queries = patches(2, seed=6)[:, :10, :, :channels]
        answers = attack(placed(), pairs, run)(queries)
        assert answers.shape == queries.shape
        assert answers.dtype == np.float32
        assert (answers.min() >= 0, answers.max() <= 1) == (True, True)
        # The picture is still there: the residual of `placed` and the filters stay within three tenths.
        assert np.abs(answers - 0.5 * as_float(queries) - 0.25).mean() < 0.3


def test_the_order_counts(data, run) -> None:
    queries = as_float(patches(2, seed=6))
    # The last attack asks first: the picture is cut, and each tile mirrored.
    tiles = part_of(Compose((Mirrored(), Tiled()))(placed(), data, run)(queries), queries)
    np.testing.assert_allclose(tiles[0, ..., 0], np.tile(pattern(8, 8)[:, ::-1], (2, 2, 1))[..., 0], atol=1e-6)
    # The picture is mirrored, and then cut; a mirror of all tiles is a tiling of mirrors where the tiles are alike.
    padded = part_of(Compose((Tiled(), Padded(4)))(placed(), data, run)(queries), queries)
    np.testing.assert_allclose(padded[0, ..., 0], np.tile(pattern(12, 12), (2, 2, 1))[4:20, 4:20, 0], atol=1e-6)
    cut = part_of(Compose((Padded(4), Tiled()))(placed(), data, run)(queries), queries)
    np.testing.assert_allclose(cut[0, ..., 0], np.tile(pattern(16, 16)[4:12, 4:12], (2, 2, 1))[..., 0], atol=1e-6)


@pytest.mark.trains
def test_a_wrapper_around_a_surrogate_and_a_surrogate_of_a_wrapped_suspect(data, run) -> None:
    copy = Surrogate("plain_cnn", filters=4, blocks=2, schedule=Schedule(1, 1, 4, decay="constant"))
    queries = patches(2, seed=6)[:, :12]
    around = Compose((copy, Tiled(), Jpeg(90)))
    behind = Compose((MeanSubtracted("ordinary", 4), SelfEnsemble(), copy))
    assert (around.leaves, behind.leaves) == (Access.QUERIES, Access.WEIGHTS)
    for number, attack in enumerate((around, behind)):
        assert attack(placed(), data, run.child(str(number)))(queries).shape == queries.shape
