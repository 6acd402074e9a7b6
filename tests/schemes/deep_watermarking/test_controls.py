"""Unmarked networks that a logo mark is ranked among: what they are, and the liar whom they stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import coarse_pairs, smallest_scheme
from tests.schemes.deep_watermarking.conftest import with_controls
from tfwm.evidence.statistics import centred_nc
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.kinds.restoration_hosts import HostSettings, train_host
from tfwm.networks.restorers import RESTORERS
from tfwm.schemes import DeepWatermarking
from tfwm.schemes.control_models import control_names
from tfwm.schemes.deep_watermarking import controls, verification
from tfwm.schemes.deep_watermarking.controls import CONTROLS, control_arrays, control_plan
from tfwm.schemes.deep_watermarking.ranking import Unmarked, unmarked_in
from tfwm.schemes.deep_watermarking.training import unlearned
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run

ECHO = FunctionSuspect("echo", lambda images: images)
LOGO = {"coded": False, "controls": 2, "alpha": 0.34}


def test_the_papers_form_reaches_the_papers_level() -> None:
    paper = DeepWatermarking.paper()
    assert (paper.controls, paper.alpha, paper.smallest_p_value) == (19, 0.05, pytest.approx(0.05))
    assert replace(paper, controls=99, alpha=0.01).smallest_p_value == pytest.approx(0.01)
    # A code needs none.
    assert DeepWatermarking.fast().controls == 0
    plans = [control_plan(paper, index) for index in range(paper.controls)]
    assert {plan.network for plan in plans} == set(RESTORERS)
    assert {plan.loss for plan in plans} == {"l1", "l2"}
    assert {plan.filters for plan in plans} == {16, 32}
    assert len(CONTROLS) == len(set(CONTROLS)) == 8
    assert all(plan.schedule == paper.control_schedule for plan in plans)
    assert [control_plan(smallest_scheme(image_size=size), 0).downs for size in (16, 20, 24)] == [3, 2, 3]


@pytest.mark.trains
def test_controls_learn_the_owners_targets_and_more_of_them_train_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted: list[keras.Model] = []
    original = keras.Model.fit

    def fit(model: keras.Model, *arguments, **named):
        fitted.append(model)
        return original(model, *arguments, **named)

    monkeypatch.setattr("keras.src.engine.training.Model.fit", fit)
    scheme, pairs = smallest_scheme(**LOGO), coarse_pairs(40, 16, seed=1)
    first = scheme.train(None, pairs, Run(tmp_path, seed=3), secret=new_secret(1))
    names = ("residual_unet, 4 filters, l2, seed 7922", "dncnn, 2 filters, l2, seed 15841")
    assert control_names(first.key, 2) == names
    said = capsys.readouterr().err
    assert f"control 1 of 2: {names[0]}" in said
    assert f"control 2 of 2: {names[1]}" in said
    assert len(fitted) == 3 + 2
    # The same by hand: the pairs without the probes, from inputs to targets, as any host is trained.
    network = train_host(pairs[:32], control_plan(scheme, 1), Run(tmp_path / "again", seed=15841, quiet=True))
    read = scheme.extract(np.clip(network(as_float(first.key.arrays["probes"])).numpy(), 0, 1), first.key)["logo"]
    by_hand = centred_nc(read.mean(axis=0), as_float(first.key.arrays["logo"]))
    assert first.key.arrays["control_nc"][1] == pytest.approx(by_hand, abs=1e-4)
    # Quiet, and with one control more: that alone is trained, and what was not learnt is said all the same.
    more = replace(scheme, controls=3, alpha=0.25)
    second = more.train(None, pairs, Run(tmp_path, seed=3, quiet=True), secret=new_secret(1))
    assert len(fitted) == 3 + 2 + 1 + 1
    np.testing.assert_allclose(second.key.arrays["control_nc"][:2], first.key.arrays["control_nc"], atol=1e-6)
    quiet = capsys.readouterr().err
    assert "control 1 of" not in quiet
    for made, lines in ((first, said), (second, quiet)):
        assert ("warning: after the initial stage R reads" in lines) == bool(unlearned(more, first.history[1]))
        assert ("warning: the mark did not take" in lines) == bool(scheme.shortcoming(made, pairs[32:].targets))
    assert scheme.shortcoming(first).endswith("or more `controls` where an unmarked network scores as high.")
    # One that nobody of the key knows gets no further than its rank, however it scores.
    stranger = KerasSuspect("stranger", train_host(pairs[:32], HostSettings.tiny(), Run(tmp_path / "s", quiet=True)))
    assert scheme.verify(stranger, first.key).p_value >= 1 / 3
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0\.33, the smallest p-value"):
        scheme.verify(stranger, first.key, alpha=0.3)


@pytest.mark.trains
def test_a_coded_key_has_no_controls(tiny) -> None:
    trained = tiny("deep_watermarking")
    assert trained.scheme.coded
    assert not {"control_nc", "control_names"} & set(trained.key.arrays)
    assert trained.scheme.shortcoming(trained.result) == ""


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({}, {"bits": 0.71, "nc": 0.0}, ""),
        (
            {},
            {"bits": 0.55, "nc": 1.0},
            "R reads only 55% of the bits, about chance. The mark will hardly verify",
        ),
        (LOGO, {"nc": 0.96}, ""),
        (LOGO, {"nc": 0.93}, "R reads the logo with NC 0.930, and a verdict takes 0.95. The mark will hardly verify"),
    ],
    ids=["bits", "few bits", "logo", "poor logo"],
)
def test_a_mark_that_was_not_learnt_is_told_of_whatever_it_is(changes: dict, line: dict, said: str) -> None:
    found = unlearned(smallest_scheme(**changes), line)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_a_liars_logo_accuses_nobody_below_its_rank(logo, monkeypatch: pytest.MonkeyPatch) -> None:
    """R prints the logo on whatever it sees, and its owner says that all his controls scored nothing."""
    mark = as_float(logo.key.arrays["logo"])
    monkeypatch.setattr(verification, "extract", lambda *_: {"logo": mark[None]})
    for many in (1, 4, 19):
        key = with_controls(logo.key, [-1.0] * many)
        verdict = logo.scheme.verify(ECHO, key, alpha=0.6)
        assert verdict.p_value == pytest.approx(1 / (many + 1))
        assert verdict.n == many
        assert "no evidence without somebody else's models" in verdict.null
        with pytest.raises(ValueError, match="`alpha` must lie between"):
            logo.scheme.verify(ECHO, key, alpha=0.99 / (many + 1))
    # Honest controls of such an R score as well, but for a last bit, and it accuses nobody at all.
    assert logo.scheme.verify(ECHO, with_controls(logo.key, [1.0] * 19), alpha=0.6).p_value == 1.0


def test_an_independent_network_is_accused_as_rarely_as_the_rank_says() -> None:
    """Suspects that know nothing score far lower than any network: among them it would look guilty too often."""
    draw, claims, wrong, trials = np.random.default_rng(0), 0, 0, 4000
    ignorant = np.full(4, -0.5, np.float32)
    for _ in range(trials):
        scores = draw.normal(size=16) / 10
        unmarked = Unmarked(ignorant, scores[:15])
        assert unmarked.smallest_p_value == pytest.approx(1 / 16)
        p = unmarked.p_value(scores[15], list(draw.normal(size=999) / 1000))
        claims += p <= 1 / 16
        wrong += (1 + np.count_nonzero(scores[:15] >= scores[15])) / 20 <= 0.05
    # 4,000 / 16 = 250 +- 15; a rank among nineteen, four of them ignorant, would be 250 at 0.05 and not 200.
    assert claims <= 250 + 3 * 15.3
    assert wrong > 200 + 2 * 13.8


@pytest.mark.parametrize(
    ("controls", "message"),
    [(None, "must hold an array `control_nc`"), ([-1.0] * 3, "finite `control_nc` of 4 networks, got 3"),
     ([-1.0, np.nan, -1.0, -1.0], "finite `control_nc` of 4 networks")],
    ids=["none", "too few", "not finite"],
)  # fmt: skip
def test_controls_of_another_form_are_refused(logo, controls: list[float] | None, message: str) -> None:
    arrays = {name: array for name, array in logo.key.arrays.items() if name != "control_nc"}
    if controls is not None:
        arrays["control_nc"] = np.float32(controls)
    with pytest.raises(InvalidKeyError, match=message):
        logo.scheme.verify(ECHO, replace(logo.key, arrays=arrays))


def test_a_logo_key_of_an_earlier_release_ranks_as_it_did_and_says_among_what(logo) -> None:
    later = {"controls", "control_filters", "control_schedule"}
    settings = {name: value for name, value in logo.key.settings.items() if name not in later}
    arrays = {name: array for name, array in logo.key.arrays.items() if not name.startswith("control_")}
    old = replace(logo.key, settings=settings, arrays=arrays)
    verdict = logo.scheme.verify(KerasSuspect("marked", logo.model), old)
    assert verdict.n == 4
    assert verdict.p_value >= 1 / 5
    assert "none of which is an independent network" in verdict.null
    assert unmarked_in(logo.scheme, old).models == 4
    with pytest.raises(ValueError, match=r"`alpha` must lie between 0\.2, the smallest"):
        logo.scheme.verify(ECHO, old, alpha=0.19)


@pytest.mark.trains
def test_a_control_is_asked_as_a_suspect_is(logo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answers(settings, suspect, key):
        asked.append(suspect.name)
        return as_float(key.arrays["logo"])[None]

    monkeypatch.setattr(controls, "answers_to_probes", answers)
    monkeypatch.setattr(controls, "extract", lambda settings, images, key: {"logo": images})
    two = replace(logo.scheme, controls=2, alpha=0.34)
    found = control_arrays(two, coarse_pairs(24, 16), logo.key, Run(tmp_path, quiet=True))
    assert found["control_nc"] == pytest.approx([1.0, 1.0])
    assert [name.split(",")[0] for name in asked] == ["residual_unet", "dncnn"]
