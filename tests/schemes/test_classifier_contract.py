"""What every scheme for classifiers promises, on its tiny preset."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorflow import keras

from tfwm.data.reading.labelled import photograph_patches
from tfwm.evaluation.cells import GUESSES
from tfwm.evidence.labels import accuracy
from tfwm.keys import OwnerKey, new_secret
from tfwm.kinds.classification_hosts import ClassifierSettings, train_classifier
from tfwm.networks import load_network
from tfwm.schemes import (
    PRESETS,
    SCHEMES,
    make_scheme,
    marks_classifiers,
    scheme_from_dict,
    scheme_of,
    scheme_to_dict,
)
from tfwm.schemes.key_samples.marking import check_fit, load_logo
from tfwm.suspects import FunctionSuspect, KerasSuspect, RecordedSuspect, as_float
from tfwm.suspects.trivial import guessers
from tfwm.training import Run
from tfwm.types import Access, LabelledImages, MarkedModel, Scheme, Suspect

ROOT = Path(__file__).parents[2]
NAMES = sorted(name for name in SCHEMES if marks_classifiers(name))
HOST = replace(ClassifierSettings.tiny(), network="lenet5", width=1.0)  # the smallest that holds 20 samples
CLASSES = 10


@dataclass
class Trained:
    """A scheme, what it trained, and host and data as they were before."""

    scheme: Any
    host: keras.Model
    host_weights: list[np.ndarray]
    data: LabelledImages
    data_copy: LabelledImages
    result: MarkedModel

    @property
    def suspect(self) -> KerasSuspect:
        return KerasSuspect("marked", self.result.model)

    @property
    def key(self) -> OwnerKey:
        return self.result.key


@pytest.fixture(scope="module")
def data() -> LabelledImages:
    return photograph_patches("owner", 400, 16, seed=0)


@pytest.fixture(scope="module")
def host(data: LabelledImages, tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    return train_classifier(data, HOST, Run(tmp_path_factory.mktemp("host"), quiet=True))


@pytest.fixture(scope="module")
def tiny(
    data: LabelledImages, host: keras.Model, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Trained]:  # fmt: skip
    """The scheme of a name, trained with its tiny preset; once, whoever asks."""

    @cache
    def train(name: str) -> Trained:
        scheme, weights = make_scheme(name, "tiny"), [weight.copy() for weight in host.get_weights()]
        copy = LabelledImages(data.images.copy(), data.labels.copy(), data.classes)
        run = Run(tmp_path_factory.mktemp("trained"), seed=1, quiet=True)
        return Trained(scheme, host, weights, data, copy, scheme.train(host, data, run, secret=new_secret(1)))

    return train


@pytest.fixture(scope="module", params=NAMES)
def trained(request: pytest.FixtureRequest, tiny: Callable[[str], Trained]) -> Trained:
    return tiny(request.param)


def test_speaks_the_protocol(trained: Trained) -> None:
    assert isinstance(trained.scheme, Scheme)
    assert isinstance(trained.suspect, Suspect)
    assert isinstance(trained.result, MarkedModel)
    assert trained.key.scheme == trained.scheme.name
    assert trained.scheme.marks == "classifier"


def test_the_marked_model_is_verified(trained: Trained) -> None:
    verdict = trained.scheme.verify(trained.suspect, trained.key)
    assert verdict.marked
    assert verdict.p_value <= verdict.alpha == trained.scheme.alpha
    labels, probes = trained.scheme.key_labels(trained.key), trained.scheme.probes(trained.key)
    answers = trained.result.model(as_float(probes), training=False).numpy().argmax(axis=1)
    assert verdict.score == pytest.approx(np.mean(answers == labels))
    assert verdict.n == len(probes) == trained.scheme.samples


def test_the_unmarked_host_is_not(trained: Trained) -> None:
    verdict = trained.scheme.verify(KerasSuspect("host", trained.host), trained.key)
    assert not verdict.marked
    assert verdict.p_value > trained.scheme.alpha


def test_the_mark_costs_little(trained: Trained) -> None:
    test = photograph_patches("test", 200, 16, seed=0)
    right = [
        accuracy(KerasSuspect("", model)(test.images), test.labels, CLASSES)
        for model in (trained.host, trained.result.model)
    ]
    assert right[1] > right[0] - 0.25
    assert right[1] > 0.25  # chance is 0.1


TRIVIAL = (*GUESSES.values(), "not finite", "out of range", "image as scores")


@pytest.mark.parametrize("name", TRIVIAL)
def test_trivial_suspects_are_not(trained: Trained, name: str) -> None:
    others = {
        "not finite": lambda images: np.full((len(images), CLASSES), np.nan, np.float32),
        "out of range": lambda images: images.reshape(len(images), -1)[:, :CLASSES] * np.float32(1e30),
        "image as scores": lambda images: images.reshape(len(images), -1)[:, -CLASSES:],
    }
    suspects: dict[str, Suspect] = {suspect.name: suspect for suspect in guessers(trained.data, seed=3)}
    suspects |= {label: FunctionSuspect(label, function) for label, function in others.items()}
    verdict = trained.scheme.verify(suspects[name], trained.key)
    assert not verdict.marked
    assert np.isfinite(list(verdict.details.values())).all()


def test_wrong_keys_do_not_verify_the_marked_model(trained: Trained) -> None:
    decoys = [trained.scheme.decoy(trained.key, seed=seed) for seed in range(8)]
    assert len({key.fingerprint for key in [trained.key, *decoys]}) == 9
    assert not any(trained.scheme.verify(trained.suspect, key).marked for key in decoys)
    # The fixture's secret is new_secret(1): a decoy of seed 1 must not be the owner's key again.
    assert decoys[1].secret == trained.scheme.decoy(trained.key, seed=1).secret != trained.key.secret


def test_a_verdict_takes_one_request_and_recorded_answers_will_do(trained: Trained) -> None:
    requests: list[np.ndarray] = []

    @dataclass(frozen=True)
    class Counted:
        name: str = "counted"
        access: Access = Access.QUERIES

        def __call__(self, images: np.ndarray) -> np.ndarray:
            requests.append(images)
            return trained.suspect(images)

    expected = trained.scheme.verify(Counted(), trained.key)
    (request,) = requests
    recorded = RecordedSuspect.record("recorded", trained.scheme.probes(trained.key), trained.suspect(request))
    assert trained.scheme.verify(recorded, trained.key).as_dict() == expected.as_dict()


def test_labels_of_a_suspect_are_as_good_as_scores(trained: Trained) -> None:
    @dataclass(frozen=True)
    class Labels:
        name: str = "labels"
        access: Access = Access.QUERIES

        def __call__(self, images: np.ndarray) -> np.ndarray:
            return trained.suspect(images).argmax(axis=1)

    expected = trained.scheme.verify(trained.suspect, trained.key)
    assert trained.scheme.verify(Labels(), trained.key).as_dict() == expected.as_dict()


def test_a_reading_is_what_agrees(trained: Trained) -> None:
    found = trained.scheme.reading(trained.suspect, trained.key)["agreement"]
    assert (found.dtype, found.ndim, found.size) == (bool, 2, trained.scheme.samples)
    assert found.mean() == trained.scheme.verify(trained.suspect, trained.key).score
    unmarked = trained.scheme.reading(KerasSuspect("host", trained.host), trained.key)["agreement"]
    assert unmarked.mean() < found.mean()


def test_history_is_finite_and_names_its_stages(trained: Trained) -> None:
    assert trained.result.history
    assert all(line["stage"] and line["epoch"] >= 1 and np.isfinite(line["loss"]) for line in trained.result.history)


def test_nothing_was_mutated(trained: Trained) -> None:
    for before, after in zip(trained.host_weights, trained.host.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(trained.data.images, trained.data_copy.images)
    np.testing.assert_array_equal(trained.data.labels, trained.data_copy.labels)
    arrays = {name: array.copy() for name, array in trained.key.arrays.items()}
    trained.scheme.verify(trained.suspect, trained.key)
    for name, array in trained.key.arrays.items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.fixture(scope="module")
def elsewhere(tiny: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every scheme's verdict in another process, from files: one process for all, since TensorFlow starts slowly."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in NAMES:
        tiny(name).key.save(folder / name / "key")
        tiny(name).result.model.save(folder / name / "marked.keras")
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom tfwm.keys import OwnerKey\n"
        "from tfwm.schemes import scheme_of\nfrom tfwm.suspects import open_suspect\nverdicts = {}\n"
        "for folder in map(Path, sys.argv[1:]):\n"
        "    key, suspect = OwnerKey.load(folder / 'key'), open_suspect(str(folder / 'marked.keras'))\n"
        "    verdicts[folder.name] = scheme_of(key).verify(suspect, key).as_dict()\n"
        "print(json.dumps(verdicts))"
    )
    command = [sys.executable, "-c", code, *(str(folder / name) for name in NAMES)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_another_process_gives_the_same_verdict_from_files(trained: Trained, elsewhere) -> None:
    expected = trained.scheme.verify(trained.suspect, trained.key).as_dict()
    assert elsewhere[trained.scheme.name] == pytest.approx(expected)


def test_key_and_model_survive_files(trained: Trained, tmp_path: Path) -> None:
    trained.key.save(tmp_path / "key")
    key = OwnerKey.load(tmp_path / "key")
    assert scheme_of(key) == trained.scheme
    assert (key.fingerprint, sorted(key.arrays)) == (trained.key.fingerprint, sorted(trained.key.arrays))
    np.testing.assert_array_equal(trained.scheme.key_labels(key), trained.scheme.key_labels(trained.key))
    trained.result.model.save(tmp_path / "model.keras")
    pictures = as_float(trained.data.images[:4])
    answers = load_network(tmp_path / "model.keras")(pictures, training=False)
    np.testing.assert_allclose(answers, trained.result.model(pictures, training=False), atol=1e-5)


def test_no_secret_in_repr_and_no_labels_in_the_key(trained: Trained) -> None:
    key = trained.key
    shown = f"{key!r} {key} {trained.result!r} {trained.scheme.verify(trained.suspect, key)!r}"
    assert key.fingerprint in shown
    for secret in (key.secret.hex(), repr(key.secret), key.token.hex(), repr(key.token)):
        assert secret not in shown
    labels = trained.scheme.key_labels(key)
    assert not any(array.shape == labels.shape and (array == labels).all() for array in key.arrays.values())


def _chosen(name: str) -> list[str]:
    return [preset for preset in PRESETS if hasattr(SCHEMES[name], preset)]


def test_every_scheme_has_its_presets() -> None:
    for name in NAMES:
        assert {"paper", "fast", "tiny"} <= set(_chosen(name))
    assert "reference" in _chosen("blind_watermark")
    with pytest.raises(ValueError, match="no preset `reference`. Known: fast, paper, tiny"):
        make_scheme("deep_stego", "reference")


@pytest.mark.parametrize("name", NAMES)
def test_settings_survive_json(name: str) -> None:
    for preset in _chosen(name):
        scheme = make_scheme(name, preset)
        assert scheme_from_dict(json.loads(json.dumps(scheme_to_dict(scheme)))) == scheme
        assert scheme_from_dict({"scheme": name, "preset": preset}) == scheme
    changed = scheme_from_dict({"scheme": name, "preset": "tiny", "alpha": 0.05})
    assert scheme_to_dict(changed) == {**scheme_to_dict(make_scheme(name, "tiny")), "alpha": 0.05}


def test_which_schemes_mark_classifiers() -> None:
    assert {"blind_watermark", "deep_stego"} <= set(NAMES)
    assert marks_classifiers(make_scheme("deep_stego", "tiny"))
    assert not marks_classifiers("trigger_image")
    with pytest.raises(ValueError, match="no scheme `deep_steg`. Did you mean `deep_stego`"):
        marks_classifiers("deep_steg")


def test_another_schemes_key_and_alphas_out_of_reach_are_refused(trained: Trained) -> None:
    for other in sorted(set(SCHEMES) - {trained.scheme.name}):
        with pytest.raises(ValueError, match=f"`key` must be of scheme {trained.scheme.name}, got one of '{other}'"):
            trained.scheme.verify(trained.suspect, replace(trained.key, scheme=other))
    for alpha in (1e-300, 0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match=r"`alpha` must lie between .* Use "):
            trained.scheme.verify(trained.suspect, trained.key, alpha=alpha)
    assert trained.scheme.verify(trained.suspect, trained.key, alpha=0.5).alpha == 0.5


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
    with pytest.raises(ValueError, match=r"`labels` must lie in \[0, 8\] for 9 classes, at least 2, got 0 to 9"):
        LabelledImages(data.images, data.labels, 9)


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
    check_fit(probabilities, softmax, trained.data)


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
    made = brief.train(small, trained.data, Run(tmp_path, seed=1), secret=new_secret(2))
    hits = brief.verify(KerasSuspect("small", made.model), made.key).details["hits"]
    assert hits < 0.9 * brief.samples
    assert f"warning: the host learnt {hits:.0f} of {brief.samples} key samples" in capsys.readouterr().err


def test_a_missing_logo_is_named_and_a_transparent_one_is_on_white(trained: Trained, tmp_path: Path) -> None:
    if "logo" not in trained.key.arrays:
        pytest.skip("this scheme has no logo")
    with pytest.raises(FileNotFoundError, match="`logo` gone.png is not there. Give a PNG or JPEG file"):
        replace(trained.scheme, logo="gone.png").train(trained.host, trained.data, Run(tmp_path, quiet=True))
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8, :, 0], pixels[:8, :, 3] = 200, 255  # red above, nothing below
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    (tmp_path / "logo.png").write_bytes(buffer.getvalue())
    logo = load_logo(replace(trained.scheme, logo=str(tmp_path / "logo.png")))
    assert (logo.shape, logo.dtype) == ((16, 16, 3), np.uint8)
    np.testing.assert_array_equal(logo[0, 0], [200, 0, 0])
    np.testing.assert_array_equal(logo[-1, -1], [255, 255, 255])
