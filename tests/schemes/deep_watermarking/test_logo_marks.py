"""Logo marks, the paper's form, from training to an exported extractor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import coarse_pairs, smallest_scheme
from tfwm.exporting import export
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.suspects import KerasSuspect
from tfwm.training import Run, Schedule

pytestmark = pytest.mark.trains


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    scheme = replace(
        smallest_scheme(), coded=False, residual_scale=0.0, embedder_normalization="batch", clean_outputs=False,
        clean_stride=1, controls=2, alpha=0.34,
    )  # fmt: skip
    run = Run(tmp_path_factory.mktemp("logo"), quiet=True)
    return scheme, scheme.train(None, coarse_pairs(40, scheme.image_size, seed=1), run)


def test_a_verdict_is_a_rank_that_names_its_limits(marked) -> None:
    scheme, result = marked
    verdict = scheme.verify(KerasSuspect("marked", result.model), result.key)
    assert 1 / 3 <= verdict.p_value <= 1
    assert "with the 2 restoration networks of 2 architectures that the key's owner trained without" in verdict.null
    assert verdict.threshold == scheme.success_nc == 0.95
    assert "no evidence without somebody else's models" in verdict.null.replace("  ", " ")
    assert {"nc", "nc_blank", "nc_centred", "nc_centred_unmarked"} <= set(verdict.details)


def test_one_unmarked_suspect_that_scores_as_well_is_not_drowned_by_decoys(marked) -> None:
    scheme, result = marked
    # An echo, say, matches the logo as well as can be: two of seven, however many decoys there are.
    for unmarked, controls, least in (([1, -1, -1, -1], [-1, -1], 1 / 3), ([-1, -1, -1, -1], [1, -1], 2 / 3),
                                      ([1, 1, 1, 1], [-1, -1], 5 / 7)):  # fmt: skip
        given = {"unmarked_nc": np.float32(unmarked), "control_nc": np.float32(controls)}
        key = replace(result.key, arrays={**result.key.arrays, **given})
        assert scheme.verify(KerasSuspect("marked", result.model), key).p_value >= least - 1e-9


def test_an_alpha_below_the_rank_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0\.33"):
        replace(smallest_scheme(), coded=False, alpha=0.3)
    with pytest.raises(ValueError, match="`controls` must be at least 1 for a logo mark, got 0: .* or coded=True"):
        replace(smallest_scheme(), coded=False, controls=0)


def test_the_exported_extractor_gives_the_logo_alone(marked, tmp_path) -> None:
    scheme, result = marked
    loaded = tf.saved_model.load(str(export(result.model, tmp_path / "1", scheme=scheme, key=result.key, warmup=False)))
    images = np.random.default_rng(0).random((2, 20, 24, 3), np.float32)
    extracted = loaded.signatures["extract"](image=tf.constant(images), token=tf.constant(result.key.token))
    assert set(extracted) == {"logo"}
    expected = scheme.extract(images, result.key)["logo"]
    np.testing.assert_allclose(extracted["logo"].numpy(), expected, atol=1e-5)


def test_the_authors_optimisation_keeps_the_epoch_that_is_best_on_other_pairs(tmp_path) -> None:
    """What `reference` has: rates and epochs judged on pairs that nothing is trained on, R with its own patience."""
    judged = Schedule(3, 2, 8, 1e-2, judged_on="validation", keep="best")
    scheme = replace(
        smallest_scheme(), coded=False, residual_scale=0.0, embedder_normalization="batch", clean_outputs=False,
        proxy_form="plain", extractor_patience=8, validation=8, initial=judged, adversarial=judged, controls=2,
        alpha=0.34,
    )  # fmt: skip
    made = scheme.train(None, coarse_pairs(40, scheme.image_size, seed=1), Run(tmp_path, quiet=True))
    for stage in ("initial", "adversarial"):
        assert [0 < line["val_nc"] <= 1 for line in made.history if line["stage"] == stage] == [True] * 3
        assert list((tmp_path / "checkpoints").glob(f"{stage}-*/best/*.index"))
    again = scheme.train(None, coarse_pairs(40, scheme.image_size, seed=1), Run(tmp_path, quiet=True), secret=bytes(32))
    for one, two in zip(made.key.networks["extractor"].weights, again.key.networks["extractor"].weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    reference = DeepWatermarking.reference()
    assert (reference.initial.patience, reference.extractor_patience, reference.adversarial.patience) == (5, 8, 8)
    assert {plan.keep for plan in (reference.initial, reference.adversarial)} == {"best"}


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"validation": 4},
            "`validation` must be at least 8, a batch of a schedule that is judged on it, got 4",
        ),
        ({"control_schedule": Schedule(1, 1, judged_on="validation")}, "`control_schedule` must be judged on training"),
        ({"extractor_patience": -1}, "`extractor_patience` must be a whole number from 0"),
    ],
)
def test_schedules_that_cannot_be_judged_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(smallest_scheme(), initial=Schedule(1, 1, 8, judged_on="validation"), **{"validation": 8, **changes})
