"""The two kinds of hosts: what each reads, whom each takes, and how the others find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.doubles import smoothing_host
from tfwm.data import encode_png, photographs, with_channels
from tfwm.evaluation.policy import Policy
from tfwm.kinds import KINDS, PerKind, Wanted, kind_called, kind_of_data, kind_of_network
from tfwm.suspects import FunctionSuspect
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs, LabelledImages, Verdict

RESTORERS, CLASSIFIERS = kind_called(RESTORATION), kind_called(CLASSIFICATION)
PAIRS = Wanted({"owner": 4, "attacker": 3}, 64)
LABELLED = Wanted({"owner": 20, "test": 10}, 16)


def _silent(text: str) -> None:
    raise AssertionError(f"nothing was to be said, but: {text}")


def _classifier(classes: int = 4, side: int | None = 16, channels: int = 3) -> keras.Model:
    image = keras.Input((side, side, channels))
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(image)))


def _labelled(count: int = 8, side: int = 16, channels: int = 3, classes: int = 4) -> LabelledImages:
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, channels), np.uint8)
    return LabelledImages(images, np.arange(count) % classes, classes)


def _pairs(side: int = 16, channels: int = 3) -> ImagePairs:
    images = np.random.default_rng(0).integers(0, 256, (4, side, side, channels), np.uint8)
    return ImagePairs(images, images)


def test_every_member_says_all_that_the_protocol_asks() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.default_network in kind.networks
        assert {"fast", "tiny", "paper", "reference"} <= set(kind.counts)
        assert set(kind.trivial) == set(kind.origins)
        assert all(label.startswith("trivial: ") for label in kind.trivial)
        assert set(kind.thresholds) <= set(Policy.__dataclass_fields__)
        assert set(kind.usual_policy) <= set(Policy.__dataclass_fields__)
        assert isinstance(kind.preset("tiny", network=None), kind.settings)


def test_a_network_and_data_name_their_kind() -> None:
    assert kind_of_network(smoothing_host(), "--model") is RESTORERS
    assert kind_of_network(_classifier(), "--model") is CLASSIFIERS
    assert kind_of_data(_pairs()) is RESTORERS
    assert kind_of_data(_labelled()) is CLASSIFIERS
    line = keras.Input((9,))
    with pytest.raises(ValueError, match=r"`--model` must map images .*got \(None, 9\) to \(None, 2\)"):
        kind_of_network(keras.Model(line, keras.layers.Dense(2)(line)), "--model")
    one = keras.Input((8, 8, 3))
    two_outputs = keras.Model(one, [one, one])
    with pytest.raises(ValueError, match="must map images"):
        kind_of_network(two_outputs, "--model")
    never_called = keras.Sequential([keras.layers.Conv2D(3, 3)])
    for kind in KINDS.values():
        with pytest.raises(ValueError, match="`--host` must map .*got None to None"):
            kind.check(never_called, None, "--host")
    with pytest.raises(ValueError, match="got None to None"):
        kind_of_network(never_called, "--model")
    with pytest.raises(ValueError, match="`data` must be ImagePairs or LabelledImages, got list"):
        kind_of_data([])
    with pytest.raises(ValueError, match="Did you mean `restoration`?"):
        kind_called("restoratoin")


def test_a_table_needs_a_part_of_every_kind() -> None:
    parts = PerKind("parts", restoration=1, classification=2)
    assert (parts["restoration"], dict(parts)) == (1, {"restoration": 1, "classification": 2})
    with pytest.raises(
        ValueError, match="`parts` must have a part for each of restoration, classification, got restor"
    ):
        PerKind("parts", restoration=1)


def test_restoration_networks_that_do_not_fit_are_refused() -> None:
    RESTORERS.check(smoothing_host(), _pairs(), "--host")
    with pytest.raises(ValueError, match="`--host` must map images .*Give an image-to-image network"):
        RESTORERS.check(_classifier(), None, "--host")
    with pytest.raises(ValueError, match=r"`--host` must map images \[n, 16, 16, 1\]"):
        RESTORERS.check(smoothing_host(), _pairs(channels=1), "--host")


def test_classifiers_that_do_not_fit_are_refused() -> None:
    CLASSIFIERS.check(_classifier(), _labelled(), "--host")
    CLASSIFIERS.check(_classifier(side=None), _labelled(side=24), "--host")
    with pytest.raises(ValueError, match="Give a classifier, or the --scheme for your kind"):
        CLASSIFIERS.check(smoothing_host(), None, "--host")
    with pytest.raises(ValueError, match=r"takes pictures \[16, 16, 3\] and knows 4 classes, but .*of 5 classes"):
        CLASSIFIERS.check(_classifier(), _labelled(classes=5), "--host")


def test_default_photographs_that_are_too_small_are_left_out() -> None:
    assert min(photographs("attacker")["page"].shape[:2]) == 191
    said: list[str] = []
    parts = RESTORERS.read(None, replace(PAIRS, image_size=256), said.append)
    assert said == ["left out `page`: smaller than 256 pixels"]
    assert parts["attacker"].inputs.shape == (3, 256, 256, 3)
    assert set(RESTORERS.read(None, PAIRS, _silent)) == {"owner", "attacker"}
    with pytest.raises(ValueError, match="no photograph of scikit-image has sides of 5000 pixels. Give your own"):
        RESTORERS.read(None, replace(PAIRS, image_size=5000), said.append)


def test_photographs_in_grey_are_the_same_pictures(tmp_path: Path) -> None:
    clean = replace(PAIRS, task="denoise", host_settings={"sigma": 25.0})
    grey = RESTORERS.read(None, replace(clean, chosen_channels=1), _silent)["owner"].inputs
    colour = RESTORERS.read(None, clean, _silent)["owner"].inputs
    # Cut before or after the colours are dropped: the same patches but for rounding.
    luma = np.stack([with_channels(image, 1) for image in colour]).astype(int)
    assert np.abs(luma - grey).mean() < 1.0
    for number in range(6):
        picture = np.random.default_rng(number).integers(0, 256, (20, 24, 3), np.uint8)
        (tmp_path / f"{number}.png").write_bytes(encode_png(picture))
    own = RESTORERS.read(str(tmp_path), replace(PAIRS, image_size=16, chosen_channels=1), _silent)
    assert own["owner"].inputs.shape == (4, 16, 16, 1)


def test_noise_of_the_scheme_needs_clean_pictures_and_a_denoiser() -> None:
    wanted = replace(PAIRS, host_settings={"sigma": 25.0})
    with pytest.raises(ValueError, match="`sigma` of 25 adds noise, which is for --task denoise, got derain"):
        RESTORERS.read(None, wanted, _silent)
    parts = RESTORERS.read(None, replace(wanted, task="denoise"), _silent)
    np.testing.assert_array_equal(parts["owner"].inputs, parts["owner"].targets)
    assert (parts["attacker"].inputs != parts["attacker"].targets).any()


def test_a_trial_takes_the_size_of_the_network() -> None:
    said: list[str] = []
    parts = CLASSIFIERS.read(None, replace(LABELLED, network=_classifier(10, 24)), said.append)
    assert parts["owner"].shape == (24, 24, 3)
    assert said == ["no --data: a trial on patches of 24 x 24 pixels from ten photographs"]
    assert (len(parts["owner"]), len(parts["test"])) == (20, 10)
    assert CLASSIFIERS.described(parts["owner"], None) == {"image_size": 24, "channels": 3, "classes": 10}


def test_a_data_set_is_cut_to_the_limit_but_for_its_test_part(tmp_path: Path) -> None:
    data = _labelled(60)
    np.savez(tmp_path / "set.npz", x_train=data.images, y_train=data.labels, x_test=data.images, y_test=data.labels)
    parts = CLASSIFIERS.read(str(tmp_path / "set.npz"), replace(LABELLED, limit=7), _silent)
    assert (len(parts["owner"]), len(parts["test"])) == (7, 60)
    wide = np.zeros((4, 8, 9, 3), np.uint8)
    np.savez(tmp_path / "wide.npz", x_train=wide, y_train=np.arange(4), x_test=wide, y_test=np.arange(4))
    with pytest.raises(ValueError, match="must hold square pictures of one size"):
        CLASSIFIERS.read(str(tmp_path / "wide.npz"), LABELLED, _silent)


def test_presets_take_only_what_was_chosen() -> None:
    assert RESTORERS.preset("fast", network="dncnn", width=None, sigma=25.0).network == "dncnn"
    assert RESTORERS.preset("tiny").filters < RESTORERS.preset("fast").filters
    assert CLASSIFIERS.preset("tiny").network == "lenet5"
    assert CLASSIFIERS.preset("tiny", network="resnet18").network == "resnet18"
    assert CLASSIFIERS.preset("fast", width=0.5).width == 0.5
    assert CLASSIFIERS.preset("paper").width == 1.0


def test_what_the_mark_costs_in_words() -> None:
    quality = CLASSIFIERS.quality(_labelled())
    right = quality.answers(FunctionSuspect("right", lambda images: np.eye(4)[np.arange(len(images)) % 4]))
    fidelity = quality.fidelity(right, (right + 1) % 4)
    assert CLASSIFIERS.cost(fidelity, 8) == "Accuracy on 8 test images: 0.0% without the mark, 100.0% with it."
    pairs = _pairs()
    likeness = RESTORERS.quality(pairs)
    echo = likeness.answers(FunctionSuspect("echo", np.array))
    assert RESTORERS.cost(likeness.fidelity(echo, echo), 4).startswith("The mark changes nothing")
    # A constant error of 0.1 is 20 dB.
    lighter = np.full_like(echo, 0.6)
    assert "outputs by 20.0 dB PSNR" in RESTORERS.cost(likeness.fidelity(lighter, np.full_like(echo, 0.5)), 4)


@pytest.mark.parametrize("p_value, found", [(1e-9, "is recognised"), (0.5, "is NOT recognised")])
def test_the_claim_on_the_marked_model_itself(p_value: float, found: str) -> None:
    verdict = Verdict(0.9, 0.8, p_value, 20, "chance")
    sentence, figures = RESTORERS.claim(verdict)
    assert found in sentence
    assert figures == {"verified": verdict.marked}
    sentence, figures = CLASSIFIERS.claim(verdict)
    assert sentence.startswith("Of its 20 key samples the marked model gives 90.0% their secret label")
    assert figures == {"key_accuracy": 0.9, "key_samples": 20, "verified": verdict.marked}
