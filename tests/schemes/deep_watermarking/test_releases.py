"""Several releases of one network: keys that tell them apart, marks that a batch draws, and a classifier of classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.doubles import coarse_pairs, rainy_patches, smallest_scheme, smoothing_host
from tests.schemes.deep_watermarking.conftest import untrained, with_controls
from tfwm.data import encode_png
from tfwm.keys import InvalidKeyError, OwnerKey, new_secret
from tfwm.schemes.deep_watermarking import DeepWatermarking, losses
from tfwm.schemes.deep_watermarking.marks import checked_marks, release_arrays
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.trainer import AdversarialTrainer, InitialTrainer, Marker, ProxyTrainer
from tfwm.schemes.deep_watermarking.training import key_of_networks
from tfwm.schemes.deep_watermarking.verification import called_marked, logo_figures, reads_another
from tfwm.schemes.tracing import traced
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Run
from tfwm.types import Verdict

LOGOS = ("bits:9669", "bits:6a95")
SEVERAL = {"logo": "bits:f0f0", "logos": LOGOS, "mark_channels": 1}
SEEDS = tf.constant(np.random.default_rng(0).integers(-(2**62), 2**62, (8, 2)))


def _batch() -> dict[str, tf.Tensor]:
    pairs = coarse_pairs(8, 16)
    return {"inputs": as_float(pairs.inputs), "outputs": tf.constant(as_float(pairs.targets)), "seed": SEEDS}


def test_each_pair_draws_a_mark_and_all_of_them_come() -> None:
    settings = smallest_scheme(**SEVERAL)
    marks = as_float(checked_marks(settings))
    assert marks.shape == (3, 16, 16, 1)
    marker = Marker(settings, None, marks)
    seeds = tf.constant(np.random.default_rng(1).integers(-(2**62), 2**62, (600, 2)))
    drawn = marker.numbers(seeds)
    numbers = drawn.numpy()
    np.testing.assert_array_equal(numbers[::2], numbers[1::2])
    # 300 pairs, 100 of each mark; three standard deviations are 25.
    assert np.abs(np.bincount(numbers, minlength=3) / 2 - 100).max() < 25
    np.testing.assert_array_equal(marker.marks(drawn).numpy(), marks[numbers])
    np.testing.assert_array_equal(marker.labels(drawn, 600).numpy()[:, 0], 1 + numbers)
    alone = Marker(smallest_scheme(), None, marks[0])
    assert alone.numbers(seeds) is None
    np.testing.assert_array_equal(alone.labels(None, 4).numpy(), np.ones((4, 1)))


@pytest.mark.trains
def test_r_learns_of_each_image_the_mark_that_h_hid_in_it() -> None:
    """eq. 9 by hand, with the mark of each image in H's carriers and as R's target."""
    settings = replace(
        smallest_scheme(**SEVERAL), distortions=type(smallest_scheme().distortions)(), clean_weight=0.0,
        consistency_weight=0.0, adversarial_weight=0.0, pixel_weight=0.0, code_weight=1e-30, extracting_weight=1.0,
    )  # fmt: skip
    marks, built = as_float(checked_marks(settings)), build(settings, 3)
    trainer = InitialTrainer(settings, built, marks)
    trainer.compile(**{name: keras.optimizers.SGD(0.0) for name in trainer.trained})
    figures = trainer.train_step(_batch())
    marker = trainer.marker
    own = marks[marker.numbers(SEEDS).numpy()]
    hidden = marker.embed(_batch()["outputs"], marker.codes(SEEDS), True, marker.numbers(SEEDS))
    read = built.extractor(hidden)[0].numpy()
    wanted = settings.reconstruction_weight * np.mean(np.square(read - own))
    assert float(figures["loss"]) == pytest.approx(wanted, rel=1e-4)
    each = [np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in zip(read, own)]
    assert float(figures["nc"]) == pytest.approx(np.mean(each), rel=1e-4)


@pytest.mark.trains
@pytest.mark.parametrize("coded", [True, False])
def test_the_other_stages_run_with_several_marks_and_the_proxy_is_told_which(coded: bool) -> None:
    changes = {} if coded else {"coded": False, "controls": 4, "alpha": 0.2}
    settings = smallest_scheme(**SEVERAL, **changes)
    marks, built = as_float(checked_marks(settings)), build(settings, 3)
    assert built.proxy.input_shape[-1] == 3 + coded + 1
    assert built.classifier.output_shape == (None, 4)
    for make in (ProxyTrainer, AdversarialTrainer):
        trainer = make(settings, built, marks)
        trainer.compile(keras.optimizers.SGD(0.1))
        assert np.isfinite([float(value) for value in trainer.train_step(_batch()).values()]).all()
    with pytest.raises(ValueError, match="`proxy_form` must be conditioned for 3 marks, got 'plain'"):
        replace(settings, coded=False, clean_outputs=False, controls=4, alpha=0.2, proxy_form="plain")


def test_the_classes_are_unmarked_and_the_marks() -> None:
    # ln(e^2 + 3) - 2 = 0.3407 for the right class of four, and ln(e^2 + 3) = 2.3407 for a wrong one.
    logits = tf.constant([[0.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]])
    loss = losses.judging_loss(lambda image, training: logits, tf.zeros((3, 1)), tf.constant([[1], [3]], tf.int64))
    np.testing.assert_allclose(loss, [0.34076, 2.34076, 0.34076], atol=1e-4)
    one = losses.judging_loss(lambda image, training: logits[:, 1:2], tf.zeros((3, 1)), tf.constant([[1]], tf.int64))
    # softplus(-2) = 0.1269 where it is marked, and ln 2 twice where the logit is 0.
    np.testing.assert_allclose(one, [0.12693, 0.69315, 0.69315], atol=1e-4)


def test_a_key_calls_its_own_mark_alone() -> None:
    made = untrained(smallest_scheme(**SEVERAL))
    logos = np.random.default_rng(0).random((6, 16, 16, 1), np.float32)
    said = made.key.networks["classifier"](logos).numpy().argmax(axis=1)
    for release in range(3):
        key = replace(made.key, arrays={**made.key.arrays, "release": np.uint8([release])})
        np.testing.assert_array_equal(called_marked(logos, key), said == release + 1)
        figures = logo_figures(made.scheme, logos, key)
        assert figures["classifier"] == pytest.approx(np.mean(said == release + 1))


def test_marks_that_are_too_alike_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (16, 16, 1)).astype(np.uint8)
    nearly = drawn.copy()
    nearly[:4] = 255 - nearly[:4]
    for name, picture in (("one", drawn), ("same", drawn), ("other", 255 - drawn)):
        (tmp_path / f"{name}.png").write_bytes(encode_png(picture))
    paths = {path.stem: str(path) for path in tmp_path.glob("*.png")}
    scheme = smallest_scheme(logo=paths["one"], logos=(paths["other"], paths["same"]), mark_channels=1)
    with pytest.raises(ValueError, match=r"one.png and .*same.png with a centred NC of 1.000, above 0.9. Use other"):
        scheme.train(None, coarse_pairs(40, 16), Run(tmp_path / "run", quiet=True))
    assert not (tmp_path / "run").exists()
    checked_marks(replace(scheme, logos=(paths["other"],)))
    white = {"logo": "bits:ffff", "logos": ("bits:ffff",), "mark_channels": 1}
    with pytest.raises(ValueError, match="`logos` must be marks that can be told apart"):
        checked_marks(smallest_scheme(**white))
    with pytest.raises(ValueError, match="`release` must be a number from 0 to 1, .* got 2"):
        release_arrays(np.stack([drawn, nearly]), 2)


def test_a_release_of_another_logo_is_not_verified_by_this_key() -> None:
    settings = smallest_scheme(**SEVERAL, coded=False, controls=4, alpha=0.2)
    made, marks = untrained(settings), checked_marks(settings)
    for release in range(3):
        built = key_of_networks(settings, made.built, marks[release], coarse_pairs(8, 16), made.host, new_secret(1))
        key = replace(built, arrays={**built.arrays, **release_arrays(marks, release)})
        own, others = as_float(marks[release]), as_float(key.arrays["other_logos"])
        assert not reads_another(settings, own, key)
        assert all(reads_another(settings, other, key) for other in others)
        assert reads_another(settings, 0.4 * own + 0.6 * others[0], key)
        missing = replace(key, arrays={**key.arrays, "other_logos": key.arrays["other_logos"][:1]})
        with pytest.raises(InvalidKeyError, match="the key must hold 2 `other_logos`, got 1"):
            reads_another(settings, own, missing)
    # The verdict asks it: whatever the rank, a suspect that reads as another release has p = 1.
    key = with_controls(replace(key, arrays={**key.arrays, "unmarked_nc": np.float32([-1])}), [-1.0] * 4)
    drawn = settings.extract(made.model(as_float(key.arrays["probes"])), key)["logo"].mean(axis=0)
    told = replace(key, arrays={**key.arrays, "other_logos": np.uint8(255 * np.clip([drawn, 1 - drawn], 0, 1))})
    scheme, suspect = replace(settings, alpha=0.6), KerasSuspect("m", made.model)
    assert scheme.verify(suspect, told).p_value == 1.0


def test_a_trace_names_the_release_and_corrects_for_all_that_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    made = untrained(smallest_scheme(cells=4))
    keys = {f"r{i}": replace(made.key, secret=new_secret(i)) for i in range(10)}
    asked: list[int] = []
    suspect = FunctionSuspect("s", lambda images: (asked.append(len(images)), images)[1])
    found: dict[bytes, float] = {key.secret: 0.5 for key in keys.values()}

    def verify(self: Any, suspect: Any, key: OwnerKey, *, alpha: float) -> Verdict:
        suspect(key.arrays["probes"])
        assert alpha == pytest.approx(0.01)
        return Verdict(0.9, 0.5, found[key.secret], 16, "n", alpha)

    monkeypatch.setattr(type(made.scheme), "verify", verify)
    assert traced(suspect, keys).releases == ()
    assert asked == [8]
    # alpha is 0.1 for ten keys: 0.009 is enough, and 0.02, which one key alone might claim with, is not.
    found |= {keys["r3"].secret: 0.009, keys["r5"].secret: 0.02, keys["r7"].secret: 1e-5}
    trace = traced(suspect, keys)
    assert (trace.release, trace.releases) == ("r7", ("r7", "r3"))
    assert trace.verdicts["r5"].looks == 10
    assert trace.as_dict()["releases"] == ["r7", "r3"]
    with pytest.raises(ValueError, match="`keys` must be of different releases"):
        traced(suspect, {"a": made.key, "b": made.key})
    with pytest.raises(ValueError, match="`keys` must hold at least one"):
        traced(suspect, {})


@pytest.mark.slow
@pytest.mark.trains
def test_ten_releases_of_one_training_are_told_apart_without_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme, host = replace(DeepWatermarking.tiny(), alpha=0.01), smoothing_host()
    run, data = Run(tmp_path, seed=1, quiet=True), rainy_patches(288, 32)
    first = scheme.train(host, data, run)
    fitted: list[keras.Model] = []
    monkeypatch.setattr("keras.src.engine.training.Model.fit", lambda model, *_, **__: fitted.append(model))
    made = {"r0": first} | {f"r{i}": scheme.train(host, data, run) for i in range(1, 10)}
    assert not fitted
    keys = {name: one.key for name, one in made.items()}
    for name, one in made.items():
        trace = traced(KerasSuspect(name, one.model), keys)
        assert trace.releases == (name,)
    assert traced(KerasSuspect("host", host), keys).release is None
