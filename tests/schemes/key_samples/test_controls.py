"""Controls of published keys: several architectures and seeds, what a key says of them, and how one goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.schemes.key_samples.toy import CLASSES, JOINT, host, key_of, logo
from tfwm.keys import InvalidKeyError, new_secret
from tfwm.networks.classifiers import CLASSIFIERS, classifier
from tfwm.schemes import BlindWatermark, DeepStego
from tfwm.schemes.control_models import control_names, packed_names
from tfwm.schemes.key_samples import controls
from tfwm.schemes.key_samples.controls import check_controls, control_arrays
from tfwm.schemes.key_samples.samples import new_samples
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import LabelledImages

SIDE = 16  # the least that the published classifiers take
SEVERAL = replace(
    JOINT, image_size=SIDE, controls=3, control_networks=("own", "lenet1", "resnet18"), control_width=0.05, alpha=0.25,
)  # fmt: skip
MARK = np.zeros((SIDE, SIDE, 3), np.uint8)


def _data(count: int = 24) -> LabelledImages:
    draw = np.random.default_rng(0)
    return LabelledImages(
        draw.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8), draw.integers(0, CLASSES, count), CLASSES
    )


def _host() -> keras.Model:
    return classifier("lenet3", (SIDE, SIDE, 3), CLASSES, width=0.5, seed=1)


def _asked(settings: Any):
    return new_samples(settings, _data(), MARK, settings.new_encoder(3), new_secret(3))


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, tuple, Any]]:
    """Settings, arguments and network of every training of a control."""
    made: list[Any] = []
    original = controls.train_with_samples

    def train(settings: Any, *arguments: Any, **named: Any):
        result = original(settings, *arguments, **named)
        made.append((settings, arguments, result[0]))
        return result

    monkeypatch.setattr(controls, "train_with_samples", train)
    return made


@pytest.mark.trains
def test_architectures_and_seeds_take_turns_and_the_key_says_which(watched, tmp_path: Path, capsys) -> None:
    settings, start = replace(SEVERAL, from_scratch=False, controls=4), _host()
    asked = _asked(settings)
    found = control_arrays(settings, start, _data(), asked, Run(tmp_path, seed=1))
    # The host that the marking starts from is a control too: it never saw the key.
    models = [start, *(model for *_, model in watched)]
    expected = [KerasSuspect("", model)(as_float(asked.images)).argmax(axis=1) == asked.labels for model in models]
    np.testing.assert_array_equal(found["control_hits"], expected)
    assert all(used.from_scratch and arguments[2] is None for used, arguments, _ in watched)
    names = ["own", "own", "lenet1", "resnet18", "own"]
    key = key_of(SEVERAL, pool=_data(), logo=MARK, **found)
    assert control_names(key, 5) == (
        "own, before the mark", *(f"{name}, seed {1 + 7919 * (i + 1)}" for i, name in enumerate(names[1:])),
    )  # fmt: skip
    layers = [[type(layer).__name__ for layer in model.layers] for model in models]
    assert [layers.index(each) for each in layers] == [0, 0, 2, 3, 0]
    first, last = (model.get_weights() for model in (models[1], models[4]))
    assert any(not np.array_equal(a, b) for a, b in zip(first, last, strict=True))
    said = capsys.readouterr().err
    assert "control 2 of 4: lenet1, seed 15839" in said
    assert "control 4 of 4: own, seed 31677" in said


@pytest.mark.trains
def test_a_verdict_says_how_many_architectures_it_ranks_among(tmp_path: Path) -> None:
    made = SEVERAL.train(_host(), _data(), Run(tmp_path, seed=1, quiet=True), secret=new_secret(3))
    assert made.key.arrays["control_hits"].shape == (3, SEVERAL.samples)
    null = SEVERAL.null(made.key)[1]
    assert "the 3 control models of 3 architectures of the key's owner" in null
    assert "never below 1/4" in null
    with pytest.raises(ValueError, match=r"`alpha` must lie between .*, the smallest p-value"):
        SEVERAL.verify(KerasSuspect("marked", made.model), made.key, alpha=0.2)


@pytest.mark.trains
def test_the_hosts_own_architecture_counts_once_under_whatever_name(tmp_path: Path) -> None:
    settings = replace(SEVERAL, control_networks=("own", "lenet3"), controls=2, alpha=0.4)
    found = control_arrays(settings, _host(), _data(), _asked(settings), Run(tmp_path, seed=1, quiet=True))
    key = key_of(settings, pool=_data(), logo=MARK, **found)
    assert [name.split(",")[0] for name in control_names(key, 2)] == ["lenet3", "lenet3"]
    assert "2 control models of 1 architecture of" in settings.null(key)[1]


@pytest.mark.trains
def test_a_killed_marking_goes_on_behind_the_finished_controls(watched, tmp_path: Path, monkeypatch) -> None:
    asked, run = _asked(SEVERAL), Run(tmp_path, seed=1, quiet=True)
    original = keras.Model.fit
    fitted: list[keras.Model] = []

    def fit(model: keras.Model, *arguments: Any, **named: Any):
        fitted.append(model)
        if len(fitted) == 3:
            raise KeyboardInterrupt
        return original(model, *arguments, **named)

    monkeypatch.setattr("keras.src.engine.training.Model.fit", fit)
    with pytest.raises(KeyboardInterrupt):
        control_arrays(SEVERAL, _host(), _data(), asked, run)
    assert len(watched) == 2
    resumed = control_arrays(SEVERAL, _host(), _data(), asked, run)
    # Two were finished, and the third was trained.
    assert len(fitted) == 4
    again = control_arrays(SEVERAL, _host(), _data(), asked, run)
    assert len(fitted) == 4
    for name, array in resumed.items():
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.trains
def test_a_control_that_learnt_nothing_is_told_of_in_a_quiet_run_too(tmp_path: Path, capsys) -> None:
    one = replace(SEVERAL, controls=1, alpha=0.5)
    constant = LabelledImages(np.zeros((24, SIDE, SIDE, 3), np.uint8), np.arange(24) % CLASSES, CLASSES)
    control_arrays(one, _host(), constant, _asked(one), Run(tmp_path, seed=1, quiet=True))
    said = capsys.readouterr().err
    assert "warning: control 1 of 1, own, seed 7920, answers only" in said
    assert "so that it bounds nothing" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control_networks": ()}, r"`control_networks` must name architectures, each once, got \[\]"),
        ({"control_networks": ("own", "own")}, "each once, got"),
        ({"control_networks": ("lenet",)}, "no control network `lenet`. Did you mean `lenet"),
        ({"control_width": 0.0}, "`control_width` must be above 0, got 0.0"),
        ({"control_width": float("nan")}, "`control_width` must be above 0, got nan"),
    ],
)
def test_controls_of_no_known_architecture_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(JOINT, **changes)


def test_architectures_that_do_not_fit_are_named_before_any_training(tmp_path: Path) -> None:
    narrow = replace(JOINT, control_networks=("own", "lenet1"), controls=2)
    check_controls(replace(narrow, controls=1))  # the second is not reached
    data = LabelledImages(np.zeros((24, 12, 12, 3), np.uint8), np.zeros(24, int), CLASSES)
    with pytest.raises(ValueError, match="`control_networks` has `lenet1`, which does not fit the data: `shape` must"):
        narrow.train(host(), data, Run(tmp_path, quiet=True), secret=new_secret(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scheme", [BlindWatermark, DeepStego])
def test_every_preset_has_several_architectures(scheme: type[BlindWatermark]) -> None:
    for preset, least in (("paper", 5), ("fast", 4), ("tiny", 2)):
        settings = getattr(scheme, preset)()
        assert settings.control_networks[0] == "own"
        assert len(settings.control_networks) >= least
        assert set(settings.control_networks[1:]) <= set(CLASSIFIERS)
    assert scheme.paper().smallest_p_value == pytest.approx(1 / 20)


@pytest.mark.parametrize(
    "rows",
    [packed_names(["own, seed 1"]), packed_names(["own", "\x1b[31mvgg"]), np.zeros((2, 0), np.uint8),
     packed_names(["own", "vgg16, " + 40 * "x"])],
    ids=["too few", "a terminal's own words", "nothing", "too long"],
)  # fmt: skip
def test_a_strangers_names_do_not_reach_a_verdict(rows: np.ndarray) -> None:
    key = key_of(JOINT, logo=np.round(logo()[0] * 255).astype(np.uint8), control_hits=np.zeros((2, 8), bool),
                 control_names=rows)  # fmt: skip
    with pytest.raises(InvalidKeyError, match="must say what each of its 2 controls was"):
        JOINT.verify(FunctionSuspect("any", lambda images: np.zeros((len(images), CLASSES))), key)


def test_a_key_that_does_not_name_its_controls_is_read_as_before() -> None:
    key = key_of(JOINT, logo=np.round(logo()[0] * 255).astype(np.uint8), control_hits=np.zeros((2, 8), bool))
    assert control_names(key, 2) == ()
    assert "exchangeable with the 2 control models of the key's owner" in JOINT.null(key)[1]
