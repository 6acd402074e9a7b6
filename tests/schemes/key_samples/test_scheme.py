"""What every scheme on key samples promises beside the contract of all schemes, on its tiny preset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorflow import keras

from tests.schemes.conftest import Trained
from tfwm.schemes import SCHEMES
from tfwm.schemes.key_samples.scheme import KeySampleVerbs
from tfwm.schemes.key_samples.training import check_classifier
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.training import Run
from tfwm.types import Access, LabelledImages

pytestmark = pytest.mark.trains

NAMES = sorted(name for name in SCHEMES if issubclass(SCHEMES[name], KeySampleVerbs))
CLASSES = 10


@pytest.fixture(scope="module", params=NAMES)
def trained(request: pytest.FixtureRequest, tiny: Callable[[str], Trained]) -> Trained:
    return tiny(request.param)


def test_all_schemes_for_classifiers_are_here() -> None:
    assert {"blind_watermark", "deep_stego"} <= set(NAMES)
    assert len(NAMES) == 12


def test_a_sample_is_a_piece_of_evidence(trained: Trained) -> None:
    verdict = trained.scheme.verify(trained.suspect, trained.key)
    assert verdict.n == len(trained.scheme.probe_images(trained.key)) == trained.scheme.samples
    found = trained.scheme.reading(trained.suspect, trained.key)["agreement"]
    assert found.size == trained.scheme.samples
    assert found.mean() == verdict.score


def test_a_key_holds_what_its_samples_follow_from_and_neither_samples_nor_labels(trained: Trained) -> None:
    key, asked = trained.key, trained.scheme.asked(trained.key)
    assert set(key.arrays) == {"covers", "cover_classes", "cover_proofs", "pool_root", "pool_size", "logo"}
    assert set(key.networks) == ({"encoder"} if trained.scheme.has_encoder else set())
    assert trained.scheme.exact
    assert trained.scheme.pieces == trained.scheme.samples
    assert (asked.covers.pool_size, len(asked.images)) == (len(trained.data), trained.scheme.samples)
    own = {image.tobytes(): label for image, label in zip(trained.data.images, trained.data.labels)}
    assert [own[cover.tobytes()] for cover in asked.covers.images] == asked.covers.classes.tolist()
    assert not (asked.labels == asked.covers.classes).any()


def test_labels_of_a_suspect_are_as_good_as_scores(trained: Trained) -> None:
    @dataclass(frozen=True)
    class Labels:
        name: str = "labels"
        access: Access = Access.QUERIES

        def __call__(self, images: np.ndarray) -> np.ndarray:
            return trained.suspect(images).argmax(axis=1)

    expected = trained.scheme.verify(trained.suspect, trained.key)
    assert trained.scheme.verify(Labels(), trained.key).as_dict() == expected.as_dict()


def test_suspects_of_another_task_are_refused(trained: Trained) -> None:
    for answer in (lambda images: images, lambda images: np.zeros((len(images), CLASSES + 1), np.float32)):
        with pytest.raises(ValueError, match=rf"`answers` must be scores \[{trained.scheme.samples}, 10\]"):
            trained.scheme.verify(FunctionSuspect("other", answer), trained.key)
    image = keras.Input((32, 32, 3))
    larger = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Flatten()(image)))
    with pytest.raises(ValueError, match=r"`suspect` must take pictures \[16, 16, 3\].*a network for \[32, 32, 3\]"):
        trained.scheme.verify(KerasSuspect("larger", larger), trained.key)


def _refused(trained: Trained, message: str, **changed: Any) -> None:
    arguments = {"scheme": trained.scheme, "host": trained.host, "data": trained.data, **changed}
    with pytest.raises(ValueError, match=message):
        arguments["scheme"].train(arguments["host"], arguments["data"], Run("unused", quiet=True))


def test_data_that_do_not_fit_are_refused(trained: Trained) -> None:
    scheme, data = trained.scheme, trained.data
    larger = LabelledImages(np.zeros((40, 32, 32, 3), np.uint8), np.zeros(40, int), CLASSES)
    _refused(trained, r"`data` must hold 16 x 16 pictures with 3 channels .*got \[32, 32, 3\]", data=larger)
    grey = LabelledImages(data.images[..., :1], data.labels, CLASSES)
    _refused(trained, r"`data` must hold .*3 channels.*got \[16, 16, 1\] .*Set `image_size`, `channels`", data=grey)
    eleven = LabelledImages(data.images, data.labels, CLASSES + 1)
    _refused(trained, r"of 10 classes, got .* and 11 classes", data=eleven)
    _refused(trained, f"`data` must hold at least {max(scheme.samples, scheme.host.batch_size)} images", data=data[:5])


def test_hosts_that_do_not_fit_are_refused(trained: Trained) -> None:
    image = keras.Input((16, 16, 3))
    flat = keras.layers.Flatten()(image)
    _refused(trained, r"`host` must map pictures \[16, 16, 3\] to 10 scores, got .*\(None, 7\)",
             host=keras.Model(image, keras.layers.Dense(7)(flat)))  # fmt: skip
    _refused(trained, "`host` must map pictures", host=keras.Model(image, keras.layers.Conv2D(3, 1)(image)))
    softmax = keras.Model(image, keras.layers.Dense(CLASSES, activation="softmax")(flat))
    _refused(trained, "`outputs` must say what the host answers with, got 'logits' .*Set outputs='probabilities'",
             host=softmax)  # fmt: skip
    probabilities = replace(trained.scheme, outputs="probabilities")
    _refused(trained, "got 'probabilities' for a host whose answers are logits", scheme=probabilities)
    check_classifier(probabilities, softmax, trained.data)


def test_settings_that_cannot_prove_anything_are_refused(trained: Trained) -> None:
    assert replace(trained.scheme, alpha=1e-9).alpha == 1e-9
    # 2^-20 = 9.5e-7: coins cannot show what ten classes can.
    with pytest.raises(ValueError, match=r"`alpha` must lie between 9.5e-07, the smallest p-value"):
        replace(trained.scheme, classes=2, samples=20, key_batch=20, alpha=1e-9)
    with pytest.raises(ValueError, match="`classes` must be at least 2, got 1"):
        replace(trained.scheme, classes=1)
    with pytest.raises(ValueError, match="`key_batch` must be even and at most `samples`"):
        replace(trained.scheme, key_batch=trained.scheme.samples + 2)


def test_a_host_without_room_is_told_what_was_reached(trained: Trained, tmp_path: Path, capsys) -> None:
    image = keras.Input((16, 16, 3))
    small = keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.GlobalAveragePooling2D()(image)))
    brief = replace(trained.scheme, host=replace(trained.scheme.host, epochs=1, steps_per_epoch=3))
    made = brief.train(small, trained.data, Run(tmp_path, seed=1), secret=trained.key.secret)
    hits = brief.verify(KerasSuspect("small", made.model), made.key).details["hits"]
    assert hits < 0.9 * brief.samples
    assert f"warning: the host learnt {hits:.0f} of {brief.samples} key samples" in capsys.readouterr().err


def test_a_quiet_run_warns_too(tiny: Callable[[str], Trained], tmp_path: Path, capsys) -> None:
    trained = tiny("content_mark")
    brief = replace(trained.scheme, host=replace(trained.scheme.host, epochs=1, steps_per_epoch=1))
    made = brief.train(trained.host, trained.data, Run(tmp_path, seed=1, quiet=True), secret=trained.key.secret)
    said = brief.shortcoming(made)
    assert said.startswith("the host learnt")
    assert capsys.readouterr().err == f"  warning: {said}\n"


def test_a_missing_logo_is_named_and_a_transparent_one_is_on_white(trained: Trained, tmp_path: Path) -> None:
    missing = replace(trained.scheme, logo="gone.png")
    for read in (missing.logo_pixels, lambda: missing.train(trained.host, trained.data, Run(tmp_path, quiet=True))):
        with pytest.raises(FileNotFoundError, match="`logo` gone.png is not there. Give a PNG or JPEG file"):
            read()
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8, :, 0], pixels[:8, :, 3] = 200, 255  # red above, nothing below
    Image.fromarray(pixels).save(tmp_path / "logo.png")
    logo = replace(trained.scheme, logo=str(tmp_path / "logo.png")).logo_pixels()
    assert (logo.shape, logo.dtype) == ((16, 16, 3), np.uint8)
    np.testing.assert_array_equal(logo[0, 0], [200, 0, 0])
    np.testing.assert_array_equal(logo[-1, -1], [255, 255, 255])
