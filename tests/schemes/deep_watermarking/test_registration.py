"""Wrappers around a marked model are seen through; no training: R and the residual are made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.doubles import coarse_pairs, smallest_scheme
from tests.schemes.deep_watermarking.conftest import Untrained
from tfwm.data import sample_logo
from tfwm.keys import InvalidKeyError, OwnerKey, new_secret
from tfwm.ownership.bundle import opening_for
from tfwm.schemes.deep_watermarking import DeepWatermarking
from tfwm.schemes.deep_watermarking.codes import owner_code
from tfwm.schemes.deep_watermarking.extraction import Responses
from tfwm.schemes.deep_watermarking.networks import Networks, build, code_map
from tfwm.schemes.deep_watermarking.training import key_of_networks
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.training import Run

# Little is trained here, but R reads many views.
pytestmark = pytest.mark.trains

SIZE, CELLS = 32, 8
Model = Callable[[np.ndarray], np.ndarray]


def reader_of_brightness(built: Networks) -> None:
    """R's first two channels become the brightness and its negative, cell by cell; nothing else is left in it."""
    values = []
    for variable, weight in zip(built.extractor.weights, built.extractor.get_weights()):
        value = np.zeros_like(weight)
        if "gamma" in variable.name:
            value[:] = 1.0
        elif value.ndim == 4 and "block" not in variable.name:
            middle = value[value.shape[0] // 2, value.shape[1] // 2]
            # From a picture all channels alike; from a pair of channels the first less the second.
            source = np.ones(len(middle)) if variable.name.startswith("conv_0") else np.eye(len(middle))[0]
            source = source if variable.name.startswith("conv_0") else source - np.eye(len(middle))[1]
            middle[:] = np.outer(source, [1.0, -1.0, 0.0, 0.0][: middle.shape[1]])
        values.append(value)
    built.extractor.set_weights(values)


@pytest.fixture(scope="module")
def made() -> Untrained:
    scheme = smallest_scheme(image_size=SIZE, cells=CELLS, probes=12, registration="frames", alpha=1e-6)
    built = build(scheme, 3)
    reader_of_brightness(built)
    pairs = coarse_pairs(scheme.probes, SIZE, seed=9)
    key = key_of_networks(scheme, built, sample_logo(SIZE), pairs, None, new_secret(5))
    return Untrained(scheme, built, None, key, None)


def unmarked(images: np.ndarray) -> np.ndarray:
    """A host that darkens a little, so that there is room for the mark."""
    return 0.1 + 0.8 * as_float(images)


@pytest.fixture(scope="module")
def key(made: Untrained) -> OwnerKey:
    answers = np.round(unmarked(made.key.arrays["probes"]) * 255).astype(np.uint8)
    return replace(made.key, arrays={**made.key.arrays, "unmarked": answers})


@pytest.fixture(scope="module")
def marked(made: Untrained, key: OwnerKey) -> Model:
    """The host, and the code's map over the whole of whatever it is asked, as H adds it: 40 dB."""
    code = owner_code(made.scheme, key)

    def answer(images: np.ndarray) -> np.ndarray:
        residual = 0.01 * tf.image.resize(code_map(code[None], 64), images.shape[1:3], antialias=True).numpy()
        return unmarked(images) + residual

    return answer


def mirrored(model: Model) -> Model:
    return lambda images: model(images[:, :, ::-1])[:, :, ::-1]


def turned(model: Model, turns: int = 1) -> Model:
    return lambda images: np.rot90(model(np.rot90(images, turns, (1, 2))), -turns, (1, 2))


def tiled(model: Model, rows: int, columns: int) -> Model:
    def answer(images: np.ndarray) -> np.ndarray:
        bands = [np.array_split(band, columns, axis=2) for band in np.array_split(images, rows, axis=1)]
        return np.concatenate([np.concatenate([model(tile) for tile in band], axis=2) for band in bands], axis=1)

    return answer


def padded(model: Model, above: int, left: int, below: int, right: int) -> Model:
    def answer(images: np.ndarray) -> np.ndarray:
        height, width = images.shape[1:3]
        larger = np.pad(images, ((0, 0), (above, below), (left, right), (0, 0)), mode="reflect")
        return model(larger)[:, above : above + height, left : left + width]

    return answer


WRAPPERS: dict[str, Callable[[Model], Model]] = {
    "plain": lambda model: model,
    "mirrored": mirrored,
    "turned by 90": turned,
    "3 x 3 tiles": lambda model: tiled(model, 3, 3),
    "border of 16/64": lambda model: padded(model, 8, 8, 8, 8),
    "border of 8/64 below and right": lambda model: padded(model, 0, 0, 4, 4),
    "mirrored, 2 x 2 tiles": lambda model: mirrored(tiled(model, 2, 2)),
    "turned by 90, border of 8/64": lambda model: turned(padded(model, 4, 4, 4, 4)),
    "turned by 270, 4 x 4 tiles": lambda model: tiled(turned(model, 3), 4, 4),
}


def framing(name: str) -> str:
    """A view's name without the width of its border, of which the next one may show more cells."""
    return re.sub(r"border of \d+/64", "border", name)


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_is_seen_through_and_named(made, key, marked, name: str) -> None:
    suspect = FunctionSuspect(name, WRAPPERS[name](marked))
    verdict = made.scheme.verify(suspect, key)
    assert verdict.marked, verdict
    assert verdict.p_value <= 1e-6
    view = made.scheme.family.views[int(verdict.details["view"])]
    assert framing(view.name) == framing(name)
    assert verdict.null.endswith(f"the view taken: {view.name}")
    assert verdict.details["views"] == 168
    assert verdict.n == view.in_sight(CELLS).sum()


def test_a_reports_pictures_show_the_view_that_was_taken(made, key, marked) -> None:
    reading = made.scheme.reading(FunctionSuspect("mirrored", mirrored(tiled(marked, 2, 2))), key)
    assert reading["agreement"].shape == (CELLS, CELLS)
    assert reading["agreement"].sum() >= 55
    assert reading["logo"].shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("name", ["mirrored", "3 x 3 tiles", "border of 16/64", "mirrored, 2 x 2 tiles"])
def test_one_view_alone_does_not_see_through_it(made, key, marked, name: str) -> None:
    """What the family is for: the same key's reader without it."""
    answers = WRAPPERS[name](marked)(as_float(key.arrays["probes"]))
    agrees = np.sign(Responses(made.scheme, key, answers)()) == owner_code(made.scheme, key)
    assert agrees.sum() < 51


@pytest.mark.parametrize(
    "model",
    [mirrored(unmarked), np.array, np.zeros_like],
    ids=["host mirrored", "echo", "black"],
)
def test_an_unmarked_suspect_is_not_found(made, key, model: Model) -> None:
    verdict = made.scheme.verify(FunctionSuspect("innocent", model), key)
    assert not verdict.marked
    assert verdict.p_value > 1e-3


def test_wrong_keys_go_through_the_same_reader(made, key) -> None:
    """Two hundred decoys on a suspect of random answers: p no smaller than uniform, and the same as `verify` gives."""
    noise = FunctionSuspect("noise", lambda images: np.random.default_rng(1).random(images.shape, np.float32))
    found = made.scheme.decoy_log10_p(noise, key, made.scheme.decoy_marks(key, range(1, 201)))
    for level in (0.5, 0.1, 0.05, 0.01):
        # Of 200 uniform ones: 5 standard deviations, and 3 more where few are expected.
        most = 200 * level + 5 * np.sqrt(200 * level * (1 - level)) + 3
        assert (found <= np.log10(level)).sum() <= most
    for seed in (1, 2, 200):
        verdict = made.scheme.verify(noise, made.scheme.decoy(key, seed=seed))
        assert verdict.log10_p == pytest.approx(found[seed - 1], abs=1e-9)


def test_a_wrong_key_does_not_find_the_mark_in_any_view(made, key, marked) -> None:
    for name in ("plain", "mirrored"):
        verdict = made.scheme.verify(FunctionSuspect(name, WRAPPERS[name](marked)), made.scheme.decoy(key, seed=1))
        assert not verdict.marked


def test_a_larger_answer_is_seen_through_as_well(made, key, marked) -> None:
    def larger(images: np.ndarray) -> np.ndarray:
        return mirrored(tiled(marked, 2, 2))(images).repeat(2, axis=1).repeat(2, axis=2)

    verdict = made.scheme.verify(FunctionSuspect("larger", larger), key)
    assert verdict.marked
    assert verdict.null.endswith("the view taken: mirrored, 2 x 2 tiles")


def test_a_key_of_an_earlier_release_has_one_view(made, key, marked) -> None:
    """It holds R's logits on the unmarked answers in place of these, and its settings know of no family."""
    logits = np.clip(made.scheme.extract(key.arrays["unmarked"], key)["code"], -8, 8).astype(np.float16)
    arrays = {name: array for name, array in key.arrays.items() if name != "unmarked"}
    settings = replace(made.scheme, registration="none").to_dict()
    assert "registration" not in settings
    old = replace(key, arrays={**arrays, "baseline": logits}, settings=settings)
    code = owner_code(made.scheme, old)
    residual = 0.01 * tf.image.resize(code_map(code[None], SIZE), (SIZE, SIZE)).numpy()
    verdict = made.scheme.verify(FunctionSuspect("marked", lambda images: unmarked(images) + residual), old)
    assert verdict.marked
    assert "view" not in verdict.details
    assert made.scheme.family.name == "frames"
    assert opening_for(made.scheme, old).registration == "none"
    with pytest.raises(InvalidKeyError, match="must hold the array `unmarked` for the view `turned by 90`"):
        made.scheme.verify(FunctionSuspect("echo", np.array), replace(old, settings=key.settings))


def test_unmarked_answers_that_do_not_fit_are_no_key(made, key) -> None:
    cut = replace(key, arrays={**key.arrays, "unmarked": key.arrays["unmarked"][:, 1:]})
    with pytest.raises(InvalidKeyError, match=r"must hold `unmarked` \[12, 32, 32, 3\], got \[12, 31, 32, 3\]"):
        made.scheme.verify(FunctionSuspect("echo", np.array), cut)


def test_the_family_is_committed_to(made, key) -> None:
    assert opening_for(made.scheme, key).registration == "frames"
    assert "array/unmarked" in opening_for(made.scheme, key).parts


def test_without_a_host_the_key_keeps_the_targets(made) -> None:
    """A protected data set: what came before the mark are the targets, not the inputs."""
    pairs = coarse_pairs(12, SIZE, seed=9)
    np.testing.assert_array_equal(made.key.arrays["unmarked"], pairs.targets)
    np.testing.assert_array_equal(made.key.arrays["probes"], pairs.inputs)
    assert not np.array_equal(pairs.inputs, pairs.targets)


def test_training_without_a_host_keeps_the_targets_of_the_probes(tmp_path) -> None:
    scheme, data = smallest_scheme(cells=4), coarse_pairs(40, 16, seed=1)
    key = scheme.train(None, data, Run(tmp_path, quiet=True)).key
    np.testing.assert_array_equal(key.arrays["probes"], data.inputs[-8:])
    np.testing.assert_array_equal(key.arrays["unmarked"], data.targets[-8:])
    # Whoever answers with the unmarked targets themselves has nothing of the mark, whatever the inputs look like.
    assert np.abs(Responses(scheme, key, as_float(data.targets[-8:]))()).max() < 1e-4


def test_the_presets_say_where_they_look() -> None:
    families = {name: getattr(DeepWatermarking, name)().registration for name in DeepWatermarking.presets}
    assert families == {"paper": "none", "reference": "none", "fast": "frames", "tiny": "none"}
    assert DeepWatermarking.fast().smallest_p_value == pytest.approx(3 * 2.0**-160)
    assert DeepWatermarking.tiny().smallest_p_value == pytest.approx(3 * 2.0**-64)
