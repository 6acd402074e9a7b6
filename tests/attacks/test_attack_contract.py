"""What every registered attack on images promises; a new attack adds one line to `EXAMPLES`.

Those that take classifiers alone have a contract of their own in classifiers/.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from tests.attacks.toys import patches
from tfwm.attacks import (
    ATTACKS,
    Blur,
    Compose,
    Crop,
    Distill,
    Evade,
    FineTune,
    GaussianNoise,
    Jpeg,
    Overwrite,
    Prune,
    Quantize,
    ReinitializeLast,
    Resize,
    Rotate,
    Surrogate,
    WeightNoise,
    attack_from_dict,
    attack_to_dict,
)  # fmt: skip
from tfwm.suspects import KerasSuspect, RecordedSuspect
from tfwm.training import Schedule
from tfwm.types import Access, Attack

SHORT = Schedule(epochs=1, steps_per_epoch=1, batch_size=4, decay="constant")
SCHEME = {"scheme": "trigger_image", "preset": "tiny", "visualizer": False, "embedding": vars(SHORT)}
EXAMPLES = {
    "surrogate": Surrogate("plain_cnn", filters=4, blocks=2, schedule=SHORT),
    "fine_tune": FineTune("all", schedule=SHORT),
    "reinitialize_last": ReinitializeLast(2, schedule=SHORT, sigma=5.0),
    "distill": Distill(schedule=SHORT, sigma=5.0),
    "overwrite": Overwrite(SCHEME, count=2),
    # Nearly all pictures: an ordinary setting leaves ordinary queries alone.
    "evade": Evade(0.9),
    "prune": Prune(0.3),
    "quantize": Quantize(4),
    "weight_noise": WeightNoise(0.1, seed=5),
    "jpeg": Jpeg(50),
    "gaussian_noise": GaussianNoise(0.05, seed=5),
    "crop": Crop(0.7),
    "resize": Resize(0.5),
    "rotate": Rotate(5.0),
    "blur": Blur(1.0),
    "compose": Compose((Prune(0.3), Jpeg(50))),
}


@pytest.fixture(params=EXAMPLES)
def attack(request: pytest.FixtureRequest) -> Attack:
    return EXAMPLES[request.param]


def test_every_registered_attack_has_an_example() -> None:
    on_images = {name: kind for name, kind in ATTACKS.items() if getattr(kind, "on", "") != "classifier"}
    assert {name: type(attack) for name, attack in EXAMPLES.items()} == on_images
    assert all(isinstance(attack, Attack) for attack in EXAMPLES.values())


def test_gives_a_new_suspect_that_answers_differently_and_leaves_the_old_one(attack, suspect, data, run) -> None:
    queries = patches(3, seed=9)
    before, weights = suspect(queries), [value.copy() for value in suspect.model.get_weights()]
    flags = [layer.trainable for layer in suspect.model.layers]
    stolen = attack(suspect, data, run)
    answers = stolen(queries)
    assert stolen is not suspect
    assert stolen.name == f"{attack!r} of toy" or isinstance(attack, Compose)
    assert stolen.access == attack.leaves
    assert (stolen.access == Access.WEIGHTS) == isinstance(stolen, KerasSuspect)
    assert answers.shape == before.shape
    assert answers.dtype == np.float32
    assert np.isfinite(answers).all()
    assert answers.min() >= 0
    assert answers.max() <= 1
    assert np.abs(answers - before).max() > 1e-4
    np.testing.assert_array_equal(suspect(queries), before)
    assert [layer.trainable for layer in suspect.model.layers] == flags
    for old, new in zip(weights, suspect.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_same_seed_same_result_whatever_the_batch(attack, suspect, data, run) -> None:
    queries = patches(3, seed=9)
    first = attack(suspect, data, run.child("a"))
    second = attack(suspect, data, run.child("b"))
    together = first(queries)
    apart = np.concatenate([second(queries[index : index + 1]) for index in range(3)])
    # JPEG rounds to steps of a level or more, so that a last bit can show as one.
    jpeg = "jpeg" in repr(attack)
    np.testing.assert_allclose(together, apart, atol=0.05 if jpeg else 1e-5)
    assert np.mean(np.abs(together - apart)) < 1e-4


def test_labels_are_short_stable_and_unique() -> None:
    labels = [repr(attack) for attack in EXAMPLES.values()]
    assert labels == [
        "surrogate(plain_cnn-4, 2 blocks, l1)", "fine_tune(all, l2)", "reinitialize_last(2, l2, sigma 5)",
        "distill(l2, sigma 5)", "overwrite(trigger_image, 2 keys)", "evade(0.9, blur 1)", "prune(0.3)", "quantize(4)",
        "weight_noise(0.1, seed 5)", "jpeg(50)", "gaussian_noise(0.05, seed 5)", "crop(0.7)", "resize(0.5)",
        "rotate(5)", "blur(1)", "prune(0.3) + jpeg(50)",
    ]  # fmt: skip
    assert repr(FineTune(sigma=25, freeze_statistics=True)) == "fine_tune(all, l2, sigma 25, frozen statistics)"
    assert repr(Evade(sigma=25)) == "evade(0.01, blur 1, sigma 25)"
    assert repr(Surrogate(filters=12)) == "surrogate(unet-12, l1)"


def test_round_trip_through_json(attack) -> None:
    stored = json.loads(json.dumps(attack_to_dict(attack)))
    assert attack_from_dict(stored) == attack


def test_left_out_fields_take_their_defaults() -> None:
    assert attack_from_dict({"attack": "jpeg"}) == Jpeg()
    assert attack_from_dict({"attack": "surrogate", "loss": "l2"}) == Surrogate(loss="l2")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attack": "jpeg", "qualitty": 50}, "Jpeg has no field `qualitty`. Did you mean `quality`?"),
        ({"attack": "surrogat"}, "no attack `surrogat`. Did you mean `surrogate`?"),
        ({"quality": 50}, "must name its attack"),
        ({"attack": "jpeg", "quality": "50"}, "`Jpeg.quality` must be of type int"),
        ({"attack": "surrogate", "schedule": {"epoch": 1}}, "Schedule has no field `epoch`. Did you mean `epochs`?"),
        ({"attack": "compose", "attacks": [{"attack": "jepg"}, {"attack": "crop"}]}, "Did you mean `jpeg`?"),
        ({"attack": "overwrite"}, "Overwrite needs `scheme`, which is missing"),
        ({"attack": "overwrite", "scheme": "tiny"}, "`Overwrite.scheme` must be of type dict"),
        ({"attack": "compose", "attacks": "jpeg"}, "`Compose.attacks` must be a list"),
        ({"attack": "compose", "atacks": []}, "Did you mean `attacks`?"),
    ],
)
def test_mistakes_in_json_name_the_closest(values, message) -> None:
    with pytest.raises(ValueError) as caught:
        attack_from_dict(values)
    assert message in str(caught.value)


def test_only_attacks_can_be_written() -> None:
    with pytest.raises(TypeError, match="`attack` must be one of surrogate, fine_tune"):
        attack_to_dict(SHORT)  # type: ignore[arg-type]


def test_less_access_than_needed_is_refused(attack, data, run) -> None:
    class Closed:
        name, access = "closed", Access(attack.needs - 1) if attack.needs > 1 else attack.needs

        def __call__(self, images):
            return images.astype(np.float32) / 255

    if attack.needs == Access.OUTPUTS:
        assert attack(Closed(), data, run).access == Access.OUTPUTS
        return
    with pytest.raises(ValueError, match=f"needs a suspect with access {attack.needs.name}, got .* Give "):
        attack(Closed(), data, run)


def test_recorded_outputs_can_be_filtered(data, run) -> None:
    recorded = RecordedSuspect.record("recorded", data.inputs, data.targets / 255.0)
    assert Jpeg(60)(recorded, data, run)(data.inputs).shape == data.inputs.shape


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Jpeg(0), "`quality` must be a whole number from 1 to 100, got 0. Use 75"),
        (lambda: Jpeg(50.5), "`quality` must be a whole number"),  # type: ignore[arg-type]
        (lambda: GaussianNoise(-0.1), "`sigma` must be a number from 1e-06 to 1, got -0.1. Images lie in"),
        (lambda: GaussianNoise(math.nan), "got nan"),
        (lambda: Crop(1.0), "`keep` must be a number from 0.01 to 0.999, got 1.0. Use 0.9"),
        (lambda: Resize(2.0), "`factor` must be .* got 2.0. Use 0.5"),
        (lambda: Rotate(0.0), "`degrees` must not be 0"),
        (lambda: Rotate(270.0), "`degrees` must be a number from -180 to 180, got 270.0"),
        (lambda: Blur(0.0), "`sigma` must be a number from 0.05 to 20, got 0.0. It is in pixels"),
        (lambda: Prune(20), "`share` must be .* got 20. It is a share, not a percentage: use 0.2"),
        (lambda: Quantize(0), "`bits` must be a whole number from 1 to 16, got 0. Use 8"),
        (lambda: WeightNoise(0.0), "`sigma` must be .* got 0.0. It is relative"),
        (lambda: FineTune("first"), "There is no choice of layers `first`. .*Known: all, last"),
        (lambda: FineTune(loss="l3"), "There is no loss `l3`. Did you mean `l"),
        (lambda: FineTune(sigma=-1.0), "`sigma` must be a number from 0 to 255, got -1.0. It is in grey levels"),
        (lambda: ReinitializeLast(0), "`layers` must be a whole number from 1 to 64, got 0. Use 1"),
        (lambda: ReinitializeLast(loss="l3"), "There is no loss `l3`"),
        (lambda: Distill(sigma=math.inf), "`sigma` must be .* got inf. It is in grey levels"),
        (lambda: Overwrite(SCHEME, 6), "`count` must be a whole number from 1 to 5, got 6. Use 1"),
        (lambda: Overwrite({"scheme": "triger_image"}), "no scheme `triger_image`. Did you mean `trigger_image`"),
        (lambda: Overwrite({**SCHEME, "celsl": 4}), "no field `celsl`. Did you mean `cells`"),
        (lambda: Overwrite("trigger_image"), "`scheme` must be a dict .* got 'trigger_image'"),  # type: ignore[arg-type]
        (lambda: Evade(0.0), "`false_alarm` must be a number from 1e-06 to 0.9, got 0.0. It is a share"),
        (lambda: Evade(blur=0.0), "`blur` must be .* got 0.0. It is in pixels"),
        (lambda: Evade(sigma=300.0), "`sigma` must be a number from 0 to 255, got 300.0"),
        (lambda: Surrogate("u-net"), "There is no network `u-net`. Did you mean `unet`"),
        (lambda: Surrogate(loss="l1+advesarial"), "Did you mean `l1\\+adversarial`"),
        (lambda: Surrogate(filters=0), "`filters` must be a whole number from 1 to 1024, got 0. Use 16"),
        (lambda: Surrogate(downs=1), "`downs` must be .* got 1. Use 5 for 64 x 64"),
        (lambda: Surrogate(blocks=-1), "`blocks` must be .* got -1"),
        (lambda: Surrogate("plain_cnn", blocks=1), "`blocks` must be 0 or at least 2 for plain_cnn, got 1"),
        (lambda: Compose((Jpeg(),)), r"`attacks` must be at least two, got \[jpeg\(50\)\]"),
        (lambda: Compose((Jpeg(), Prune())), r"`prune\(0.2\)` needs WEIGHTS, but `jpeg\(50\)` leaves less. Put a"),
    ],
)
def test_settings_out_of_range_are_refused_with_the_remedy(build, message) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_listing_attacks_loads_no_tensorflow() -> None:
    code = (
        "import sys, tfwm.attacks as a; assert 'jpeg' in a.ATTACKS and len(list(a.ATTACKS)) == len(a.ATTACKS);"
        "a.attack_to_dict(a.attack_from_dict({'attack': 'jpeg'})); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
